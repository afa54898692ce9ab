// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/shock_finder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/sky/shock/emission.h"

namespace faintweb::sky {
namespace {

constexpr double kev_per_kelvin = 8.617333e-8;

GasMesh resting_gas(int n, float temperature_k) {
    return {.box_mpc = 10,
            .z = 0.1,
            .density = make_mesh(n, 1),
            .velocity_km_s = {make_mesh(n), make_mesh(n), make_mesh(n)},
            .temperature_k = make_mesh(n, temperature_k),
            .field_ug = {}};
}

/// Gas that runs into a wall: cold and fast before plane `at` along an axis, shocked and slower
/// from there to the middle of the box, then back again by a rarefaction.
GasMesh planar_shock(int n, std::size_t axis, int at, double mach, float temperature_k) {
    GasMesh gas = resting_gas(n, temperature_k);
    const double upstream_km_s = mach * sound_speed_km_s(temperature_k * kev_per_kelvin);
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k < n; ++k) {
                const int place = std::array{i, j, k}[axis];
                const bool is_behind = place >= at && place < at + n / 2;
                const double ratio = is_behind ? density_jump(mach) : 1;
                gas.density.at(i, j, k) = static_cast<float>(0.7 * ratio);
                gas.temperature_k.at(i, j, k) =
                    temperature_k * static_cast<float>(is_behind ? temperature_jump(mach) : 1);
                // In the frame of the front.
                gas.velocity_km_s[axis].at(i, j, k) = static_cast<float>(upstream_km_s / ratio);
            }
        }
    }
    return gas;
}

TEST(ShockFinder, finds_a_planar_shock_at_its_place_with_its_mach_number_one_cell_thick) {
    const int n = 16;
    const int at = 5;
    for (const double mach : {1.5, 2.0, 3.0, 8.0, 100.0}) {
        for (std::size_t axis = 0; axis < 3; ++axis) {
            const ShockMesh shocks = find_shocks(planar_shock(n, axis, at, mach, 3e4F), 2);
            for (int i = 0; i < n; ++i) {
                for (int j = 0; j < n; ++j) {
                    for (int k = 0; k < n; ++k) {
                        const bool is_front = std::array{i, j, k}[axis] == at;
                        ASSERT_NEAR(shocks.mach.at(i, j, k), is_front ? mach : 0, 2e-6 * mach)
                            << axis << ' ' << i << ' ' << j << ' ' << k;
                        ASSERT_EQ(shocks.upstream_density.at(i, j, k), is_front ? 0.7F : 0);
                        ASSERT_EQ(shocks.upstream_temperature_k.at(i, j, k), is_front ? 3e4F : 0);
                    }
                }
            }
        }
    }
}

TEST(ShockFinder, finds_a_shock_across_the_periodic_edge) {
    const ShockMesh shocks = find_shocks(planar_shock(16, 2, 0, 4, 1e6F), 1);
    EXPECT_NEAR(shocks.mach.at(3, 9, 0), 4, 1e-5);
    EXPECT_EQ(shocks.mach.at(3, 9, 15), 0);
    EXPECT_EQ(shocks.mach.at(3, 9, 1), 0);
}

TEST(ShockFinder, keeps_the_strongest_cell_of_a_smeared_front) {
    GasMesh gas = resting_gas(12, 1e4F);
    const std::array<float, 12> velocity{300, 300, 300, 270, 120, 20, 0, 0, 100, 200, 280, 300};
    for (std::size_t cell = 0; cell < gas.density.cells.size(); ++cell) {
        gas.velocity_km_s[1].cells[cell] = velocity[cell / 12 % 12];
    }
    const ShockMesh shocks = find_shocks(gas, 1);
    for (int j = 0; j < 12; ++j) {
        EXPECT_EQ(shocks.mach.at(2, j, 7) > 0, j == 4) << j;
    }
}

TEST(ShockFinder, calls_no_shock_what_expands_or_hardly_converges) {
    GasMesh gas = planar_shock(16, 0, 5, 1.2, 1e5F);
    ShockMesh shocks = find_shocks(gas, 1);
    EXPECT_EQ(*std::max_element(shocks.mach.cells.begin(), shocks.mach.cells.end()), 0);
    // Converges along x, but expands more along y.
    gas = resting_gas(16, 1e5F);
    for (int i = 4; i < 12; ++i) {
        for (int j = 4; j < 12; ++j) {
            for (int k = 0; k < 16; ++k) {
                gas.velocity_km_s[0].at(i, j, k) = -100 * static_cast<float>(i - 8);
                gas.velocity_km_s[1].at(i, j, k) = 110 * static_cast<float>(j - 8);
            }
        }
    }
    EXPECT_EQ(find_shocks(gas, 1).mach.at(5, 8, 8), 0);
    std::fill(gas.velocity_km_s[1].cells.begin(), gas.velocity_km_s[1].cells.end(), 0.0F);
    // Of equals in a row the first stays.
    shocks = find_shocks(gas, 1);
    EXPECT_GT(shocks.mach.at(5, 8, 8), 2);
    EXPECT_EQ(shocks.mach.at(8, 8, 8), 0);
}

TEST(ShockFinder, adds_jumps_along_several_axes) {
    // The jumps of Mach 3 and 2 shocks along x and y at one point: M^2 - 1 adds.
    const float temperature_k = 2e5F;
    GasMesh gas = resting_gas(8, temperature_k);
    const double sound_km_s = sound_speed_km_s(temperature_k * kev_per_kelvin);
    const auto jump = [&](double mach) {
        return static_cast<float>(0.75 * sound_km_s * (mach - 1 / mach));
    };
    gas.velocity_km_s[0].at(3, 4, 4) = jump(3);
    gas.velocity_km_s[1].at(4, 3, 4) = jump(2);
    EXPECT_NEAR(find_shocks(gas, 1).mach.at(4, 4, 4), std::sqrt(1.0 + 8 + 3), 1e-5);
}

TEST(ShockFinder, gives_the_same_bits_for_any_number_of_threads) {
    GasMesh gas = resting_gas(24, 1);
    base::RandomStream random(7, base::Purpose::test);
    for (std::size_t cell = 0; cell < gas.density.cells.size(); ++cell) {
        gas.density.cells[cell] = 10 * random.uniform();
        gas.temperature_k.cells[cell] = 1e4F + 1e6F * random.uniform();
        for (Mesh& v : gas.velocity_km_s) {
            v.cells[cell] = 400 * random.uniform();
        }
    }
    const ShockMesh one = find_shocks(gas, 1);
    EXPECT_GT(*std::max_element(one.mach.cells.begin(), one.mach.cells.end()), 2);
    for (const int n_threads : {2, 3}) {
        const ShockMesh more = find_shocks(gas, n_threads);
        EXPECT_EQ(one.mach.cells, more.mach.cells);
        EXPECT_EQ(one.upstream_density.cells, more.upstream_density.cells);
        EXPECT_EQ(one.upstream_temperature_k.cells, more.upstream_temperature_k.cells);
    }
}

}  // namespace
}  // namespace faintweb::sky
