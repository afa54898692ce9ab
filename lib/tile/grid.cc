// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/grid.h"

#include <algorithm>
#include <cmath>

#include "lib/base/contract.h"

namespace faintweb::tile {

image::FieldWindow TileGrid::inside(TileId tile) const {
    FAINTWEB_EXPECTS(tile >= TileId(0) && tile < end());
    const std::int64_t x0 = first_col(column_of(tile));
    const std::int64_t y0 = first_row(row_of(tile));
    return {x0, y0, std::min(tile_px, field_cols - x0), std::min(tile_px, field_rows - y0)};
}

namespace {

/// Where the pieces of an edge begin, and where the last ends.
std::vector<std::int64_t> cut_edge(std::int64_t length,
                                   std::int64_t field_px,
                                   std::int64_t tile_px) {
    std::vector<std::int64_t> cuts{0};
    for (std::int64_t at = field_px; length - at >= tile_px; at += field_px) {
        cuts.push_back(at);
    }
    cuts.push_back(length);
    return cuts;
}

}  // namespace

std::vector<image::MapWindow> field_windows(std::int64_t map_cols,
                                            std::int64_t map_rows,
                                            std::int64_t field_px,
                                            std::int64_t tile_px) {
    FAINTWEB_EXPECTS(map_cols >= 1 && map_rows >= 1 && field_px >= 1 && tile_px >= 1);
    const std::int64_t whole_px = std::max<std::int64_t>(1, field_px / tile_px) * tile_px;
    const std::vector<std::int64_t> x = cut_edge(map_cols, whole_px, tile_px);
    const std::vector<std::int64_t> y = cut_edge(map_rows, whole_px, tile_px);
    std::vector<image::MapWindow> windows;
    for (std::size_t j = 0; j + 1 < y.size(); ++j) {
        for (std::size_t i = 0; i + 1 < x.size(); ++i) {
            windows.push_back({x[i], y[j], x[i + 1] - x[i], y[j + 1] - y[j]});
        }
    }
    return windows;
}

std::vector<float> cut_tiles(const image::Image& scaled,
                             const TileGrid& grid,
                             float blank_value,
                             std::int64_t margin_px) {
    FAINTWEB_EXPECTS(scaled.rows == grid.field_rows + 2 * margin_px &&
                     scaled.cols == grid.field_cols + 2 * margin_px);
    const std::int64_t edge = grid.tile_px + 2 * margin_px;
    std::vector<float> tiles(static_cast<std::size_t>(grid.count() * edge * edge), blank_value);
    for (TileId t; t < grid.end(); ++t) {
        const image::WideWindow part = image::with_margin(grid.inside(t), margin_px);
        float* target = tiles.data() + t.value() * edge * edge;
        for (std::int64_t row = 0; row < part.rows; ++row) {
            const float* source = scaled.row(part.y0 + row).data() + part.x0;
            std::copy_n(source, part.cols, target + row * edge);
        }
    }
    return tiles;
}

std::vector<std::int32_t> count_blanks(const image::Image& field, const TileGrid& grid) {
    FAINTWEB_EXPECTS(field.rows == grid.field_rows && field.cols == grid.field_cols);
    std::vector<std::int32_t> n_blank(static_cast<std::size_t>(grid.count()));
    for (TileId t; t < grid.end(); ++t) {
        const image::FieldWindow part = grid.inside(t);
        std::int64_t n_valid = 0;
        for (std::int64_t row = part.y0; row < part.y0 + part.rows; ++row) {
            const float* values = field.row(row).data() + part.x0;
            n_valid +=
                std::count_if(values, values + part.cols, [](float v) { return std::isfinite(v); });
        }
        n_blank[t.place()] = static_cast<std::int32_t>(grid.tile_px * grid.tile_px - n_valid);
    }
    return n_blank;
}

}  // namespace faintweb::tile
