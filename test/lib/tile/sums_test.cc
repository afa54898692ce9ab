// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/sums.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::tile {
namespace {

constexpr std::int64_t margin_px = 6;

/// Some blanks, and a margin that would show in every sum.
image::Image wide_field(std::int64_t rows, std::int64_t cols) {
    base::RandomStream random(4, base::Purpose::test);
    image::Image wide = image::make_image(rows + 2 * margin_px, cols + 2 * margin_px, 1e10F);
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t col = 0; col < cols; ++col) {
            wide.at(row + margin_px, col + margin_px) =
                random.below(7) == 0 ? (col % 2 == 0 ? std::numeric_limits<float>::quiet_NaN()
                                                     : std::numeric_limits<float>::infinity())
                                     : static_cast<float>(random.normal());
        }
    }
    return wide;
}

TEST(Sums, LeaveTheMarginOut) {
    const TileGrid grid{83, 61, 20};
    const image::Image wide = wide_field(grid.field_rows, grid.field_cols);
    const image::Image core = image::without_margin(wide, margin_px);
    EXPECT_EQ(sum_tiles(wide, grid, margin_px), sum_tiles(core, grid));
}

class SumsOf : public testing::TestWithParam<std::int64_t> {};
INSTANTIATE_TEST_SUITE_P(TileSizes, SumsOf, testing::Values(5, 8, 20, 40));

TEST_P(SumsOf, AreThoseOfAPlainLoop) {
    const TileGrid grid{83, 61, GetParam()};
    const image::Image core =
        image::without_margin(wide_field(grid.field_rows, grid.field_cols), margin_px);
    const std::vector<TileSums> sums = sum_tiles(core, grid);
    ASSERT_EQ(std::ssize(sums), grid.count());
    for (TileId t; t < grid.end(); ++t) {
        const image::FieldWindow part = grid.inside(t);
        TileSums plain{.peak = -std::numeric_limits<float>::infinity()};
        for (std::int64_t row = part.y0; row < part.y0 + part.rows; ++row) {
            for (std::int64_t col = part.x0; col < part.x0 + part.cols; ++col) {
                const float value = core.at(row, col);
                if (std::isfinite(value)) {
                    const auto exact = static_cast<double>(value);
                    plain.sum += exact;
                    plain.sum_of_squares += exact * exact;
                    plain.peak = std::max(plain.peak, value);
                    ++plain.n_valid;
                }
            }
        }
        const TileSums& found = sums[t.place()];
        EXPECT_NEAR(found.sum, plain.sum, 1e-12 * std::fabs(plain.sum_of_squares));
        EXPECT_NEAR(found.sum_of_squares, plain.sum_of_squares, 1e-12 * plain.sum_of_squares);
        EXPECT_EQ(found.peak, plain.peak);
        EXPECT_EQ(found.n_valid, plain.n_valid);
    }
}

}  // namespace
}  // namespace faintweb::tile
