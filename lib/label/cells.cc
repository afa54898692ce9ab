// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/label/cells.h"

#include <algorithm>

#include "lib/base/contract.h"

namespace faintweb::label {

std::vector<float> parts_above(const image::Image& sky,
                               const tile::TileGrid& grid,
                               double flux_threshold_jy_arcsec2,
                               std::int64_t cell_px) {
    FAINTWEB_EXPECTS(sky.rows == grid.field_rows && sky.cols == grid.field_cols && cell_px >= 1);
    const auto threshold = static_cast<float>(flux_threshold_jy_arcsec2);
    const std::int64_t n_cells = grid.tile_px / cell_px;
    const float one_pixel = 1.0F / static_cast<float>(cell_px * cell_px);
    std::vector<float> parts(static_cast<std::size_t>(grid.count() * n_cells * n_cells));
    for (tile::TileId t; t < grid.end(); ++t) {
        const image::FieldWindow part = grid.inside(t);
        float* cells = parts.data() + t.value() * n_cells * n_cells;
        for (std::int64_t y = 0; y < std::min(part.rows, n_cells * cell_px); ++y) {
            const float* row = sky.row(part.y0 + y).data() + part.x0;
            for (std::int64_t x = 0; x < std::min(part.cols, n_cells * cell_px); ++x) {
                if (row[x] > threshold) {
                    cells[y / cell_px * n_cells + x / cell_px] += one_pixel;
                }
            }
        }
    }
    return parts;
}

}  // namespace faintweb::label
