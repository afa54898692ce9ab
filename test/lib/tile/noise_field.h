// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cmath>
#include <cstdint>

#include "lib/base/random.h"
#include "lib/image/image.h"

namespace faintweb::tile {

/// Gaussian noise of unit rms in which neighbours are alike, as in a map of a beam of some pixels:
/// white noise averaged over squares.
inline image::Image noise_field(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
    constexpr std::int64_t edge = 3;
    image::Image white = image::make_image(rows + edge, cols + edge);
    base::fill_normal(seed, base::Purpose::test, 0, 0, white.pixels.size(), white.pixels.data());
    image::Image noise = image::make_image(rows, cols);
    for (std::int64_t y = 0; y < rows; ++y) {
        for (std::int64_t x = 0; x < cols; ++x) {
            float sum = 0;
            for (std::int64_t j = 0; j < edge; ++j) {
                for (std::int64_t i = 0; i < edge; ++i) {
                    sum += white.at(y + j, x + i);
                }
            }
            noise.at(y, x) = sum / static_cast<float>(edge);
        }
    }
    return noise;
}

}  // namespace faintweb::tile
