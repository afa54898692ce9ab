// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace faintweb::learn {

/// The order of one epoch over all ranks: every signal tile once and noise_per_signal times as many
/// noise tiles, drawn anew each epoch, mixed.
///
/// Noise tiles are drawn without replacement; where there are too few of them, all are taken once.
///
/// @param signal_ids        numbers of the signal tiles in the whole training set.
/// @param noise_ids         numbers of the noise tiles.
/// @param noise_per_signal  >= 0.
/// @return                  sample numbers; batch k begins at element k * batch_size.
/// @source Balanced sets: Gheller et al. 2018, Figure 6 (docs/paper.md); the draw is ours
///         (sampling_test.cc).
std::vector<std::uint64_t> epoch_samples(std::uint64_t seed,
                                         std::uint32_t epoch,
                                         std::span<const std::uint64_t> signal_ids,
                                         std::span<const std::uint64_t> noise_ids,
                                         double noise_per_signal);

/// Chooses the tiles that a training is limited to, at most n of them, by a key.
///
/// @param ids  ascending.
/// @return     ascending; the same for any order in which ranks hold the tiles.
/// @source ours (sampling_test.cc).
std::vector<std::uint64_t> choose_tiles(std::uint64_t seed,
                                        std::span<const std::uint64_t> ids,
                                        std::size_t n);

/// A contiguous piece of a batch.
struct BatchPart {
    std::int64_t first = 0;
    std::int64_t n = 0;
};

/// The part of a batch of n samples that part `part` of `n_parts` takes: sizes differ by at most
/// one grain.
///
/// @param grain  parts begin at multiples of it, >= 1.
BatchPart batch_part(std::int64_t n, int part, int n_parts, std::int64_t grain = 1);

}  // namespace faintweb::learn
