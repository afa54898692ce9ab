// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/image/image.h"
#include "lib/tile/grid.h"

namespace faintweb::tile {

/// Sums over the valid pixels of one tile, and the largest of them.
struct TileSums {
    double sum = 0;
    double sum_of_squares = 0;
    float peak = 0;  ///< 0 where there is no valid pixel
    std::int32_t n_valid = 0;
    bool operator==(const TileSums&) const = default;
};

/// A tile is summed over every eighth pixel of its rows, row after row, then over these eight sums:
/// so vectors and GPUs can, and the sums depend on the tile's own pixels alone.
inline constexpr std::size_t n_sum_lanes = 8;

/// Sums over every tile of a field, in double precision.
///
/// @param wide       [field_rows + 2 margin_px, field_cols + 2 margin_px], any unit, blanks NaN or
///                   infinite.
/// @param margin_px  pixels around the field that belong to no tile.
/// @return           [grid.count()].
/// @source ours (sums_test.cc)
std::vector<TileSums> sum_tiles(const image::Image& wide,
                                const TileGrid& grid,
                                std::int64_t margin_px = 0);

/// The same of one row of tiles.
///
/// @param sums  [grid.n_cols()] that are written.
void sum_row_of_tiles(const image::Image& wide,
                      const TileGrid& grid,
                      std::int64_t margin_px,
                      std::int64_t tile_row,
                      std::span<TileSums> sums);

}  // namespace faintweb::tile
