// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/grid.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace faintweb::tile {
namespace {

constexpr float blank = std::numeric_limits<float>::quiet_NaN();

/// Pixel (row, col) holds 1000 row + col.
image::Image numbered(std::int64_t rows, std::int64_t cols) {
    image::Image image = image::make_image(rows, cols);
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t col = 0; col < cols; ++col) {
            image.at(row, col) = static_cast<float>(1000 * row + col);
        }
    }
    return image;
}

struct GridCase {
    std::int64_t rows, cols, tile_px, n_rows, n_cols;
};

class GridTest : public testing::TestWithParam<GridCase> {};

/// Every pixel lies in a tile, and no tile is smaller than it may be.
TEST_P(GridTest, CoversTheFieldWithWholeTiles) {
    const GridCase& c = GetParam();
    const TileGrid grid{c.rows, c.cols, c.tile_px};
    EXPECT_EQ(grid.n_rows(), c.n_rows);
    EXPECT_EQ(grid.n_cols(), c.n_cols);
    image::Image n_covered = image::make_image(c.rows, c.cols);
    for (TileId t; t < grid.end(); ++t) {
        const image::FieldWindow part = grid.inside(t);
        EXPECT_EQ(grid.tile(grid.row_of(t), grid.column_of(t)), t);
        EXPECT_EQ(part.rows, std::min(c.rows, c.tile_px));
        EXPECT_EQ(part.cols, std::min(c.cols, c.tile_px));
        EXPECT_EQ(part.y0, std::min(t.value() / c.n_cols * c.tile_px, c.rows - part.rows));
        EXPECT_EQ(part.x0, std::min(t.value() % c.n_cols * c.tile_px, c.cols - part.cols));
        EXPECT_EQ(grid.is_moved(t), part.x0 % c.tile_px != 0 || part.y0 % c.tile_px != 0);
        for (std::int64_t y = part.y0; y < part.y0 + part.rows; ++y) {
            for (std::int64_t x = part.x0; x < part.x0 + part.cols; ++x) {
                n_covered.at(y, x) += 1;
            }
        }
    }
    EXPECT_GE(*std::ranges::min_element(n_covered.pixels), 1);
    EXPECT_LE(*std::ranges::max_element(n_covered.pixels), 4);
    if (c.rows % c.tile_px == 0 && c.cols % c.tile_px == 0) {
        EXPECT_EQ(*std::ranges::max_element(n_covered.pixels), 1);
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes,
                         GridTest,
                         testing::Values(GridCase{2000, 2000, 40, 50, 50},
                                         GridCase{1, 1, 40, 1, 1},
                                         GridCase{1, 95, 40, 1, 3},
                                         GridCase{39, 41, 40, 1, 2},
                                         GridCase{2001, 40, 40, 51, 1},
                                         GridCase{7, 7, 1, 7, 7}));

TEST(CutTiles, TheLastOfARowAndColumnEndAtTheEdge) {
    const image::Image field = numbered(3, 5);
    const TileGrid grid{3, 5, 2};
    const std::vector<float> tiles = cut_tiles(field, grid, -1);
    const std::vector<float> expected{0,    1,    1000, 1001, 2,    3,    1002, 1003,
                                      3,    4,    1003, 1004, 1000, 1001, 2000, 2001,
                                      1002, 1003, 2002, 2003, 1003, 1004, 2003, 2004};
    EXPECT_EQ(tiles, expected);
}

TEST(CutTiles, PadsAFieldSmallerThanATile) {
    EXPECT_EQ(cut_tiles(numbered(1, 3), {1, 3, 2}, -1),
              (std::vector<float>{0, 1, -1, -1, 1, 2, -1, -1}));
}

/// The obvious version, pixel by pixel.
std::vector<float> cut_tiles_slowly(const image::Image& field,
                                    const TileGrid& grid,
                                    float blank_value,
                                    std::int64_t margin_px) {
    std::vector<float> tiles;
    for (TileId t; t < grid.end(); ++t) {
        for (std::int64_t y = -margin_px; y < grid.tile_px + margin_px; ++y) {
            for (std::int64_t x = -margin_px; x < grid.tile_px + margin_px; ++x) {
                const std::int64_t row = grid.inside(t).y0 + y + margin_px;
                const std::int64_t col = grid.inside(t).x0 + x + margin_px;
                tiles.push_back(row < field.rows && col < field.cols ? field.at(row, col)
                                                                     : blank_value);
            }
        }
    }
    return tiles;
}

TEST(CutTiles, AgreesWithTheSlowOne) {
    for (const auto& [rows, cols, tile_px] :
         {std::tuple{100, 83, 40}, {40, 40, 40}, {5, 300, 17}}) {
        const image::Image field = numbered(rows, cols);
        const TileGrid grid{rows, cols, tile_px};
        EXPECT_EQ(cut_tiles(field, grid, 0.5F), cut_tiles_slowly(field, grid, 0.5F, 0));
        const image::Image wide = numbered(rows + 2 * 3, cols + 2 * 3);
        EXPECT_EQ(cut_tiles(wide, grid, 0.5F, 3), cut_tiles_slowly(wide, grid, 0.5F, 3));
    }
}

TEST(CutTiles, MarginIsTheNeighboursPixels) {
    const std::vector<float> tiles = cut_tiles(numbered(6, 8), {4, 6, 2}, -1, 1);
    const std::vector<float> first{0,    1,    2,    3,    1000, 1001, 1002, 1003,
                                   2000, 2001, 2002, 2003, 3000, 3001, 3002, 3003};
    ASSERT_EQ(tiles.size(), 6 * first.size());
    EXPECT_TRUE(std::equal(first.begin(), first.end(), tiles.begin()));
    EXPECT_EQ(tiles[16], 2);  // the second tile begins with the last two columns of the first
}

TEST(CountBlanks, CountsNanAndInfinityAndPadding) {
    image::Image field = numbered(3, 4);
    field.at(0, 0) = blank;
    field.at(1, 1) = std::numeric_limits<float>::infinity();
    EXPECT_EQ(count_blanks(field, {3, 4, 2}), (std::vector<std::int32_t>{2, 0, 1, 0}));
}

TEST(BlankTile, IsMoreThanHalfBlank) {
    EXPECT_FALSE(is_blank_tile(800, 40));
    EXPECT_TRUE(is_blank_tile(801, 40));
}

TEST(FieldWindows, CoverTheMapWithoutOverlap) {
    const std::vector<image::MapWindow> windows = field_windows(6000, 6000, 2000, 40);
    ASSERT_EQ(windows.size(), 9U);
    EXPECT_EQ(windows[1], (image::MapWindow{2000, 0, 2000, 2000}));
    EXPECT_EQ(windows[3], (image::MapWindow{0, 2000, 2000, 2000}));
}

TEST(FieldWindows, ARemainderNarrowerThanATileJoinsTheFieldBeforeIt) {
    EXPECT_EQ(field_windows(2039, 1, 2000, 40), (std::vector<image::MapWindow>{{0, 0, 2039, 1}}));
    EXPECT_EQ(field_windows(2040, 1, 2000, 40),
              (std::vector<image::MapWindow>{{0, 0, 2000, 1}, {2000, 0, 40, 1}}));
    EXPECT_EQ(field_windows(4001, 2000, 2000, 40),
              (std::vector<image::MapWindow>{{0, 0, 2000, 2000}, {2000, 0, 2001, 2000}}));
    EXPECT_EQ(field_windows(39, 39, 2000, 40), (std::vector<image::MapWindow>{{0, 0, 39, 39}}));
    // Fields of a whole number of tiles.
    EXPECT_EQ(field_windows(250, 40, 100, 40),
              (std::vector<image::MapWindow>{{0, 0, 80, 40}, {80, 0, 80, 40}, {160, 0, 90, 40}}));
    EXPECT_EQ(field_windows(25, 1, 10, 40), (std::vector<image::MapWindow>{{0, 0, 25, 1}}));
}

}  // namespace
}  // namespace faintweb::tile
