// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::tile {
namespace {

constexpr float blank = std::numeric_limits<float>::quiet_NaN();

TEST(RobustStatistics, AreExact) {
    const RobustStatistics odd = robust_statistics(std::vector<float>{5, 1, blank, 3});
    EXPECT_EQ(odd.median, 3);
    EXPECT_FLOAT_EQ(odd.rms, 2 * 1.4826022F);
    const RobustStatistics even = robust_statistics(std::vector<float>{1, 2, 3, 10});
    EXPECT_FLOAT_EQ(even.median, 2.5F);
    EXPECT_FLOAT_EQ(even.rms, 1.0F * 1.4826022F);  // deviations 1.5, 0.5, 0.5, 7.5
    EXPECT_EQ(robust_statistics({}).rms, 0);
}

/// Median and rms from all values in order.
RobustStatistics plain_statistics(const image::Image& field) {
    std::vector<float> values;
    std::ranges::copy_if(field.pixels, std::back_inserter(values),
                         [](float value) { return std::isfinite(value); });
    const auto median_of = [&] {
        std::ranges::sort(values);
        return values[(values.size() - 1) / 2] / 2 + values[values.size() / 2] / 2;
    };
    RobustStatistics plain;
    plain.median = median_of();
    for (float& value : values) {
        value = std::fabs(value - plain.median);
    }
    plain.rms = 1.4826022F * median_of();
    return plain;
}

TEST(FieldStatistics, OfLargeFieldsAreExact) {
    constexpr std::int64_t margin_px = 5;
    for (const auto& [rows, cols] : {std::pair{299, 301}, {300, 301}, {1000, 997}}) {
        const std::int64_t step = rows * cols / 32768;  // of the sample that is taken
        for (const std::string pattern :
             {"noise", "blanks", "equal", "step", "whole", "ramp", "largest"}) {
            image::Image wide =
                image::make_image(rows + 2 * margin_px, cols + 2 * margin_px, 1e10F);
            base::RandomStream random(6, base::Purpose::test);
            for (std::int64_t i = 0; i < rows * cols; ++i) {
                float value = static_cast<float>(random.normal());
                if (pattern == "blanks" && random.below(5) == 0) {
                    value = i % 2 == 0 ? blank : -std::numeric_limits<float>::infinity();
                } else if (pattern == "equal") {
                    value = 3;
                } else if (pattern == "step" && i % step == 0) {
                    value += 100;
                } else if (pattern == "whole") {
                    value = std::round(3 * value);
                } else if (pattern == "ramp") {
                    value = 0.01F * value + static_cast<float>(i);
                } else if (pattern == "largest") {
                    value = i % 2 == 0 ? 3e38F : -3e38F;
                }
                wide.at(i / cols + margin_px, i % cols + margin_px) = value;
            }
            const image::Image core = image::without_margin(wide, margin_px);
            const RobustStatistics plain = plain_statistics(core);
            const FieldStatistics found = field_statistics(wide, margin_px);
            EXPECT_EQ(found.robust.median, plain.median) << pattern << " " << rows;
            EXPECT_EQ(found.robust.rms, plain.rms) << pattern << " " << rows;
            float lowest = std::numeric_limits<float>::infinity();
            float highest = -lowest;
            std::int64_t n = 0;
            for (const float value : core.pixels) {
                if (std::isfinite(value)) {
                    lowest = std::min(lowest, value);
                    highest = std::max(highest, value);
                    ++n;
                }
            }
            EXPECT_EQ(found.range.lowest, lowest) << pattern << " " << rows;
            EXPECT_EQ(found.range.highest, highest) << pattern << " " << rows;
            EXPECT_EQ(found.range.n, n) << pattern << " " << rows;
        }
    }
}

TEST(FieldNumbers, AreThoseOfTwoPasses) {
    constexpr std::int64_t margin_px = 6;
    for (const TileGrid grid :
         {TileGrid{413, 301, 40}, TileGrid{40, 40, 40}, TileGrid{7, 30, 20}}) {
        image::Image wide =
            image::make_image(grid.field_rows + 2 * margin_px, grid.field_cols + 2 * margin_px);
        base::fill_normal(7, base::Purpose::test, 0, 0, wide.pixels.size(), wide.pixels.data());
        wide.at(margin_px + 3, margin_px + 2) = blank;
        const FieldNumbers numbers = field_numbers(wide, grid, margin_px);
        const FieldStatistics statistics = field_statistics(wide, margin_px);
        EXPECT_EQ(numbers.statistics.robust.median, statistics.robust.median);
        EXPECT_EQ(numbers.statistics.robust.rms, statistics.robust.rms);
        EXPECT_EQ(numbers.statistics.range.lowest, statistics.range.lowest);
        EXPECT_EQ(numbers.statistics.range.highest, statistics.range.highest);
        EXPECT_EQ(numbers.statistics.range.n, grid.field_rows * grid.field_cols - 1);
        EXPECT_EQ(numbers.sums, sum_tiles(wide, grid, margin_px));
    }
}

}  // namespace
}  // namespace faintweb::tile
