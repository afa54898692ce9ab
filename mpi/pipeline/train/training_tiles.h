// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/label/rule.h"
#include "lib/learn/network.h"
#include "mpi/comm/communicator.h"
#include "mpi/comm/tile_exchange.h"

namespace faintweb::pipeline {

/// How the memory that training tiles may take is shared out: a quarter is for tiles to train on,
/// as much for tiles to validate on, and half for tiles that are on their way (comm::EpochSamples).
struct TileMemory {
    std::size_t shard_bytes = std::numeric_limits<std::size_t>::max();
    std::size_t chunk_bytes = std::size_t{32} << 20U;

    explicit TileMemory(const campaign::Campaign& campaign) {
        if (campaign.parallel.tile_memory_mb > 0) {
            const double quarter = campaign.parallel.tile_memory_mb * 1e6 / 4;
            shard_bytes = static_cast<std::size_t>(quarter);
            chunk_bytes = std::min(chunk_bytes, static_cast<std::size_t>(quarter / 2));
        }
    }
};

/// Tiles that this rank was handed.
struct LabelledTiles {
    /// The tiles: none until they are gathered; labelled for the training that asked last.
    comm::Shard shard{{}, {}, learn::SampleStore(1)};
    std::vector<std::vector<std::int32_t>> n_above;  ///< [flux_thresholds][shard.ids], pixels
};

/// The training tiles of this rank. Trainings that differ in their labels only share the tiles: the
/// fields are read and cut for the first. Networks with cells have tiles for their own thresholds.
struct TrainingTiles {
    std::vector<double> flux_thresholds;  ///< of the label rules of all trainings to come
    LabelledTiles train;
    LabelledTiles validation;
    std::string sha256;  ///< of all ranks' pixels
    std::string cut_as;  ///< settings that the tiles follow from; empty: there are none yet
};

/// The flux thresholds of label rules, each once, in the order in which rules name them.
std::vector<double> thresholds_of(std::span<const label::LabelRule> rules);

/// The network that the campaign trains, for all its label rules.
learn::NetworkInfo network_of(const campaign::Campaign& campaign);

/// Gathers the tiles of a training if there are none, or those of another, and labels them under
/// its rules (campaign::label_rules()).
///
/// @throws comm::CollectiveError  if a field is missing, or a rank was asked to stop.
/// @collective yes: every rank.
void prepare_tiles(const comm::Communicator& communicator,
                   const campaign::Campaign& campaign,
                   TrainingTiles& tiles);

}  // namespace faintweb::pipeline
