// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/pixel_counts.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::tile {
namespace {

/// Pixel by pixel.
PixelCounts count_slowly(const image::Image& field,
                         const TileGrid& grid,
                         const std::vector<std::uint8_t>& is_blank_tile) {
    PixelCounts counts;
    for (std::int64_t y = 0; y < field.rows; ++y) {
        for (std::int64_t x = 0; x < field.cols; ++x) {
            bool is_searched = false;
            for (TileId t; t < grid.end(); ++t) {
                const image::FieldWindow tile = grid.inside(t);
                is_searched =
                    is_searched || (is_blank_tile[t.place()] == 0 && tile.contains({x, y}));
            }
            if (!std::isfinite(field.at(y, x))) {
                ++counts.n_blank;
            } else if (is_searched) {
                ++counts.n_searched;
            } else {
                ++counts.n_unsearched;
            }
        }
    }
    return counts;
}

TEST(PixelCounts, AreThoseOfAPlainLoop) {
    base::RandomStream random(5, base::Purpose::test);
    for (const TileGrid& grid : {TileGrid{40, 60, 20},
                                 {41, 59, 20},
                                 {55, 79, 20},
                                 {20, 21, 20},
                                 {7, 50, 20},
                                 {3, 5, 20}}) {
        for (int round = 0; round < 5; ++round) {
            image::Image field = image::make_image(grid.field_rows, grid.field_cols);
            for (float& value : field.pixels) {
                value = random.below(5) == 0 ? std::numeric_limits<float>::quiet_NaN() : 1.0F;
            }
            std::vector<std::uint8_t> is_blank(static_cast<std::size_t>(grid.count()));
            for (std::uint8_t& tile : is_blank) {
                tile = random.below(3) == 0 ? 1 : 0;
            }
            EXPECT_EQ(count_pixels(field, grid, 0, is_blank), count_slowly(field, grid, is_blank))
                << grid.field_rows << " x " << grid.field_cols;
        }
    }
}

TEST(PixelCounts, LeaveTheMarginOut) {
    const image::Image wide = image::make_image(44, 64, 1);
    EXPECT_EQ(count_pixels(wide, {40, 60, 20}, 2, std::vector<std::uint8_t>(6, 0)),
              (PixelCounts{2400, 0, 0}));
}

}  // namespace
}  // namespace faintweb::tile
