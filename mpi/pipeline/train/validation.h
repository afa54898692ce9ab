// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/infer/classifier.h"
#include "mpi/comm/communicator.h"
#include "mpi/comm/tile_exchange.h"

namespace faintweb::pipeline {

/// All tiles of the validation skies, in the order of their ids: the same on every rank and for any
/// number of ranks.
struct ScoredTiles {
    /// Under one of the training's label rules.
    struct OfRule {
        std::vector<float> logits;
        std::vector<std::uint8_t> labels;  ///< 1 signal, 0 noise
    };
    std::vector<OfRule> rules;
};

/// Takes the logits of tiles that were kept for validation: in half precision and as the network
/// has them in training, so that they are not those of classify_field() to the bit.
///
/// @param classifier  of a network that answers n_rules label rules.
/// @param mine        the tiles of this rank.
/// @param tile_size   values of a tile with its margin, which come first in its sample.
/// @collective yes: every rank.
ScoredTiles score_tiles(const comm::Communicator& communicator,
                        const infer::Classifier& classifier,
                        const comm::Shard& mine,
                        std::size_t tile_size,
                        std::size_t n_rules);

}  // namespace faintweb::pipeline
