#pragma once

#include "lib/campaign/keys.h"

// The keys of a campaign file, one function for each section: each adds its section and the keys in
// it. To add a key: a member in its settings struct, and one line in the section's function.
namespace faintweb::campaign {

void add_top_keys(Keys& keys);
void add_cosmology_keys(Keys& keys);
void add_boxes_keys(Keys& keys);
void add_sky_keys(Keys& keys);
void add_snapshot_keys(Keys& keys);
void add_point_sources_keys(Keys& keys);
void add_observation_keys(Keys& keys);
void add_label_keys(Keys& keys);
void add_simulate_keys(Keys& keys);
void add_train_keys(Keys& keys);
void add_evaluate_keys(Keys& keys);
void add_sweep_keys(Keys& keys);
void add_detect_keys(Keys& keys);
void add_parallel_keys(Keys& keys);
void add_image_keys(Keys& keys);

}  // namespace faintweb::campaign
