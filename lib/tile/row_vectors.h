// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

#include "lib/base/vector.h"

namespace faintweb::tile {

/// Gives a row of pixels to taker.take(), n_lanes at once, by their address; blanks fill the last.
template <std::size_t n_lanes, typename Taker>
FAINTWEB_INLINE void take_row(const float* row, std::size_t n, Taker& taker) {
    std::size_t i = 0;
    for (; i + n_lanes <= n; i += n_lanes) {
        taker.take(row + i);
    }
    if (i < n) {
        std::array<float, n_lanes> last;
        last.fill(std::numeric_limits<float>::quiet_NaN());
        std::copy(row + i, row + n, last.begin());
        taker.take(last.data());
    }
}

}  // namespace faintweb::tile
