// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/filament.h"

#include <cmath>
#include <cstddef>

#include <gtest/gtest.h>

#include "test/lib/sky/shock/synthetic_box.h"

namespace faintweb::sky {
namespace {

TEST(Filament, directions_point_along_the_only_filament) {
    const Mesh density = synthetic::density();
    const Surroundings around =
        survey_surroundings(synthetic::halo(), density, synthetic::box_mpc, synthetic::z);
    const auto filaments = filament_directions(around);
    ASSERT_EQ(filaments.size(), 2U);
    for (const Vector3& f : filaments) {
        EXPECT_GT(std::fabs(f[0]), 0.95F);
        EXPECT_NEAR(std::hypot(f[0], f[1], f[2]), 1, 1e-5);
    }
    EXPECT_LT(filaments[0][0] * filaments[1][0], 0);
}

TEST(Filament, a_halo_without_filaments_still_has_one_direction) {
    Mesh flat = make_mesh(16, 1);
    const Surroundings around =
        survey_surroundings(synthetic::halo(), flat, synthetic::box_mpc, synthetic::z);
    EXPECT_EQ(filament_directions(around).size(), 1U);
}

TEST(Filament, a_ridge_stays_on_its_filament) {
    const Mesh density = synthetic::density();
    const Surroundings around =
        survey_surroundings(synthetic::halo(), density, synthetic::box_mpc, synthetic::z);
    // Starts 25 deg off.
    const Ridge ridge = follow_ridge(around, {0.906F, 0.423F, 0});
    ASSERT_GT(ridge.places_mpc.size(), 8U);
    EXPECT_EQ(ridge.places_mpc.size(), ridge.density.size());
    for (std::size_t i = 1; i < ridge.places_mpc.size(); ++i) {
        const Vector3& a = ridge.places_mpc[i - 1];
        const Vector3& b = ridge.places_mpc[i];
        EXPECT_NEAR(std::hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]), ridge.step_mpc, 1e-4);
        // It swings about the ridge, within the filament's width.
        EXPECT_LT(std::hypot(b[1], b[2]), i < 6 ? 1.6F : 0.8F);
    }
}

TEST(Filament, a_ridge_ends_in_a_void) {
    Mesh flat = make_mesh(16, 1);
    const Surroundings around =
        survey_surroundings(synthetic::halo(), flat, synthetic::box_mpc, synthetic::z);
    EXPECT_EQ(follow_ridge(around, {1, 0, 0}).places_mpc.size(), 2U);
}

TEST(Surroundings, radial_mean_is_that_of_the_profile) {
    constexpr int n = 64;
    Mesh mesh = make_mesh(n);
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k < n; ++k) {
                const double r = std::hypot(i - 32, j - 32, k - 32) * synthetic::box_mpc / n;
                mesh.at(i, j, k) = static_cast<float>(1 + r);
            }
        }
    }
    const BoxHalo halo = synthetic::halo();
    const Surroundings around = survey_surroundings(halo, mesh, synthetic::box_mpc, synthetic::z);
    for (const double x : {1.0, 2.3, 4.1}) {
        const double r_comoving = x * halo.r200_mpc * (1 + synthetic::z);
        EXPECT_NEAR(around.mean_at(x), 1 + r_comoving, 0.1);
    }
}

}  // namespace
}  // namespace faintweb::sky
