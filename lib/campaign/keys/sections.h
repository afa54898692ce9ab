// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "lib/campaign/keys.h"

// The keys of a campaign file, one function for each section: each adds its section and the keys in
// it. To add a key: a member in its settings struct, and one line in the section's function.
namespace faintweb::campaign {

/// The top level: name, seed, output, stages, sizes of tiles and fields.
void add_top_keys(Keys& keys);
/// Section cosmology.
void add_cosmology_keys(Keys& keys);
/// Section boxes.
void add_boxes_keys(Keys& keys);
/// Section sky.
void add_sky_keys(Keys& keys);
/// Section snapshot.
void add_snapshot_keys(Keys& keys);
/// Section point_sources.
void add_point_sources_keys(Keys& keys);
/// Section observation.
void add_observation_keys(Keys& keys);
/// Section label.
void add_label_keys(Keys& keys);
/// Section simulate.
void add_simulate_keys(Keys& keys);
/// Section train.
void add_train_keys(Keys& keys);
/// Section evaluate.
void add_evaluate_keys(Keys& keys);
/// Section sweep.
void add_sweep_keys(Keys& keys);
/// Section detect.
void add_detect_keys(Keys& keys);
/// Section parallel.
void add_parallel_keys(Keys& keys);
/// Section image.
void add_image_keys(Keys& keys);

}  // namespace faintweb::campaign
