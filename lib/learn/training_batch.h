// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>

#include "lib/learn/torch_network.h"
#include "lib/learn/training_step.h"

namespace faintweb::learn {

/// Samples of a part of a batch.
struct Samples {
    std::span<const float> values;         ///< [n, n_sample_values]
    std::span<const std::uint8_t> labels;  ///< [n] bit r: signal under rule r
    std::span<const SampleKey> keys;       ///< [n]
};

/// Makes a batch of samples as a network takes them in training, on its device: each in one of the
/// 8 orientations, with its dropout mask, both drawn by its key.
///
/// @param tile_px    edge of a tile without margin, pixel.
/// @param n_threads  that may prepare samples for a GPU; for a CPU one thread does.
TrainingBatch make_training_batch(const NetworkInfo& info,
                                  int tile_px,
                                  const TrainSettings& settings,
                                  const Samples& samples,
                                  Device device,
                                  int n_threads);

}  // namespace faintweb::learn
