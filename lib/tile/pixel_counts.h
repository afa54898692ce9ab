// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>

#include "lib/image/image.h"
#include "lib/tile/grid.h"

namespace faintweb::tile {

/// Where each pixel of a field ended.
struct PixelCounts {
    std::int64_t n_searched = 0;    ///< has a value and lies in a tile that is classified
    std::int64_t n_blank = 0;       ///< has no value
    std::int64_t n_unsearched = 0;  ///< has a value, but all its tiles are blank

    bool operator==(const PixelCounts&) const = default;
};

/// Counts each pixel once, though tiles may overlap.
///
/// @param wide           [field_rows + 2 margin_px, field_cols + 2 margin_px], any unit, blanks NaN
///                       or infinite.
/// @param is_blank_tile  [grid.count()]; 1: not classified.
/// @source               ours (pixel_counts_test.cc)
PixelCounts count_pixels(const image::Image& wide,
                         const TileGrid& grid,
                         std::int64_t margin_px,
                         std::span<const std::uint8_t> is_blank_tile);

}  // namespace faintweb::tile
