// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/base/contract.h"
#include "lib/base/random.h"

namespace faintweb::learn {
namespace {

/// The two permutations of an epoch.
enum class Draw : std::uint64_t { noise_tiles, order };

std::vector<std::uint64_t> drawn(std::uint64_t seed,
                                 std::uint32_t epoch,
                                 Draw draw,
                                 std::uint64_t n) {
    const std::uint64_t key = (std::uint64_t{epoch} << 1) | static_cast<std::uint64_t>(draw);
    return base::permutation(seed, key, n);
}

}  // namespace

std::vector<std::uint64_t> epoch_samples(std::uint64_t seed,
                                         std::uint32_t epoch,
                                         std::span<const std::uint64_t> signal_ids,
                                         std::span<const std::uint64_t> noise_ids,
                                         double noise_per_signal) {
    FAINTWEB_EXPECTS(noise_per_signal >= 0);
    const double n_wanted = std::round(noise_per_signal * static_cast<double>(signal_ids.size()));
    const auto n_noise =
        static_cast<std::size_t>(std::min(n_wanted, static_cast<double>(noise_ids.size())));

    std::vector<std::uint64_t> pool(signal_ids.begin(), signal_ids.end());
    const auto chosen = drawn(seed, epoch, Draw::noise_tiles, noise_ids.size());
    for (std::size_t i = 0; i < n_noise; ++i) {
        pool.push_back(noise_ids[chosen[i]]);
    }
    std::vector<std::uint64_t> samples;
    samples.reserve(pool.size());
    for (const std::uint64_t i : drawn(seed, epoch, Draw::order, pool.size())) {
        samples.push_back(pool[i]);
    }
    return samples;
}

std::vector<std::uint64_t> choose_tiles(std::uint64_t seed,
                                        std::span<const std::uint64_t> ids,
                                        std::size_t n) {
    std::vector<std::uint64_t> chosen(ids.begin(), ids.end());
    if (n < ids.size()) {
        // No epoch has this number.
        const auto order =
            drawn(seed, std::numeric_limits<std::uint32_t>::max(), Draw::noise_tiles, ids.size());
        for (std::size_t i = 0; i < n; ++i) {
            chosen[i] = ids[order[i]];
        }
        chosen.resize(n);
        std::sort(chosen.begin(), chosen.end());
    }
    return chosen;
}

BatchPart batch_part(std::int64_t n, int part, int n_parts, std::int64_t grain) {
    FAINTWEB_EXPECTS(n >= 0 && n_parts >= 1 && part >= 0 && part < n_parts && grain >= 1);
    const std::int64_t n_grains = (n + grain - 1) / grain;
    const std::int64_t first = std::min(n, n_grains * part / n_parts * grain);
    return {first, std::min(n, n_grains * (part + 1) / n_parts * grain) - first};
}

}  // namespace faintweb::learn
