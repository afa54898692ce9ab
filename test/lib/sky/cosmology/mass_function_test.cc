// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/cosmology/mass_function.h"

#include <cmath>

#include <gtest/gtest.h>

#include "test/lib/sky/cosmology/reference_table.h"

namespace faintweb::sky {
namespace {

TEST(MassFunction, sheth_tormen_counts_at_redshift_0_06) {
    const MassFunction function(Cosmology{});
    EXPECT_NEAR(function.n_greater_per_mpc3(1e14, 0.06), 1.39e-5, 0.03 * 1.39e-5);
    EXPECT_NEAR(function.n_greater_per_mpc3(3e14, 0.06), 2.5e-6, 0.03 * 2.5e-6);
}

TEST(MassFunction, agrees_with_genmf) {
    // log10 of mass in Msun/h, of dn/dlog10 M and of n(>M) in (h/Mpc)^3, as genmf computes them
    // from CAMB's power spectrum with delta_c = 1.686 (hmf's tests, tests/test_genmf.py).
    FAINTWEB_READ_OR_SKIP(table, "hmf-ref-ST_z0.txt");
    Cosmology cosmology;
    cosmology.omega_matter = 0.3;
    cosmology.omega_baryon = 0.05;
    cosmology.h = 0.7;
    cosmology.sigma8 = 0.8;
    cosmology.spectral_index = 1;
    cosmology.t_cmb_k = 2.725;
    const MassFunction function(cosmology);
    int n_compared = 0;
    for (const auto& row : table) {
        const double mass_msun = std::pow(10, row[0]) / cosmology.h;
        if (mass_msun < 1.01e11 || row[0] > 15.5) {
            continue;
        }
        const double expected = std::pow(10, row[2]) * std::pow(cosmology.h, 3);
        // The fitted transfer function is off by up to 0.6 % in sigma at galaxies and clusters.
        EXPECT_NEAR(function.n_greater_per_mpc3(mass_msun, 0) / expected, 1, 0.03)
            << "log10 M = " << row[0];
        ++n_compared;
    }
    EXPECT_GT(n_compared, 400);
}

TEST(MassFunction, masses_are_the_inverse_of_the_counts) {
    const MassFunction function(Cosmology{});
    const std::vector<double> masses{1.5e11, 2e12, 3e13, 4e14, 1e15};
    std::vector<double> counts;
    for (const double mass : masses) {
        counts.push_back(function.n_greater_per_mpc3(mass, 0.2));
    }
    const auto back = function.masses_at_n_greater(counts, 0.2);
    for (std::size_t i = 0; i < masses.size(); ++i) {
        EXPECT_NEAR(back[i] / masses[i], 1, 1e-10);
    }
    // Beyond the table the masses are held at its ends.
    const auto held = function.masses_at_n_greater({1e9, 1e-99}, 0.2);
    EXPECT_NEAR(held[0] / 1e11, 1, 1e-10);
    EXPECT_NEAR(held[1] / 1e16, 1, 1e-10);
}

TEST(MassFunction, fewer_haloes_at_higher_mass_and_earlier) {
    const MassFunction function(Cosmology{});
    const auto table = function.n_greater_table(0.3);
    ASSERT_EQ(table.size(), function.masses_msun().size());
    for (std::size_t i = 1; i < table.size(); ++i) {
        EXPECT_LT(table[i], table[i - 1]);
        EXPECT_GT(table[i], 0);
    }
    EXPECT_LT(function.n_greater_per_mpc3(1e14, 0.5), function.n_greater_per_mpc3(1e14, 0.1));
}

}  // namespace
}  // namespace faintweb::sky
