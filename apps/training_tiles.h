#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "mpi/communicator.h"
#include "mpi/tile_exchange.h"

namespace faintweb::apps {

/// The labelled training tiles that a rank was handed. Trainings that differ in their labels only
/// share them: the fields are read and cut for the first.
struct TrainingTiles {
    std::vector<double> flux_thresholds;  ///< of the label rules of all trainings to come
    mpi::Shard shard;                     ///< labelled for the training that asked last
    std::vector<std::vector<std::int32_t>> n_above;  ///< [flux_thresholds][shard.ids], pixels
    std::string sha256;                              ///< of all ranks' pixels
    std::string cut_as;  ///< settings that the tiles follow from; empty: there are none yet
};

/// Trains as train(), with tiles that are gathered if `tiles` has none or others.
/// @collective yes: every rank.
base::ExitCode train_on(const mpi::Communicator& communicator,
                        const campaign::Campaign& campaign,
                        TrainingTiles& tiles);

}  // namespace faintweb::apps
