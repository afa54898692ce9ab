// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/label/rule.h"

#include <algorithm>

#include "lib/base/contract.h"

namespace faintweb::label {

std::vector<std::int32_t> count_above(const image::Image& sky,
                                      const tile::TileGrid& grid,
                                      double flux_threshold_jy_arcsec2) {
    FAINTWEB_EXPECTS(sky.rows == grid.field_rows && sky.cols == grid.field_cols);
    const auto threshold = static_cast<float>(flux_threshold_jy_arcsec2);
    std::vector<std::int32_t> counts(static_cast<std::size_t>(grid.count()));
    for (tile::TileId t; t < grid.end(); ++t) {
        const image::FieldWindow part = grid.inside(t);
        std::int32_t n_above = 0;
        for (std::int64_t row = part.y0; row < part.y0 + part.rows; ++row) {
            for (const float value : sky.row(row).subspan(static_cast<std::size_t>(part.x0),
                                                          static_cast<std::size_t>(part.cols))) {
                n_above += static_cast<int>(value > threshold);
            }
        }
        counts[t.place()] = n_above;
    }
    return counts;
}

std::vector<std::uint8_t> labels_of(std::span<const std::int32_t> n_above, const LabelRule& rule) {
    std::vector<std::uint8_t> labels(n_above.size());
    std::transform(n_above.begin(), n_above.end(), labels.begin(),
                   [&](std::int32_t n) { return static_cast<std::uint8_t>(n > rule.min_pixels); });
    return labels;
}

std::vector<std::uint8_t> label_tiles(const image::Image& sky,
                                      const tile::TileGrid& grid,
                                      const LabelRule& rule) {
    return labels_of(count_above(sky, grid, rule.flux_threshold_jy_arcsec2), rule);
}

}  // namespace faintweb::label
