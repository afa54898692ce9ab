// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/map_noise.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "test/lib/tile/noise_field.h"

namespace faintweb::tile {
namespace {

constexpr float blank = std::numeric_limits<float>::quiet_NaN();

MapNoise noise_of(const image::Image& map) {
    return measure_map_noise(map.cols, map.rows, [&](const image::MapWindow& window) {
        return image::cut_out(map, image::in_image(window));
    });
}

TEST(MapNoise, IsLevelAndRms) {
    image::Image map = noise_field(700, 900, 1);
    for (float& value : map.pixels) {
        value = 5e-8F + 2e-7F * value;
    }
    const MapNoise noise = noise_of(map);
    EXPECT_NEAR(noise.level, 5e-8, 1e-8);
    EXPECT_NEAR(noise.rms, 2e-7, 4e-9);
}

/// Whatever stands outside, and however little is left inside.
TEST(MapNoise, IsThatOfTheInside) {
    for (const double radius : {350.0, 200.0, 60.0, 20.0}) {
        for (const float fill : {0.0F, 3.0F, 1e-14F, -9999.0F, 1e20F}) {
            image::Image map = noise_field(800, 800, 2);
            for (std::int64_t y = 0; y < 800; ++y) {
                for (std::int64_t x = 0; x < 800; ++x) {
                    if (std::hypot(static_cast<double>(x) - 400, static_cast<double>(y) - 400) >
                        radius) {
                        map.at(y, x) = fill == 1e-14F ? fill * static_cast<float>(x % 5) : fill;
                    }
                }
            }
            map.at(400, 400) = 1e7F;
            const MapNoise noise = noise_of(map);
            EXPECT_NEAR(noise.level, 0, 0.25) << radius << " " << fill;
            EXPECT_NEAR(noise.rms, 1, 0.15) << radius << " " << fill;
        }
    }
}

TEST(MapNoise, OfAMapWithoutAnyValueIsNone) {
    EXPECT_EQ(noise_of(image::make_image(50, 60, blank)), MapNoise{});
}

TEST(MapNoise, IsRefusedWhereThereIsNone) {
    EXPECT_THROW(noise_of(image::make_image(100, 100, 0)), base::InputError);
    EXPECT_THROW(noise_of(image::make_image(1, 1, 5)), base::InputError);
    image::Image half = image::make_image(100, 100, 2.5F);
    half.at(3, 3) = blank;
    EXPECT_THROW(noise_of(half), base::InputError);
    // Gaussians without noise: they fall to nothing between each other.
    image::Image model = image::make_image(400, 400);
    for (std::int64_t y = 0; y < 400; ++y) {
        for (std::int64_t x = 0; x < 400; ++x) {
            for (const auto& [x0, y0, sigma] :
                 {std::tuple{100.0, 120.0, 12.0}, {300.0, 80.0, 8.0}, {220.0, 310.0, 20.0}}) {
                const double r2 = std::pow(static_cast<double>(x) - x0, 2) +
                                  std::pow(static_cast<double>(y) - y0, 2);
                model.at(y, x) += static_cast<float>(std::exp(-r2 / (2 * sigma * sigma)));
            }
        }
    }
    EXPECT_THROW(noise_of(model), base::InputError);
}

TEST(MapNoise, MayRiseTenfoldAndComeInSteps) {
    image::Image map = noise_field(400, 400, 3);
    for (std::int64_t y = 0; y < 400; ++y) {
        for (std::int64_t x = 0; x < 400; ++x) {
            const auto rms = static_cast<float>(1 + 9.0 * static_cast<double>(x) / 400);
            map.at(y, x) = std::round(map.at(y, x) * rms * 2) / 2;
        }
    }
    EXPECT_TRUE(noise_of(map).is_in_steps);
    EXPECT_FALSE(noise_of(noise_field(400, 400, 3)).is_in_steps);
    EXPECT_NO_THROW(noise_of(noise_field(20, 30, 4)));
    EXPECT_NO_THROW(noise_of(noise_field(1, 50, 5)));
}

}  // namespace
}  // namespace faintweb::tile
