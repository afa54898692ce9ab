// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/scaling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/tile/pixel_scaling.h"
#include "lib/tile/statistics.h"

namespace faintweb::tile {
namespace {

constexpr float blank = std::numeric_limits<float>::quiet_NaN();

image::Image image_of(std::vector<float> pixels) {
    const auto n = static_cast<std::int64_t>(pixels.size());
    return {1, n, std::move(pixels)};
}

/// A field whose statistics are its own, in sigma of an even noise.
image::Image scale_alone(const image::Image& wide, Scaling scaling, std::int64_t margin_px = 0) {
    FieldStatistics statistics = field_statistics(wide, margin_px);
    const RobustStatistics& robust = statistics.robust;
    const std::int64_t n = 2 + std::max(wide.rows, wide.cols) / 40;
    statistics.noise = {
        {robust.median, robust.rms},
        LocalRms({.box_px = 40}, {-1, -1, n + 1, n + 1},
                 std::vector<float>(static_cast<std::size_t>((n + 1) * (n + 1)), robust.rms),
                 robust.rms)};
    return scale_field(wide, scaling, statistics);
}

TEST(Scaling, NamesGoBothWays) {
    for (const Scaling scaling : all_scalings()) {
        EXPECT_EQ(scaling_from_name(scaling_name(scaling)), scaling);
    }
    EXPECT_THROW(scaling_from_name("linear"), base::UsageError);
}

TEST(PaperScaling, MapsTheFieldsRangeToUnity) {
    // log10: -11 (floored), -9, -7; blank does not count and becomes the lowest value.
    const image::Image scaled =
        scale_alone(image_of({-3e-8F, 1e-9F, 1e-7F, blank, 0}), Scaling::paper);
    const std::vector<float> expected{0, 0.5F, 1, 0, 0};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_NEAR(scaled.pixels[i], expected[i], 1e-6) << i;
    }
}

TEST(PaperScaling, DependsOnTheBrightestPixelButFixedDoesNot) {
    const image::Image faint = image_of({1e-11F, 1e-9F, 1e-7F});
    const image::Image bright = image_of({1e-11F, 1e-9F, 1e-3F});
    EXPECT_NE(scale_alone(faint, Scaling::paper).at(0, 1),
              scale_alone(bright, Scaling::paper).at(0, 1));
    EXPECT_EQ(scale_alone(faint, Scaling::fixed).at(0, 1),
              scale_alone(bright, Scaling::fixed).at(0, 1));
}

TEST(FixedScaling, MapsItsBounds) {
    const image::Image scaled = scale_alone(image_of({1e-11F, 1e-2F, 1.0F, blank}), Scaling::fixed);
    EXPECT_NEAR(scaled.at(0, 0), 0, 1e-6);
    EXPECT_NEAR(scaled.at(0, 1), 1, 1e-6);
    EXPECT_EQ(scaled.at(0, 2), 1.0F);
    EXPECT_EQ(scaled.at(0, 3), 0.0F);
}

TEST(AsinhScaling, CountsInSigma) {
    std::vector<float> pixels(200001);
    base::fill_normal(1, base::Purpose::test, 0, 0, pixels.size(), pixels.data());
    for (float& pixel : pixels) {
        pixel = 5e-8F + 2e-7F * pixel;
    }
    pixels[0] = 5e-8F + 10 * 2e-7F;
    pixels[1] = blank;
    pixels[2] = -1;
    for (const Scaling scaling : {Scaling::asinh_sigma, Scaling::asinh_local}) {
        const image::Image scaled = scale_alone(image_of(pixels), scaling);
        EXPECT_NEAR(scaled.pixels[0], std::asinh(10.0), 0.02);
        // The background, whatever the lowest value of the field is.
        EXPECT_EQ(scaled.pixels[1], 0.0F);
    }
}

/// Noise that doubles from one box to the next looks the same in both.
TEST(AsinhLocalScaling, DividesByTheRmsOfThePlace) {
    const image::Image field = image_of(std::vector<float>(80, 3e-7F));
    FieldStatistics statistics;
    statistics.noise = {
        {1e-7F, 2e-7F},
        LocalRms({.box_px = 40}, {-1, -1, 4, 2}, {0, 1e-7F, 2e-7F, 0, 0, 1e-7F, 2e-7F, 0}, 2e-7F)};
    const image::Image scaled = scale_field(field, Scaling::asinh_local, statistics);
    EXPECT_NEAR(scaled.pixels[0], std::asinh(2.0), 1e-5);
    EXPECT_NEAR(scaled.pixels[79], std::asinh(1.0), 1e-5);
    // The middle between the centres of the boxes, 19.5 and 59.5.
    EXPECT_NEAR(std::sinh(scaled.pixels[39]), 2 / 1.4875, 1e-4);
    std::vector<float> sigma(80);
    to_local_sigma(field, statistics.noise, sigma);
    EXPECT_NEAR(sigma[0], 2, 1e-5);
    // Part of a map begins elsewhere.
    statistics.noise.corner.x = 60;
    EXPECT_NEAR(scale_field(image_of({3e-7F}), Scaling::asinh_local, statistics).pixels[0],
                std::asinh(1.0), 1e-5);
}

TEST(AsinhScaling, IsThatOfAnyRms) {
    for (const float rms : {1e-42F, 1e-35F, 1e-20F, 1e-7F, 1.0F, 1e7F, 1e9F, 1e30F, 3e37F}) {
        for (const float median : {0.0F, 3 * rms, -2 * rms}) {
            std::vector<float> pixels;
            for (const float sigma : {0.0F, 0.1F, 1.0F, 7.0F, 1e3F, 1e9F}) {
                pixels.push_back(median + sigma * rms);
                pixels.push_back(median - sigma * rms);
            }
            const image::Image scaled =
                scale_field(image_of(pixels), Scaling::asinh_sigma, {{}, {median, rms}, {}});
            for (std::size_t i = 0; i < pixels.size(); ++i) {
                if (std::isfinite(pixels[i])) {
                    const double sigma =
                        (static_cast<double>(pixels[i]) - static_cast<double>(median)) /
                        static_cast<double>(rms);
                    EXPECT_NEAR(scaled.pixels[i], std::asinh(sigma), 1e-5)
                        << rms << " " << median << " " << pixels[i];
                }
            }
        }
    }
}

/// The margin is scaled with what the field says of itself, and says nothing.
TEST(MarginOfAField, TakesNoPartInItsStatistics) {
    image::Image core = image::make_image(20, 30);
    base::fill_normal(2, base::Purpose::test, 0, 0, core.pixels.size(), core.pixels.data());
    for (float& pixel : core.pixels) {
        pixel = 3e-8F + 1e-7F * pixel;
    }
    constexpr std::int64_t margin_px = 4;
    image::Image wide = image::make_image(28, 38, 5e-3F);  // far brighter than all of the field
    wide.at(0, 0) = -1.0F;
    wide.at(0, 1) = blank;
    for (std::int64_t row = 0; row < core.rows; ++row) {
        std::copy_n(core.row(row).data(), core.cols, &wide.at(row + margin_px, margin_px));
    }
    for (const Scaling scaling : all_scalings()) {
        const image::Image alone = scale_alone(core, scaling);
        const image::Image scaled = scale_alone(wide, scaling, margin_px);
        EXPECT_EQ(scaled.at(0, 1), blank_input) << scaling_name(scaling);
        for (std::int64_t row = 0; row < core.rows; ++row) {
            for (std::int64_t col = 0; col < core.cols; ++col) {
                ASSERT_EQ(scaled.at(row + margin_px, col + margin_px), alone.at(row, col))
                    << scaling_name(scaling) << " " << row << " " << col;
            }
        }
        EXPECT_GE(scaled.at(0, 2), *std::max_element(alone.pixels.begin(), alone.pixels.end()))
            << scaling_name(scaling);
    }
}

class OddFields : public testing::TestWithParam<std::vector<float>> {};

TEST_P(OddFields, GiveFiniteNumbersInEveryScaling) {
    for (const Scaling scaling : all_scalings()) {
        for (const float value : scale_alone(image_of(GetParam()), scaling).pixels) {
            EXPECT_TRUE(std::isfinite(value)) << scaling_name(scaling);
        }
    }
}

constexpr float infinity = std::numeric_limits<float>::infinity();
INSTANTIATE_TEST_SUITE_P(All,
                         OddFields,
                         testing::Values(std::vector<float>{blank, blank},
                                         std::vector<float>{0, 0, 0},
                                         std::vector<float>{3, 3, 3, blank},
                                         std::vector<float>{1e38F, -1e38F, 1e38F, 0},
                                         std::vector<float>{1e-45F, 1e-40F, 0, 1e-38F},
                                         std::vector<float>{1e-41F, 2e-41F, -1e-41F, 3e-41F, 0},
                                         std::vector<float>{3e38F, -3e38F, 3e38F, -3e38F},
                                         std::vector<float>{3e38F, -3e38F, 3e38F, -3e38F, 1e-38F},
                                         std::vector<float>{infinity, -infinity, 1, 2, 3},
                                         std::vector<float>{1e-38F, 2e-38F, 3e38F, 1e-38F,
                                                            1.5e-38F}));

TEST(Scaling, TilesOfAFieldAreThoseOfTheScaledField) {
    for (const std::int64_t margin_px : {0, 6}) {
        image::Image wide = image::make_image(95 + 2 * margin_px, 70 + 2 * margin_px);
        base::fill_normal(3, base::Purpose::test, 0, 0, wide.pixels.size(), wide.pixels.data());
        wide.at(20, 30) = blank;
        const TileGrid grid{95, 70, 20};
        const std::int64_t edge = grid.tile_px + 2 * margin_px;
        for (const Scaling scaling : all_scalings()) {
            FieldStatistics statistics = field_statistics(wide, margin_px);
            statistics.noise = {{statistics.robust.median, statistics.robust.rms},
                                LocalRms({.box_px = 40}, {-1, -1, 5, 5},
                                         std::vector<float>(25, statistics.robust.rms), 1)};
            const std::vector<float> all =
                cut_tiles(scale_field(wide, scaling, statistics), grid, blank_input, margin_px);
            for (const auto& [first, n] :
                 {std::pair{0, 20}, {0, 1}, {3, 1}, {2, 9}, {7, 13}, {19, 1}}) {
                std::vector<float> tiles(static_cast<std::size_t>(n * edge * edge));
                scale_tiles(wide, grid, margin_px, scaling, statistics, TileId(first), tiles);
                const auto begin = all.begin() + first * edge * edge;
                EXPECT_TRUE(std::equal(tiles.begin(), tiles.end(), begin))
                    << scaling_name(scaling) << " " << margin_px << " " << first;
            }
        }
    }
}

}  // namespace
}  // namespace faintweb::tile
