// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>

namespace faintweb::image {

/// A rectangle of a map: map pixels, 0-based, x along FITS axis 1. May reach past the map's edges.
struct Window {
    std::int64_t x0 = 0;
    std::int64_t y0 = 0;
    std::int64_t cols = 0;
    std::int64_t rows = 0;

    bool operator==(const Window&) const = default;
};

/// A window with as many more pixels on each side.
constexpr Window widened(const Window& window, std::int64_t n_px) {
    return {window.x0 - n_px, window.y0 - n_px, window.cols + 2 * n_px, window.rows + 2 * n_px};
}

}  // namespace faintweb::image
