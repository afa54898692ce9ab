// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/index.h"
#include "lib/image/image.h"
#include "lib/image/window.h"

namespace faintweb::tile {

/// Number of a tile in its field, row by row from the lower left corner.
using TileId = base::Index<struct Tile, std::int64_t>;

/// The square tiles that cover a field.
///
/// The last tile of a row or column is the one that ends at the field's edge: where the edge is no
/// multiple of tile_px away it overlaps the tile before it. Only in a field that is narrower than a
/// tile does a tile reach beyond the field; it is padded with blanks there.
struct TileGrid {
    std::int64_t field_rows = 0;
    std::int64_t field_cols = 0;
    std::int64_t tile_px = 40;

    constexpr std::int64_t n_rows() const { return (field_rows + tile_px - 1) / tile_px; }
    constexpr std::int64_t n_cols() const { return (field_cols + tile_px - 1) / tile_px; }
    constexpr std::int64_t count() const { return n_rows() * n_cols(); }
    /// The number behind that of the last tile.
    constexpr TileId end() const { return TileId(count()); }

    constexpr TileId tile(std::int64_t row, std::int64_t column) const {
        return TileId(row * n_cols() + column);
    }
    constexpr std::int64_t row_of(TileId tile) const { return tile.value() / n_cols(); }
    constexpr std::int64_t column_of(TileId tile) const { return tile.value() % n_cols(); }

    /// First pixel column of the tiles in a column of tiles, field pixels.
    constexpr std::int64_t first_col(std::int64_t tile_col) const {
        return first_of(tile_col, field_cols);
    }
    /// First pixel row of the tiles in a row of tiles, field pixels.
    constexpr std::int64_t first_row(std::int64_t tile_row) const {
        return first_of(tile_row, field_rows);
    }
    /// Whether a tile overlaps the tile before it in its row or column.
    constexpr bool is_moved(TileId tile) const {
        return first_col(column_of(tile)) != column_of(tile) * tile_px ||
               first_row(row_of(tile)) != row_of(tile) * tile_px;
    }

    /// The part of a tile that lies inside the field.
    image::FieldWindow inside(TileId tile) const;

    bool operator==(const TileGrid&) const = default;

  private:
    constexpr std::int64_t first_of(std::int64_t place, std::int64_t length) const {
        const std::int64_t first = place * tile_px;
        const std::int64_t last_possible = length > tile_px ? length - tile_px : 0;
        return first < last_possible ? first : last_possible;
    }
};

/// The fields of a map, row by row from the first FITS row, side by side and never overlapping.
/// Those at the right and upper edge are smaller; a remainder that is narrower than a tile joins
/// the field before it, which is larger then. All others are a whole number of tiles wide, so that
/// tiles lie where they do in any cut.
///
/// @param map_cols, map_rows  size of the map, pixel; >= 1.
/// @param field_px            edge of a field, pixel; >= 1; rounded down to whole tiles.
/// @param tile_px             edge of a tile, pixel; 1 <= tile_px.
/// @source ours (grid_test.cc)
std::vector<image::MapWindow> field_windows(std::int64_t map_cols,
                                            std::int64_t map_rows,
                                            std::int64_t field_px,
                                            std::int64_t tile_px);

/// Cuts a scaled field into the tiles that the network sees, each with its margin.
///
/// @param scaled       [field_rows + 2 margin_px, field_cols + 2 margin_px], without blanks
///                     (tile::scale_field): the field with a margin on each side.
/// @param blank_value  what stands in the padding beyond that: what blanks become.
/// @param margin_px    context that the network wants around each tile, pixel.
/// @return             [grid.count(), tile_px + 2 margin_px, tile_px + 2 margin_px], tile by tile.
std::vector<float> cut_tiles(const image::Image& scaled,
                             const TileGrid& grid,
                             float blank_value,
                             std::int64_t margin_px = 0);

/// Pixels of each tile without a value: NaN in the field, or beyond its edge.
///
/// @param field  [field_rows, field_cols], any unit, blanks NaN.
/// @return       [grid.count()], pixels.
std::vector<std::int32_t> count_blanks(const image::Image& field, const TileGrid& grid);

/// A tile that is more than half blank is not classified.
inline bool is_blank_tile(std::int64_t n_blank, std::int64_t tile_px) {
    return 2 * n_blank > tile_px * tile_px;
}

}  // namespace faintweb::tile
