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

/// A file of a mock sky, in the campaign's folder of skies.
/// @param kind  of what there is for every sky: "sky", "noise", "haloes", the name of a layer.
std::string mock_path(const campaign::Campaign& campaign,
                      sky::SkySet set,
                      const std::string& kind,
                      int number,
                      const std::string& ending);
/// The sky image of a mock sky, which shows the emission alone.
std::string sky_path(const campaign::Campaign& campaign, sky::SkySet set, int number);
/// The observed image of a mock sky: with beam and noise.
std::string noise_path(const campaign::Campaign& campaign, sky::SkySet set, int number);
/// The list of the haloes of a mock sky.
std::string halo_path(const campaign::Campaign& campaign, sky::SkySet set, int number);
/// What tells a large file that skies are made from from another: a hash of all of its bytes would
/// take as long as they do, so a change that keeps size and time is seen only where
/// base::sha256_of_pieces looks.
std::string identity_of(const std::string& path);
/// All that a mock sky follows from, but its number and set.
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
/// The scores of one run of a sweep; of its label rule, where others share the training.
std::string milestones_path(const campaign::Campaign& campaign);

/// A path from the root, without . and .. in it.
std::string absolute_path(const std::string& path);

/// The noise and sky images of a set, in the order of their numbers.
std::vector<MapPaths> mock_maps(const campaign::Campaign& campaign, sky::SkySet set);

/// The files of maps, and those of their truth where it is known.
std::vector<std::string> files_of_maps(const std::vector<MapPaths>& maps);

/// The maps of detect.maps, with their truth where there is one.
struct DetectMaps {
    std::vector<MapPaths> maps;        ///< each once
    std::vector<std::string> repeats;  ///< those that are there before, also by a link
};
/// The maps that `detect` is to classify.
DetectMaps maps_to_detect(const campaign::Campaign& campaign);

/// Whether the skies of a set are made in memory where they are worked on (train.source), instead
/// of being written and read.
bool is_in_memory(const campaign::Campaign& campaign, sky::SkySet set);

}  // namespace faintweb::pipeline
