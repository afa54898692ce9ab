// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/local_rms.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "test/lib/tile/noise_field.h"

namespace faintweb::tile {
namespace {

constexpr float blank = std::numeric_limits<float>::quiet_NaN();
const NoiseMesh mesh = make_noise_mesh(5);

LocalRms of_whole(const image::Image& map, MapNoise noise = {0, 1}) {
    const image::MapWindow whole{0, 0, map.cols, map.rows};
    return measure_local_rms(map, whole, whole, mesh, noise);
}

std::vector<float> all_of(const LocalRms& rms, const image::MapWindow& window) {
    std::vector<float> all(static_cast<std::size_t>(window.cols * window.rows));
    for (std::int64_t y = 0; y < window.rows; ++y) {
        rms.row({window.x0, window.y0 + y},
                std::span(all).subspan(static_cast<std::size_t>(y * window.cols),
                                       static_cast<std::size_t>(window.cols)));
    }
    return all;
}

TEST(NoiseMesh, BoxesAreTenBeams) {
    EXPECT_EQ(make_noise_mesh(8).box_px, 80);
    EXPECT_EQ(make_noise_mesh(6).patch_px, 408);
    EXPECT_EQ(make_noise_mesh(1).box_px, 64);
    EXPECT_EQ(make_noise_mesh(1).patch_px, 100);
    EXPECT_EQ(make_noise_mesh(100).box_px, 256);
    EXPECT_EQ(make_noise_mesh(0), NoiseMesh{});
}

TEST(LocalRms, IsThatOfEvenNoise) {
    const image::Image map = noise_field(600, 600, 1);
    double sum = 0;
    for (const float rms : all_of(of_whole(map), {0, 0, 600, 600})) {
        EXPECT_NEAR(rms, 1, 0.12);
        sum += static_cast<double>(rms);
    }
    EXPECT_NEAR(sum / 360000, 1, 0.03);
}

/// As a primary beam's correction makes it: e-fold after e-fold to the edge, blank beyond.
TEST(LocalRms, FollowsNoiseThatRises) {
    image::Image map = noise_field(800, 800, 2);
    const auto rms_at = [](std::int64_t x, std::int64_t y) {
        const double r = std::hypot(static_cast<double>(x) - 400, static_cast<double>(y) - 400);
        return r < 398 ? std::exp(4 * std::log(2) * r * r / (450.0 * 450.0)) : std::nan("");
    };
    for (std::int64_t y = 0; y < 800; ++y) {
        for (std::int64_t x = 0; x < 800; ++x) {
            map.at(y, x) *= static_cast<float>(rms_at(x, y));
        }
    }
    const LocalRms rms = of_whole(map, {0, 2});
    for (std::int64_t y = 0; y < 800; y += 7) {
        for (std::int64_t x = 0; x < 800; x += 7) {
            if (!std::isnan(map.at(y, x))) {
                const double ratio = static_cast<double>(rms.at({x, y})) / rms_at(x, y);
                EXPECT_GT(ratio, 0.7) << x << " " << y;
                EXPECT_LT(ratio, 1.4) << x << " " << y;
            }
        }
    }
}

/// Emission of the size of a box or two, here 20 rms high, raises it by less than a quarter.
TEST(LocalRms, EmissionIsNoNoise) {
    image::Image map = noise_field(600, 600, 3);
    for (std::int64_t y = 0; y < 600; ++y) {
        for (std::int64_t x = 0; x < 600; ++x) {
            const double r2 = std::pow(static_cast<double>(x) - 310, 2) +
                              std::pow(static_cast<double>(y) - 290, 2);
            map.at(y, x) += static_cast<float>(20 * std::exp(-r2 / (2 * 15 * 15)));
        }
    }
    const LocalRms rms = of_whole(map);
    for (const float value : all_of(rms, {250, 230, 120, 120})) {
        EXPECT_LT(value, 1.25);
    }
}

TEST(LocalRms, DoesNotDependOnTheCut) {
    image::Image map = noise_field(400, 500, 4);
    for (std::int64_t y = 100; y < 230; ++y) {
        for (std::int64_t x = 150; x < 260; ++x) {
            map.at(y, x) = y < 180 ? blank : 0.0F;
        }
    }
    const std::vector<float> at_once = all_of(of_whole(map), {0, 0, 500, 400});
    const image::MapWindow field{170, 130, 140, 120};
    const image::MapWindow read = image::widened(field, mesh.reach_px());
    const image::MapWindow there{
        std::max<std::int64_t>(read.x0, 0), std::max<std::int64_t>(read.y0, 0),
        std::min<std::int64_t>(read.x0 + read.cols, 500) - std::max<std::int64_t>(read.x0, 0),
        std::min<std::int64_t>(read.y0 + read.rows, 400) - std::max<std::int64_t>(read.y0, 0)};
    const std::vector<float> of_field = all_of(
        measure_local_rms(image::cut_out(map, image::in_image(there)), there, field, mesh, {0, 1}),
        field);
    for (std::int64_t y = 0; y < field.rows; ++y) {
        for (std::int64_t x = 0; x < field.cols; ++x) {
            ASSERT_EQ(of_field[static_cast<std::size_t>(y * field.cols + x)],
                      at_once[static_cast<std::size_t>((field.y0 + y) * 500 + field.x0 + x)])
                << x << " " << y;
        }
    }
}

TEST(LocalRms, WhereNothingIsMeasuredTheMapsHolds) {
    const LocalRms rms = of_whole(image::make_image(100, 100, blank), {0, 0.5F});
    EXPECT_EQ(rms.at({50, 50}), 0.5F);
}

TEST(LocalRms, ABoxWithoutOneTakesItsNeighbours) {
    // Boxes of 40 pixels: the centres of the first two lie at 19.5 and 59.5.
    const LocalRms rms({.box_px = 40}, {0, 0, 2, 2}, {2, 0, 2, 0}, 9);
    EXPECT_FLOAT_EQ(rms.at({20, 20}), 2);
    EXPECT_FLOAT_EQ(rms.at({59, 30}), 2);
    const LocalRms uneven({.box_px = 40}, {0, 0, 2, 2}, {1, 3, 1, 3}, 9);
    EXPECT_FLOAT_EQ(uneven.at({20, 20}), 1 + 2 * 0.0125F);
    EXPECT_FLOAT_EQ(uneven.at({59, 20}), 3 - 2 * 0.0125F);
}

TEST(LocalRms, IsFreeOfTheUnit) {
    const image::Image map = noise_field(200, 200, 5);
    const float expected = of_whole(map).at({77, 99});
    for (const float unit : {1e-38F, 1e-20F, 1e20F, 1e36F}) {
        image::Image scaled = map;
        image::multiply(scaled.pixels, unit);
        EXPECT_NEAR(of_whole(scaled, {0, unit}).at({77, 99}) / unit, expected, 1e-4) << unit;
    }
}

}  // namespace
}  // namespace faintweb::tile
