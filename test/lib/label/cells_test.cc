// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/label/cells.h"

#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "lib/label/rule.h"

namespace faintweb::label {
namespace {

constexpr float blank = std::numeric_limits<float>::quiet_NaN();

TEST(PartsAbove, AreCountedCellByCell) {
    // Tiles of 4 px with cells of 2 px; the second tile ends with the field and overlaps the first.
    const image::Image sky{4, 6, {9, 9,     0, 9, 5, 9,  //
                                  9, 9,     0, 0, 9, 0,  //
                                  0, 0,     0, 0, 0, 0,  //
                                  0, blank, 9, 0, 0, 9}};
    const std::vector<float> expected{1, 0.25F, 0, 0.25F, 0.25F, 0.5F, 0.25F, 0.25F};
    EXPECT_EQ(parts_above(sky, {4, 6, 4}, 5, 2), expected);
}

TEST(PartsAbove, LeaveOutWhatFillsNoCell) {
    const image::Image sky{3, 3, {0, 0, 9, 0, 9, 9, 9, 9, 9}};
    EXPECT_EQ(parts_above(sky, {3, 3, 3}, 5, 2), std::vector<float>{0.25F});
}

/// A label is a count of the same pixels.
TEST(PartsAbove, AddUpToTheLabelsCount) {
    image::Image sky = image::make_image(50, 90);
    for (std::size_t i = 0; i < sky.pixels.size(); ++i) {
        sky.pixels[i] = static_cast<float>(i * 7919 % 101);
    }
    const tile::TileGrid grid{50, 90, 40};
    const std::vector<float> parts = parts_above(sky, grid, 60, 2);
    for (std::int64_t t = 0; t < grid.count(); ++t) {
        const auto first = parts.begin() + t * 400;
        const auto n_above = static_cast<int>(4 * std::accumulate(first, first + 400, 0.0F));
        const auto label = [&](int min_pixels) {
            return label_tiles(sky, grid, {min_pixels, 60})[static_cast<std::size_t>(t)];
        };
        EXPECT_GT(n_above, 0);
        EXPECT_EQ(label(n_above), 0);
        EXPECT_EQ(label(n_above - 1), 1);
    }
}

}  // namespace
}  // namespace faintweb::label
