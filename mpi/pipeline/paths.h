// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/sky/lightcone/lightcone.h"
#include "mpi/pipeline/field_plan.h"

/// Where a campaign's files lie, and what its skies follow from.
namespace faintweb::pipeline {

/// How many skies there are of a set.
int n_mocks(const campaign::Campaign& campaign, sky::SkySet set);

/// The file of one sky of a campaign.
///
/// @param kind    of what there is for every sky: "sky", "noise", "haloes", the name of a layer.
/// @param number  of the sky in its set, from 0.
/// @param ending  of the file's name, with its dot.
std::string mock_path(const campaign::Campaign& campaign,
                      sky::SkySet set,
                      const std::string& kind,
                      int number,
                      const std::string& ending);

/// The sky image of one sky: FITS, without noise.
std::string sky_path(const campaign::Campaign& campaign, sky::SkySet set, int number);

/// The noise image of one sky: FITS, what the telescope sees.
std::string noise_path(const campaign::Campaign& campaign, sky::SkySet set, int number);

/// The list of the haloes of one sky: CSV.
std::string halo_path(const campaign::Campaign& campaign, sky::SkySet set, int number);

/// What tells a large file that skies are made from from another: a hash of all of its bytes would
/// take as long as they do, so a change that keeps size and time is seen only where
/// base::sha256_of_pieces looks.
std::string identity_of(const std::string& path);

/// Text of all that a mock sky follows from, but its number and set.
std::string mock_skies_state(const campaign::Campaign& campaign);

/// The model of the campaign's label rule.
std::string model_path(const campaign::Campaign& campaign);

/// The file of a model that `detect.model` or `evaluate.models` names.
std::string model_file(const campaign::Campaign& campaign, const std::string& name);

/// The model of the campaign's label rule after an epoch of train.keep_epochs.
std::string epoch_model_path(const campaign::Campaign& campaign, int epoch);

/// All models that `train` writes.
std::vector<std::string> models_of_training(const campaign::Campaign& campaign);

/// The catalogue that `detect` writes.
std::string catalogue_path(const campaign::Campaign& campaign);

/// The scores of one run of a sweep; those of its label rule, where others share the training.
std::string milestones_path(const campaign::Campaign& campaign);

/// A path from the root, without . and .. in it.
std::string absolute_path(const std::string& path);

/// The noise and sky images of a set, in the order of their numbers.
std::vector<MapPaths> mock_maps(const campaign::Campaign& campaign, sky::SkySet set);

/// The files of maps, and those of their truth where it is known.
std::vector<std::string> files_of_maps(const std::vector<MapPaths>& maps);

/// The maps that `detect` searches, with their truth where there is one.
struct DetectMaps {
    std::vector<MapPaths> maps;        ///< each once
    std::vector<std::string> repeats;  ///< maps that were named before, also by a link
};

/// The maps of detect.maps, or the noise images of the test skies where it names those.
DetectMaps maps_to_detect(const campaign::Campaign& campaign);

/// Whether the skies of a set are made in memory where they are worked on (train.source), instead
/// of being written and read.
bool is_in_memory(const campaign::Campaign& campaign, sky::SkySet set);

}  // namespace faintweb::pipeline
