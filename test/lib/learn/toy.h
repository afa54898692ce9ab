// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/learn/network.h"
#include "lib/learn/training_step.h"

namespace faintweb::learn {

/// Samples that a network can learn from: noise of rms 1; in every second tile a round blob
/// somewhere in it, and the part of each cell that it covers.
struct Toy {
    std::size_t sample_size;
    std::size_t tile_size;
    std::vector<float> samples;
    std::vector<std::uint8_t> labels;

    Toy(std::size_t n,
        const std::string& network,
        int tile_px,
        std::uint64_t seed,
        Heads heads = {})
        : labels(n) {
        const NetworkInfo info = network_info(network, tile_px, heads);
        sample_size = static_cast<std::size_t>(info.n_sample_values);
        tile_size = static_cast<std::size_t>(info.n_tile_values());
        samples.assign(n * sample_size, 0);
        const int edge = tile_px + 2 * info.margin_px;
        for (std::size_t i = 0; i < n; ++i) {
            float* tile = samples.data() + i * sample_size;
            base::fill_normal(seed, base::Purpose::test, i, 0, tile_size, tile);
            const bool has_blob = i % 2 == 1;
            labels[i] = has_blob;
            if (heads.n_rules > 1 && i % 3 == 0) {
                labels[i] |= 2U;
            }
            base::RandomStream stream(seed, base::Purpose::test, i, 1);
            const double x0 = stream.uniform_double() * tile_px;
            const double y0 = stream.uniform_double() * tile_px;
            const auto blob = [&](double y, double x) {
                return 4 * std::exp(-((x - x0) * (x - x0) + (y - y0) * (y - y0)) / 8);
            };
            for (int y = 0; y < edge && has_blob; ++y) {
                for (int x = 0; x < edge; ++x) {
                    tile[y * edge + x] +=
                        static_cast<float>(blob(y - info.margin_px, x - info.margin_px));
                }
            }
            float* cells = tile + tile_size;
            const std::int64_t n_cells = info.n_cells * info.n_cells;
            for (std::int64_t c = 0; c < heads.n_thresholds * n_cells && has_blob; ++c) {
                const auto y = static_cast<double>(c % n_cells / info.n_cells * cell_px);
                const auto x = static_cast<double>(c % info.n_cells * cell_px);
                const auto threshold = static_cast<double>(1 + c / n_cells);
                cells[c] = blob(y, x) > threshold ? 0.75F : 0.0F;
            }
        }
    }
    std::span<const float> samples_of(std::size_t first, std::size_t n) const {
        return std::span(samples).subspan(first * sample_size, n * sample_size);
    }
    /// The tiles alone, as a classifier takes them.
    std::vector<float> tiles() const {
        std::vector<float> all;
        for (std::size_t i = 0; i < labels.size(); ++i) {
            const std::span<const float> tile = samples_of(i, 1).first(tile_size);
            all.insert(all.end(), tile.begin(), tile.end());
        }
        return all;
    }
};

/// Keys of samples 0 .. n - 1 in an epoch.
inline std::vector<SampleKey> keys_of(std::size_t n, std::uint32_t epoch) {
    std::vector<SampleKey> keys;
    for (std::uint64_t i = 0; i < n; ++i) {
        keys.push_back({.seed = 11, .epoch = epoch, .sample = i});
    }
    return keys;
}

}  // namespace faintweb::learn
