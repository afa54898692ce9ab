// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/label/rule.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::label {
namespace {

constexpr float threshold = 1e-7F;

/// One 4 x 4 tile with n pixels of a value.
image::Image tile_with(int n, float value) {
    image::Image sky = image::make_image(4, 4);
    std::fill_n(sky.pixels.begin(), n, value);
    return sky;
}

TEST(LabelRule, BothComparisonsAreStrict) {
    const tile::TileGrid grid{4, 4, 4};
    const LabelRule rule{.min_pixels = 5, .flux_threshold_jy_arcsec2 = 1e-7};
    const float above = std::nextafter(threshold, 1.0F);
    EXPECT_EQ(label_tiles(tile_with(5, above), grid, rule)[0], 0);
    EXPECT_EQ(label_tiles(tile_with(6, above), grid, rule)[0], 1);
    EXPECT_EQ(label_tiles(tile_with(16, threshold), grid, rule)[0], 0);
}

TEST(LabelRule, BlanksNeverCount) {
    const tile::TileGrid grid{4, 4, 4};
    const LabelRule rule{.min_pixels = 0, .flux_threshold_jy_arcsec2 = 1e-7};
    EXPECT_EQ(label_tiles(tile_with(16, std::numeric_limits<float>::quiet_NaN()), grid, rule)[0],
              0);
    EXPECT_EQ(label_tiles(tile_with(1, 1.0F), grid, rule)[0], 1);
}

TEST(LabelRule, AgreesWithTheSlowOneWhereTilesOverlap) {
    for (const auto& [rows, cols] : {std::pair{83, 121}, {40, 40}, {7, 200}}) {
        image::Image sky = image::make_image(rows, cols);
        base::fill_normal(9, base::Purpose::test, 0, 0, sky.pixels.size(), sky.pixels.data());
        const tile::TileGrid grid{rows, cols, 40};
        const LabelRule rule{.min_pixels = 250, .flux_threshold_jy_arcsec2 = 1.0};
        std::vector<std::uint8_t> slow(static_cast<std::size_t>(grid.count()));
        std::vector<int> n_above(slow.size());
        for (std::int64_t row = 0; row < rows; ++row) {
            for (std::int64_t col = 0; col < cols; ++col) {
                for (std::size_t t = 0; t < slow.size(); ++t) {
                    const image::FieldWindow tile = grid.inside(tile::TileId(t));
                    const bool is_in = row >= tile.y0 && row < tile.y0 + tile.rows &&
                                       col >= tile.x0 && col < tile.x0 + tile.cols;
                    n_above[t] += is_in && sky.at(row, col) > 1.0F ? 1 : 0;
                    slow[t] = n_above[t] > rule.min_pixels ? 1 : 0;
                }
            }
        }
        EXPECT_EQ(label_tiles(sky, grid, rule), slow);
        EXPECT_EQ(count_above(sky, grid, rule.flux_threshold_jy_arcsec2), n_above);
    }
}

}  // namespace
}  // namespace faintweb::label
