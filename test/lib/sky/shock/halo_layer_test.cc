// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/halo_layer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/sky/shock/surface_points.h"
#include "test/lib/sky/shock/synthetic_box.h"

namespace faintweb::sky {
namespace {

constexpr int map_px = 400;

HaloMaps paint(const SkySettings& settings,
               const std::vector<BoxHalo>& haloes,
               std::uint64_t key = 1,
               int n_threads = 2,
               double z = synthetic::z) {
    static const Mesh density = synthetic::density();
    return paint_haloes(settings, {Cosmology{}, haloes, density, synthetic::box_mpc, z, key},
                        map_px, 1, n_threads);
}

SkySettings eventful() {
    SkySettings settings;
    settings.f_merge = 5;
    settings.points_per_beam = 8;
    return settings;
}

double sum(const image::Image& map) {
    return std::accumulate(map.pixels.begin(), map.pixels.end(), 0.0);
}

TEST(HaloLayer, is_the_same_for_any_number_of_threads) {
    const HaloMaps one = paint(eventful(), {synthetic::halo()}, 1, 1);
    const HaloMaps three = paint(eventful(), {synthetic::halo()}, 1, 3);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        EXPECT_EQ(one.inside_r100[axis].pixels, three.inside_r100[axis].pixels);
        EXPECT_EQ(one.outside_r100[axis].pixels, three.outside_r100[axis].pixels);
    }
}

TEST(HaloLayer, differs_between_boxes_and_redshifts) {
    const auto map = paint(eventful(), {synthetic::halo()}).outside_r100[0].pixels;
    EXPECT_NE(map, paint(eventful(), {synthetic::halo()}, 2).outside_r100[0].pixels);
    EXPECT_NE(state_key(3, 0.1), state_key(3, 0.11));
    EXPECT_NE(state_key(3, 0.1), state_key(4, 0.1));
}

TEST(HaloLayer, every_axis_holds_the_light_of_all_points) {
    SkySettings settings = eventful();
    settings.floor_jy_arcsec2 = 1e-16;  // nothing is skipped
    const HaloMaps maps = paint(settings, {synthetic::halo()});
    const BoxHalo halo = synthetic::halo();
    const Mesh density = synthetic::density();
    const HaloGas gas = make_halo_gas(Cosmology{}, settings, halo, synthetic::z);
    const Surroundings around =
        survey_surroundings(halo, density, synthetic::box_mpc, synthetic::z);
    double inside = 0;
    double outside = 0;
    SurfacePoints points{};
    for (const ShockSurface& surface :
         make_surfaces(settings, halo, gas, around, 1, state_key(1, synthetic::z))) {
        constexpr std::uint32_t total = 400 * SurfacePoints::capacity;
        for (std::uint32_t first = 0; first < total; first += SurfacePoints::capacity) {
            sample_surface({settings, gas, around}, surface, {first, 256, total}, points);
            for (std::size_t i = 0; i < 256; ++i) {
                const float r = std::hypot(points.place_mpc[0][i], points.place_mpc[1][i],
                                           points.place_mpc[2][i]);
                (static_cast<double>(r) < halo.r100_mpc ? inside : outside) +=
                    static_cast<double>(points.light[i]);
            }
        }
    }
    const double pixel_mpc2 = std::pow(synthetic::box_mpc / map_px, 2);
    ASSERT_GT(inside, 0);
    ASSERT_GT(outside, 0);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        EXPECT_NEAR(sum(maps.inside_r100[axis]) * pixel_mpc2 / inside, 1, 0.04);
        EXPECT_NEAR(sum(maps.outside_r100[axis]) * pixel_mpc2 / outside, 1, 0.04);
        EXPECT_NEAR(sum(maps.outside_r100[axis]) / sum(maps.outside_r100[0]), 1, 1e-4);
    }
}

/// The brightest-weighted mean place of a map, px.
std::array<double, 2> centre_of_light(const image::Image& map) {
    double total = 0;
    std::array<double, 2> at{};
    for (std::int64_t row = 0; row < map.rows; ++row) {
        for (std::int64_t col = 0; col < map.cols; ++col) {
            const auto f = static_cast<double>(map.at(row, col));
            total += f;
            at[0] += f * static_cast<double>(col);
            at[1] += f * static_cast<double>(row);
        }
    }
    return {at[0] / total, at[1] / total};
}

