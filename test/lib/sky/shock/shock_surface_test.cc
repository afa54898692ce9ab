// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/shock_surface.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>

#include <gtest/gtest.h>

#include "lib/sky/shock/surface_points.h"
#include "test/lib/sky/shock/synthetic_box.h"

namespace faintweb::sky {
namespace {

/// A halo with all that its surfaces need.
struct Case {
    Mesh density = synthetic::density();
    BoxHalo halo;
    HaloGas gas;
    Surroundings around;

    Case(const SkySettings& settings, double mass_msun) : halo(synthetic::halo(mass_msun)) {
        gas = make_halo_gas(Cosmology{}, settings, halo, synthetic::z);
        around = survey_surroundings(halo, density, synthetic::box_mpc, synthetic::z);
    }
    std::vector<ShockSurface> surfaces(const SkySettings& settings, std::uint64_t key) const {
        return make_surfaces(settings, halo, gas, around, 1, key);
    }
};

/// Surfaces of every kind.
std::vector<ShockSurface> many_surfaces(const SkySettings& settings, const Case& c) {
    std::vector<ShockSurface> all;
    for (std::uint64_t key = 0; key < 6; ++key) {
        const auto some = c.surfaces(settings, key);
        std::copy(some.begin(), some.end(), std::back_inserter(all));
    }
    return all;
}

SkySettings eventful() {
    SkySettings settings;
    settings.p_core = 1;
    settings.f_merge = 3;
    return settings;
}

TEST(ShockSurface, fast_points_agree_with_the_plain_ones) {
    const SkySettings settings = eventful();
    SurfacePoints points{};
    std::array<int, 3> n_shining{};
    for (const double mass_msun : {5e13, 1e15}) {
        const Case c(settings, mass_msun);
        const HaloScene scene{settings, c.gas, c.around};
        for (const ShockSurface& surface : many_surfaces(settings, c)) {
            constexpr std::uint32_t total = 5000;
            constexpr std::uint32_t n = 100;
            for (const std::uint32_t first : {0U, 2400U, total - n}) {
                sample_surface(scene, surface, {first, n, total}, points);
                double light = 0;
                double plain_light = 0;
                for (std::uint32_t i = 0; i < n; ++i) {
                    const SurfacePoint plain = reference_point(scene, surface, first + i, total);
                    if (plain.light == 0) {
                        continue;
                    }
                    ++n_shining[static_cast<std::size_t>(surface.kind)];
                    const double size =
                        static_cast<double>(surface.radius_mpc + surface.length_mpc);
                    for (std::size_t axis = 0; axis < 3; ++axis) {
                        ASSERT_NEAR(static_cast<double>(points.place_mpc[axis][i]),
                                    plain.place_mpc[axis], 2e-3 * size);
                    }
                    light += static_cast<double>(points.light[i]);
                    plain_light += plain.light;
                    if (plain.light > 1e-20) {
                        ASSERT_NEAR(static_cast<double>(points.light[i]) / plain.light, 1, 0.02);
                    }
                }
                if (plain_light > 1e-20) {
                    ASSERT_NEAR(light / plain_light, 1, 5e-3);
                }
            }
        }
    }
    for (const int n : n_shining) {
        EXPECT_GT(n, 1000);
    }
}

TEST(ShockSurface, light_does_not_depend_on_the_number_of_points) {
    const SkySettings settings = eventful();
    const Case c(settings, 6e14);
    SurfacePoints points{};
    double largest = 0;
    for (const ShockSurface& surface : c.surfaces(settings, 1)) {
        double sums[2] = {0, 0};
        const std::uint32_t totals[2] = {60000, 120000};
        for (std::size_t k = 0; k < 2; ++k) {
            for (std::uint32_t first = 0; first < totals[k]; first += SurfacePoints::capacity) {
                const std::uint32_t n = std::min(SurfacePoints::capacity, totals[k] - first);
                sample_surface({settings, c.gas, c.around}, surface, {first, n, totals[k]}, points);
                for (std::uint32_t i = 0; i < n; ++i) {
                    sums[k] += static_cast<double>(points.light[i]);
                }
            }
        }
        largest = std::max(largest, sums[1]);
        // Depths are random and weighted: sqrt(1/3 / n), with n the points on the bright part.
        EXPECT_NEAR(sums[0], sums[1], 0.025 * sums[1] + 1e-3 * largest);
    }
    EXPECT_GT(largest, 1e-8);
}

TEST(ShockSurface, no_point_leaves_the_reach_of_its_halo) {
    SkySettings settings = eventful();
    settings.r_max = 5;
    const Case c(settings, 6e14);
    SurfacePoints points{};
    const auto reach = static_cast<float>(shock_reach_mpc(settings, c.gas.r200_mpc));
    for (const ShockSurface& surface : many_surfaces(settings, c)) {
        if (surface.kind == SurfaceKind::sheath) {
            continue;
        }
        sample_surface({settings, c.gas, c.around}, surface, {0, 256, 256}, points);
        for (std::size_t i = 0; i < 256; ++i) {
            const float r =
                std::hypot(points.place_mpc[0][i], points.place_mpc[1][i], points.place_mpc[2][i]);
            ASSERT_LE(r, reach);
        }
    }
}

TEST(ShockSurface, sheaths_follow_the_filament) {
    const SkySettings settings;
    const Case c(settings, 6e14);
    SurfacePoints points{};
    int n_sheaths = 0;
    for (const ShockSurface& surface : c.surfaces(settings, 1)) {
        if (surface.kind != SurfaceKind::sheath) {
            continue;
        }
        ++n_sheaths;
        sample_surface({settings, c.gas, c.around}, surface, {0, 256, 256}, points);
        for (std::size_t i = 0; i < 256; ++i) {
            EXPECT_LT(std::hypot(points.place_mpc[1][i], points.place_mpc[2][i]),
                      1.2 * c.gas.r200_mpc);
            EXPECT_GT(std::fabs(points.place_mpc[0][i]), 0.5 * c.gas.r200_mpc);
        }
        for (const auto& node : surface.ridge) {
            const float dot = node.axis_u[0] * node.axis_v[0] + node.axis_u[1] * node.axis_v[1] +
                              node.axis_u[2] * node.axis_v[2];
            EXPECT_NEAR(dot, 0, 1e-5);
        }
    }
    EXPECT_EQ(n_sheaths, 2);
    SkySettings none;
    none.min_sheath_mass_msun = 7e14;
    for (const ShockSurface& surface : c.surfaces(none, 1)) {
        EXPECT_NE(surface.kind, SurfaceKind::sheath);
    }
}

TEST(ShockSurface, every_halo_has_one_shell_and_axes_are_orthonormal) {
    const SkySettings settings = eventful();
    const Case c(settings, 6e14);
    const auto dot = [](const Vector3& a, const Vector3& b) {
        return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    };
    int n_shells = 0;
    for (const ShockSurface& s : c.surfaces(settings, 1)) {
        n_shells += s.kind == SurfaceKind::shell;
        EXPECT_NEAR(dot(s.axis_u, s.axis_u), 1, 1e-5);
        EXPECT_NEAR(dot(s.axis_v, s.axis_v), 1, 1e-5);
        EXPECT_NEAR(dot(s.axis_w, s.axis_w), 1, 1e-5);
        EXPECT_NEAR(dot(s.axis_u, s.axis_v), 0, 1e-5);
        EXPECT_NEAR(dot(s.axis_u, s.axis_w), 0, 1e-5);
        EXPECT_NEAR(dot(s.axis_v, s.axis_w), 0, 1e-5);
    }
    EXPECT_EQ(n_shells, 1);
}

TEST(ShockSurface, number_of_mergers_follows_f_merge) {
    SkySettings settings;
    settings.p_inlet = 0;
    settings.p_core = 0;
    const Case c(settings, 2e14);
    const auto count = [&](double f_merge) {
        settings.f_merge = f_merge;
        double n = 0;
        for (std::uint64_t key = 0; key < 200; ++key) {
            for (const ShockSurface& surface : c.surfaces(settings, key)) {
                n += surface.kind == SurfaceKind::front;
            }
        }
        return n;
    };
    EXPECT_EQ(count(0), 0);
    EXPECT_NEAR(count(4) / count(2), 2, 0.25);
}

TEST(ShockSurface, more_core_shocks_leave_the_other_surfaces_alone) {
    SkySettings settings;
    settings.f_merge = 20;
    const Case c(settings, 2e14);
    settings.p_core = 0;
    const auto without = c.surfaces(settings, 3);
    settings.p_core = 1;
    const auto with = c.surfaces(settings, 3);
    ASSERT_GT(with.size(), without.size());
    auto at = with.begin();
    for (const ShockSurface& surface : without) {
        at = std::find_if(at, with.end(),
                          [&](const ShockSurface& s) { return s.key == surface.key; });
        ASSERT_NE(at, with.end());
        EXPECT_EQ(at->axis_w, surface.axis_w);
        EXPECT_EQ(at->speed_km_s, surface.speed_km_s);
    }
}

TEST(HaloGas, holds_its_share_of_baryons_inside_r200) {
    const SkySettings settings;
    const BoxHalo halo = synthetic::halo();
    const HaloGas gas = make_halo_gas(Cosmology{}, settings, halo, synthetic::z);
    // Electrons to Msun: 1.14 proton masses each; 1 cm^-3 = 2.822e16 Msun/Mpc^3 of them.
    double mass = 0;
    for (int i = 0; i < 1000; ++i) {
        const double x = (i + 0.5) / 1000;
        mass += 4 * 3.14159265 * x * x * 1e-3 * std::pow(gas.r200_mpc, 3) *
                gas.central_density_cm3 * density_profile(x) * 2.817e16;
    }
    EXPECT_NEAR(mass / (0.72 * halo.mass_msun), 0.9 * 0.0478 / 0.308, 0.002);
}

}  // namespace
}  // namespace faintweb::sky
