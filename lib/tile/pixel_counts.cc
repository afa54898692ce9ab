// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/pixel_counts.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "lib/base/contract.h"
#include "lib/base/vector_clones.h"
#include "lib/tile/statistics.h"

namespace faintweb::tile {
namespace {

FAINTWEB_VECTOR_CLONES std::int32_t count_finite(const float* values, std::size_t n) {
    std::int32_t count = 0;
    for (std::size_t i = 0; i < n; ++i) {
        count += std::fabs(values[i]) <= largest_float ? 1 : 0;
    }
    return count;
}

/// Where the same tiles cover an edge of a field, piece by piece.
struct Piece {
    std::int64_t first;
    std::int64_t end;
    std::int64_t first_tile;
    std::int64_t last_tile;  ///< the tile at the edge may overlap the one before it
};

std::vector<Piece> pieces_of(std::int64_t length, std::int64_t tile_px, std::int64_t last_first) {
    const std::int64_t n_tiles = (length + tile_px - 1) / tile_px;
    std::vector<Piece> pieces;
    for (std::int64_t tile = 0; tile + 1 < n_tiles; ++tile) {
        pieces.push_back({tile * tile_px, (tile + 1) * tile_px, tile, tile});
    }
    if (!pieces.empty() && last_first < pieces.back().end) {
        Piece& before = pieces.back();
        const std::int64_t end = std::exchange(before.end, last_first);
        pieces.push_back({last_first, end, n_tiles - 2, n_tiles - 1});
        pieces.push_back({end, length, n_tiles - 1, n_tiles - 1});
    } else {
        pieces.push_back({last_first, length, n_tiles - 1, n_tiles - 1});
    }
    return pieces;
}

}  // namespace

PixelCounts count_pixels(const image::Image& wide,
                         const TileGrid& grid,
                         std::int64_t margin_px,
                         std::span<const std::uint8_t> is_blank_tile) {
    FAINTWEB_EXPECTS(wide.rows == grid.field_rows + 2 * margin_px &&
                     wide.cols == grid.field_cols + 2 * margin_px);
    FAINTWEB_EXPECTS(std::ssize(is_blank_tile) == grid.count());
    PixelCounts counts;
    const auto cols = pieces_of(grid.field_cols, grid.tile_px, grid.first_col(grid.n_cols() - 1));
    for (const Piece& down :
         pieces_of(grid.field_rows, grid.tile_px, grid.first_row(grid.n_rows() - 1))) {
        for (const Piece& across : cols) {
            std::int64_t n = 0;
            for (std::int64_t y = down.first; y < down.end; ++y) {
                const image::WidePixel first =
                    image::in_wide(image::FieldPixel{across.first, y}, margin_px);
                n += count_finite(wide.row(first.y).data() + first.x,
                                  static_cast<std::size_t>(across.end - across.first));
            }
            bool is_searched = false;
            for (std::int64_t row = down.first_tile; row <= down.last_tile; ++row) {
                for (std::int64_t col = across.first_tile; col <= across.last_tile; ++col) {
                    is_searched = is_searched || is_blank_tile[grid.tile(row, col).place()] == 0;
                }
            }
            (is_searched ? counts.n_searched : counts.n_unsearched) += n;
        }
    }
    counts.n_blank = grid.field_rows * grid.field_cols - counts.n_searched - counts.n_unsearched;
    return counts;
}

}  // namespace faintweb::tile