TEST(HaloLayer, maps_show_the_box_along_their_axes) {
    SkySettings settings = eventful();
    settings.sheath_layer = false;
    BoxHalo halo = synthetic::halo(2e14);
    halo.position_mpc = {12, 20, 28};
    const HaloMaps maps = paint(settings, {halo});
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const auto at = centre_of_light(maps.inside_r100[axis]);
        const double reach_px = halo.r100_mpc * (1 + synthetic::z) * map_px / synthetic::box_mpc;
        EXPECT_NEAR(at[0], halo.position_mpc[(axis + 1) % 3] * map_px / 40 - 0.5, reach_px);
        EXPECT_NEAR(at[1], halo.position_mpc[(axis + 2) % 3] * map_px / 40 - 0.5, reach_px);
    }
}

TEST(HaloLayer, goes_on_at_the_opposite_edge) {
    const SkySettings settings = eventful();
    Mesh flat = make_mesh(16, 1);
    const auto maps_at = [&](double place) {
        BoxHalo halo = synthetic::halo();
        halo.position_mpc = {place, place, place};
        return paint_haloes(settings,
                            {Cosmology{}, {halo}, flat, synthetic::box_mpc, synthetic::z, 1},
                            map_px, 1, 2);
    };
    const HaloMaps middle = maps_at(20);
    const HaloMaps corner = maps_at(0);
    const image::Image& a = middle.outside_r100[1];
    const image::Image& b = corner.outside_r100[1];
    EXPECT_NEAR(sum(a) / sum(b), 1, 1e-3);
    const float brightest = *std::max_element(a.pixels.begin(), a.pixels.end());
    double off = 0;
    for (std::int64_t row = 0; row < map_px; ++row) {
        for (std::int64_t col = 0; col < map_px; ++col) {
            off = std::max(off,
                           static_cast<double>(std::fabs(
                               a.at((row + 200) % map_px, (col + 200) % map_px) - b.at(row, col))));
        }
    }
    // Rounding moves a point to the next pixel now and then.
    EXPECT_LT(off, 0.02 * static_cast<double>(brightest));
}

TEST(HaloLayer, does_not_depend_on_the_efficiency) {
    SkySettings settings = eventful();
    const auto map = paint(settings, {synthetic::halo()}).outside_r100[2].pixels;
    settings.xi_e *= 3;
    EXPECT_EQ(map, paint(settings, {synthetic::halo()}).outside_r100[2].pixels);
}

TEST(HaloLayer, layers_can_be_switched_off_and_add_up) {
    SkySettings fronts = eventful();
    fronts.sheath_layer = false;
    SkySettings sheaths = eventful();
    sheaths.halo_layer = false;
    SkySettings none = fronts;
    none.halo_layer = false;
    const auto total = [](const HaloMaps& maps) { return sum(maps.outside_r100[0]); };
    const double both = total(paint(eventful(), {synthetic::halo()}));
    const double first = total(paint(fronts, {synthetic::halo()}));
    const double second = total(paint(sheaths, {synthetic::halo()}));
    EXPECT_GT(first, 0);
    EXPECT_GT(second, 0);
    EXPECT_NEAR((first + second) / both, 1, 1e-4);
    EXPECT_EQ(total(paint(none, {synthetic::halo()})), 0);
}

TEST(HaloLayer, light_haloes_stay_dark) {
    EXPECT_EQ(sum(paint(eventful(), {synthetic::halo(2e13)}).outside_r100[0]), 0);
}

TEST(HaloLayer, grain_stays_below_a_tenth_where_labels_are_set) {
    SkySettings settings;
    settings.f_merge = 3;
    const auto coarse = paint(settings, {synthetic::halo(4e14)});
    constexpr double finer = 3;
    settings.points_per_beam *= finer;
    const auto fine = paint(settings, {synthetic::halo(4e14)});
    constexpr float faintest_label = 1e-8F / 0.02F;
    double squares = 0;
    int n = 0;
    for (std::size_t i = 0; i < fine.outside_r100[0].pixels.size(); ++i) {
        const float expected = fine.outside_r100[0].pixels[i];
        if (expected > faintest_label) {
            squares +=
                std::pow(static_cast<double>(coarse.outside_r100[0].pixels[i] / expected - 1), 2);
            ++n;
        }
    }
    ASSERT_GT(n, 300);
    // The finer map has its own grain.
    EXPECT_LT(std::sqrt(squares / n / (1 + 1 / finer)), 0.1);
}

TEST(HaloLayer, refuses_settings_that_do_not_fit) {
    SkySettings settings;
    settings.resolution_arcsec = settings.pixel_arcsec;
    EXPECT_THROW(paint(settings, {synthetic::halo()}), base::UsageError);
}

TEST(HaloLayer, refuses_a_halo_that_would_meet_itself_around_the_box) {
    BoxHalo giant = synthetic::halo();
    giant.r200_mpc = 10;
    EXPECT_THROW(paint(SkySettings{}, {giant}), base::UsageError);
}

}  // namespace
}  // namespace faintweb::sky
