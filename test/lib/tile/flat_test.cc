// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/flat.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "test/lib/tile/noise_field.h"

namespace faintweb::tile {
namespace {

constexpr float blank = std::numeric_limits<float>::quiet_NaN();
constexpr NoiseMesh mesh{.box_px = 60, .patch_px = 408};

image::MapWindow whole_of(const image::Image& image) {
    return {0, 0, image.cols, image.rows};
}

std::int64_t n_blank(const image::Image& image) {
    return std::ranges::count_if(image.pixels, [](float v) { return std::isnan(v); });
}

/// A map of unit noise after its flat patches became blank.
image::Image without_outside(image::Image map, bool is_in_steps = false) {
    const image::MapWindow whole = whole_of(map);
    const FlatPairs pairs = count_flat_pairs(map, whole, mesh, {0, 1, is_in_steps});
    blank_flat_patches(map, whole, whole, mesh, pairs);
    return map;
}

bool is_in_circle(std::int64_t x, std::int64_t y, double radius) {
    return std::hypot(static_cast<double>(x) - 150, static_cast<double>(y) - 150) < radius;
}

/// What stands outside a round mosaic.
class Outside : public testing::TestWithParam<float (*)(std::int64_t x, std::int64_t y)> {};
INSTANTIATE_TEST_SUITE_P(Fills,
                         Outside,
                         testing::Values([](std::int64_t, std::int64_t) { return 0.0F; },
                                         [](std::int64_t, std::int64_t) { return -7.25F; },
                                         [](std::int64_t, std::int64_t) { return 1e30F; },
                                         [](std::int64_t x, std::int64_t y) {
                                             return 1e-14F *
                                                    static_cast<float>((x * 7 + y * 3) % 11);
                                         }));

TEST_P(Outside, OfAMosaicBecomesBlankAndNothingElse) {
    for (const double radius : {140.0, 100.0, 40.0}) {
        image::Image map = noise_field(300, 300, 1);
        std::int64_t n_outside = 0;
        for (std::int64_t y = 0; y < 300; ++y) {
            for (std::int64_t x = 0; x < 300; ++x) {
                if (!is_in_circle(x, y, radius)) {
                    map.at(y, x) = GetParam()(x, y);
                    ++n_outside;
                }
            }
        }
        const image::Image cleaned = without_outside(map);
        EXPECT_EQ(n_blank(cleaned), n_outside) << radius;
        EXPECT_FALSE(std::isnan(cleaned.at(150, 150)));
    }
}

TEST(FlatPatches, AllOfAMapMayBeOne) {
    EXPECT_EQ(n_blank(without_outside(image::make_image(90, 130, 3.0F))), 90 * 130);
}

TEST(FlatPatches, NoiseHasNone) {
    EXPECT_EQ(n_blank(without_outside(noise_field(500, 500, 2))), 0);
}

/// Integers, in which equal neighbours are the rule.
TEST(FlatPatches, NoiseInStepsHasNone) {
    for (const float step : {0.1F, 0.25F, 0.5F, 1.0F, 2.0F}) {
        image::Image map = noise_field(400, 400, 3);
        for (float& value : map.pixels) {
            value = step * std::round(value / step);
        }
        EXPECT_EQ(n_blank(without_outside(map, true)), 0) << step;
        // What lies outside such a map is still told.
        for (std::int64_t y = 0; y < 400; ++y) {
            std::fill_n(&map.at(y, 0), 100, 0.0F);
        }
        // At 2 sigma most of the noise is zero too.
        EXPECT_NEAR(static_cast<double>(n_blank(without_outside(map, true))), 40000,
                    step < 2 ? 1000 : 8000)
            << step;
    }
}

TEST(FlatPatches, OnlyLargeOnesLieOutside) {
    image::Image map = noise_field(200, 600, 4);
    const auto fill = [&](std::int64_t x0, std::int64_t y0, std::int64_t cols, std::int64_t rows) {
        for (std::int64_t y = y0; y < y0 + rows; ++y) {
            for (std::int64_t x = x0; x < x0 + cols; ++x) {
                map.at(y, x) = 0;
            }
        }
    };
    fill(20, 20, 24, 17);    // 408 pixels
    fill(120, 150, 409, 1);  // no block shows enough of it
    EXPECT_EQ(n_blank(without_outside(map)), 0);
    fill(20, 100, 50, 20);  // across borders of blocks
    EXPECT_EQ(n_blank(without_outside(map)), 1000);
}

TEST(FlatPatches, ASlopeIsNone) {
    image::Image map = image::make_image(200, 200);
    for (std::int64_t y = 0; y < 200; ++y) {
        for (std::int64_t x = 0; x < 200; ++x) {
            map.at(y, x) = 0.9e-6F * static_cast<float>(x);  // neighbours are near, ends are not
        }
    }
    EXPECT_EQ(n_blank(without_outside(map)), 0);
}

TEST(FlatPatches, DoNotDependOnTheCut) {
    image::Image map = noise_field(500, 500, 5);
    for (std::int64_t y = 0; y < 500; ++y) {
        for (std::int64_t x = 0; x < 500; ++x) {
            // An edge with steps, holes, and thin bridges.
            if (x + 40 * (y / 90 % 3) > 390 || (y > 240 && y < 246) || (x / 7 + y / 7) % 9 == 0) {
                map.at(y, x) = 0;
            }
        }
    }
    const image::Image at_once = without_outside(map);
    EXPECT_GT(n_blank(at_once), 10000);
    const image::MapWindow all = whole_of(map);
    for (const std::int64_t edge : {97, 250}) {
        for (std::int64_t y0 = 0; y0 < 500; y0 += edge) {
            for (std::int64_t x0 = 0; x0 < 500; x0 += edge) {
                const image::MapWindow field{x0, y0, std::min(edge, 500 - x0),
                                             std::min(edge, 500 - y0)};
                const image::MapWindow around = image::widened(field, mesh.reach_px());
                const std::int64_t left = std::max(around.x0, all.x0);
                const std::int64_t low = std::max(around.y0, all.y0);
                const image::MapWindow read{left, low,
                                            std::min(around.x0 + around.cols, all.cols) - left,
                                            std::min(around.y0 + around.rows, all.rows) - low};
                image::Image part = image::cut_out(map, image::in_image(read));
                const FlatPairs pairs = count_flat_pairs(part, read, mesh, {0, 1});
                blank_flat_patches(part, read, field, mesh, pairs);
                for (std::int64_t y = 0; y < field.rows; ++y) {
                    for (std::int64_t x = 0; x < field.cols; ++x) {
                        ASSERT_EQ(std::isnan(part.at(y0 - low + y, x0 - left + x)),
                                  std::isnan(at_once.at(y0 + y, x0 + x)))
                            << edge << ": " << x0 + x << " " << y0 + y;
                    }
                }
            }
        }
    }
}

TEST(FlatPatches, BlanksStayBlank) {
    image::Image map = noise_field(100, 100, 6);
    map.at(50, 50) = blank;
    map.at(50, 51) = std::numeric_limits<float>::infinity();
    const image::Image cleaned = without_outside(map);
    EXPECT_EQ(n_blank(cleaned), 1);
    EXPECT_EQ(cleaned.at(50, 51), std::numeric_limits<float>::infinity());
}

}  // namespace
}  // namespace faintweb::tile
