// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/learn/device.h"
#include "lib/tile/scaling.h"

namespace faintweb::learn {

/// Where training tiles come from. The tiles are the same either way.
enum class TileSource {
    files,     ///< FITS images of skies with and without noise
    simulate,  ///< skies made in memory on the rank that takes their tiles
};

/// Which weights a training ends with.
enum class KeptWeights {
    best,  ///< of the epoch that was best on the validation skies; the last where there are none
    last,
};

/// How a network is trained.
struct TrainSettings {
    std::string network = "cosmodeep_spp";
    tile::Scaling scaling = tile::Scaling::asinh_sigma;
    std::uint64_t seed = 1;  ///< of the first weights, the order of tiles and all that is drawn
    int epochs = 50;
    std::vector<int> keep_epochs{};  ///< also keep the model as it is after each of these epochs
    int batch_size = 100;            ///< tiles per step, over all ranks
    double learning_rate = 7e-5;     ///< of Adam
    double dropout_keep = 0.75;  ///< part of the fully connected layer kept, (0, 1]; 1: no dropout
                                 ///< (networks that have it)
    bool augment = true;  ///< show each tile in one of its 8 orientations, drawn anew per epoch
    double noise_per_signal = 1;  ///< noise tiles per signal tile in an epoch
    double cells_weight = 1;      ///< of the cells' loss beside that of the labels
    int max_tiles = 0;            ///< tiles of the whole training; 0: all
    bool joint = false;           ///< one network for several label rules
    TileSource source = TileSource::files;
    /// Precision of the products of all layers. Weights, gradients and the optimiser are fp32
    /// either way.
    Precision precision = Precision::fp32;
    Precision wire = Precision::fp32;  ///< of sums of gradients on their way between ranks

    int micro_batch = 128;     ///< tiles of a rank that go through at once; 0: its whole part
    double warmup_epochs = 0;  ///< over which the learning rate rises (learning_rate_of())
    int reference_batch = 0;   ///< the rate is for this batch and scaled to batch_size; 0: not
    double final_rate = 1;     ///< what the rate falls to by the end, a part of it, [0, 1]

    int validation_skies = 0;  ///< the last of the training skies, never trained on
    int validate_every = 1;    ///< epochs
    KeptWeights keep = KeptWeights::best;
    int patience = 0;                ///< end after so many epochs without a better one; 0: never
    bool choose_threshold = false;   ///< the best A_s on the validation skies; else 0.5
    double checkpoint_every_s = 60;  ///< time between checkpoints, at least; 0: after each step
};

/// Parts of a batch should begin at multiples of this, for n_parts processes that train together:
/// of micro_batch where full batches then divide evenly, so that any such number of processes sees
/// the same tiles at once.
std::int64_t grain_of(const TrainSettings& settings, int n_parts);

}  // namespace faintweb::learn
