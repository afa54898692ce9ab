// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/box_halo.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace faintweb::sky {
namespace {

constexpr double box_mpc = 48;
constexpr int n_mesh = 48;

using Point = std::array<double, 3>;

/// Adds an isothermal sphere with a core of a fifth of a cell, whose mean density inside radius is
/// 100; each cell holds the mean of 5^3 points.
void add_halo(Mesh& mesh, const Point& centre, double radius) {
    constexpr double core = 0.2;
    const double strength =
        100 * std::pow(radius, 3) / (3 * (radius - core * std::atan(radius / core)));
    constexpr int n_points = 5;
    for (int i = 0; i < mesh.n; ++i) {
        for (int j = 0; j < mesh.n; ++j) {
            for (int k = 0; k < mesh.n; ++k) {
                if (std::abs(std::remainder(i - centre[0], mesh.n)) > 2 * radius + 1 ||
                    std::abs(std::remainder(j - centre[1], mesh.n)) > 2 * radius + 1 ||
                    std::abs(std::remainder(k - centre[2], mesh.n)) > 2 * radius + 1) {
                    continue;
                }
                double total = 0;
                for (int point = 0; point < n_points * n_points * n_points; ++point) {
                    const auto shift = [](int p) { return (p + 0.5) / n_points - 0.5; };
                    const double x = std::remainder(i + shift(point / 25) - centre[0], mesh.n);
                    const double y = std::remainder(j + shift(point / 5 % 5) - centre[1], mesh.n);
                    const double z = std::remainder(k + shift(point % 5) - centre[2], mesh.n);
                    const double r2 = x * x + y * y + z * z;
                    // Cut at twice the radius, so that haloes add up to little elsewhere.
                    total += r2 < 4 * radius * radius ? strength / (r2 + core * core) : 0;
                }
                mesh.at(i, j, k) += static_cast<float>(total / std::pow(n_points, 3));
            }
        }
    }
}

double mass_msun(double radius_mpc) {
    return 4 * std::numbers::pi / 3 * 100 * Cosmology{}.matter_density_msun_mpc3() *
           std::pow(radius_mpc, 3);
}

double distance(const BoxHalo& halo, const Point& point) {
    double sum = 0;
    for (std::size_t a = 0; a < 3; ++a) {
        sum += std::pow(std::remainder(halo.position_mpc[a] - point[a], box_mpc), 2);
    }
    return std::sqrt(sum);
}

TEST(FindHaloes, gives_place_and_mass_of_spheres_also_across_the_edge) {
    Mesh mesh = make_mesh(n_mesh, 0.2F);
    const std::vector<std::pair<Point, double>> made = {
        {{0.3, 47.6, 20.2}, 7.3}, {{24.5, 24.4, 24.1}, 4.4}, {{10, 12.2, 40.3}, 2.6}};
    for (const auto& [centre, radius] : made) {
        add_halo(mesh, centre, radius);
    }
    const auto haloes = find_haloes(Cosmology{}, mesh, box_mpc, 2);
    ASSERT_EQ(haloes.size(), made.size());
    for (std::size_t h = 0; h < made.size(); ++h) {
        EXPECT_EQ(haloes[h].id, h);
        EXPECT_LT(distance(haloes[h], made[h].first), 0.3);
        EXPECT_NEAR(haloes[h].mesh_mass_msun / mass_msun(made[h].second), 1, 0.06);
        for (const double position : haloes[h].position_mpc) {
            EXPECT_GE(position, 0);
            EXPECT_LT(position, box_mpc);
        }
    }
}

TEST(FindHaloes, small_spheres_have_masses_that_do_not_jump) {
    double before = 0;
    for (const double radius : {1.6, 1.7, 1.8, 1.9, 2.0, 2.1, 2.2}) {
        Mesh mesh = make_mesh(16, 0.2F);
        add_halo(mesh, {8.2, 8.3, 7.9}, radius);
        const auto haloes = find_haloes(Cosmology{}, mesh, 16, 1);
        ASSERT_EQ(haloes.size(), 1U);
        EXPECT_NEAR(haloes[0].mesh_mass_msun / mass_msun(radius), 1, 0.25) << radius;
        EXPECT_GT(haloes[0].mesh_mass_msun, 1.05 * before);
        before = haloes[0].mesh_mass_msun;
    }
}

TEST(FindHaloes, a_peak_inside_a_denser_halo_is_part_of_it) {
    Mesh mesh = make_mesh(n_mesh, 0.2F);
    add_halo(mesh, {20, 20, 20}, 8);
    mesh.at(24, 20, 20) += 300;
    mesh.at(40, 40, 40) = 3000;
    const auto haloes = find_haloes(Cosmology{}, mesh, box_mpc, 2);
    ASSERT_EQ(haloes.size(), 2U);
    EXPECT_LT(distance(haloes[0], {20, 20, 20}), 0.3);
    EXPECT_LT(distance(haloes[1], {40, 40, 40}), 0.1);
}

TEST(FindHaloes, higher_sphere_density_gives_smaller_spheres) {
    Mesh mesh = make_mesh(n_mesh, 0);
    add_halo(mesh, {20, 20, 20}, 9);
    const auto wide = find_haloes(Cosmology{}, mesh, box_mpc, 1);
    const auto narrow = find_haloes(Cosmology{}, mesh, box_mpc, 1, 400);
    ASSERT_EQ(wide.size(), 1U);
    ASSERT_EQ(narrow.size(), 1U);
    // Mass inside r grows as r, and the mean density falls as its square: 0.5, but for the core,
    // with which (r - 0.3) / r^3 is four times as large at r = 4.42 as at 9.
    EXPECT_NEAR(narrow[0].mesh_mass_msun / wide[0].mesh_mass_msun, 4 * std::pow(4.42 / 9, 3), 0.02);
}

TEST(FindHaloes, equal_neighbours_are_one_peak_and_low_ones_none) {
    Mesh mesh = make_mesh(16, 0.5F);
    mesh.at(3, 4, 15) = 2000;
    mesh.at(3, 4, 0) = 2000;
    mesh.at(10, 10, 10) = 11.9F;
    EXPECT_EQ(find_haloes(Cosmology{}, mesh, 16, 1).size(), 1U);
    EXPECT_TRUE(find_haloes(Cosmology{}, make_mesh(16, 1), 16, 1).empty());
    EXPECT_TRUE(find_haloes(Cosmology{}, make_mesh(16, 50), 16, 1).empty());
}

TEST(FindHaloes, are_the_same_for_any_number_of_threads) {
    Mesh mesh = make_mesh(32, 0.3F);
    for (std::size_t i = 0; i < mesh.cells.size(); i += 97) {
        mesh.cells[i] = static_cast<float>(i % 1009) * 5;
    }
    smooth_periodic(mesh, 0.8, 1);
    const auto one = find_haloes(Cosmology{}, mesh, box_mpc, 1);
    ASSERT_GT(one.size(), 50U);
    for (const int n_threads : {2, 5}) {
        const auto other = find_haloes(Cosmology{}, mesh, box_mpc, n_threads);
        ASSERT_EQ(one.size(), other.size());
        for (std::size_t h = 0; h < one.size(); ++h) {
            EXPECT_EQ(one[h].position_mpc, other[h].position_mpc);
            EXPECT_EQ(one[h].mesh_mass_msun, other[h].mesh_mass_msun);
        }
    }
}

TEST(MatchAbundance, counts_above_each_mass_are_the_rank) {
    const Cosmology cosmology;
    const MassFunction function(cosmology);
    constexpr double z = 0.2;
    std::vector<BoxHalo> haloes(300);
    match_abundance(cosmology, function, 100, z, haloes);
    for (const std::size_t rank : {0, 1, 10, 299}) {
        const BoxHalo& halo = haloes[rank];
        const double n_greater = function.n_greater_per_mpc3(halo.mass_msun, z) * 1e6;
        EXPECT_NEAR(n_greater / (static_cast<double>(rank) + 0.5), 1, 1e-6);
        const double inside_r200 = 4 * std::numbers::pi / 3 * std::pow(halo.r200_mpc, 3) * 200 *
                                   critical_density_msun_mpc3(cosmology, z);
        EXPECT_NEAR(inside_r200 / (0.72 * halo.mass_msun), 1, 1e-9);
        EXPECT_NEAR(halo.r100_mpc / halo.r200_mpc, 1.33, 1e-9);
    }
}

}  // namespace
}  // namespace faintweb::sky
