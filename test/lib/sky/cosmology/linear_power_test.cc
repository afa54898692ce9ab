// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/cosmology/linear_power.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "test/lib/sky/cosmology/reference_table.h"

namespace faintweb::sky {
namespace {

using Table = std::vector<std::vector<double>>;

/// sigma8 of a table of k in h/Mpc and P in (Mpc/h)^3, by a sum of its own.
double sigma8_of(const Table& table) {
    const auto variance_per_ln_k = [](const std::vector<double>& row) {
        const double x = 8 * row[0];
        const double window = x < 1e-3 ? 1 : 3 * (std::sin(x) - x * std::cos(x)) / (x * x * x);
        return std::pow(row[0], 3) * row[1] * window * window /
               (2 * std::numbers::pi * std::numbers::pi);
    };
    double sum = 0;
    for (std::size_t i = 1; i < table.size(); ++i) {
        sum += (variance_per_ln_k(table[i - 1]) + variance_per_ln_k(table[i])) / 2 *
               std::log(table[i][0] / table[i - 1][0]);
    }
    return std::sqrt(sum);
}

/// Compares P(k) with a table of CAMB's, k in h/Mpc and P in (Mpc/h)^3, with its own sigma8.
void expect_power_as_in(const Table& table, Cosmology cosmology) {
    const double table_sigma8 = sigma8_of(table);
    // That the table has the sigma8 that belongs to these parameters shows that its columns have
    // these units.
    EXPECT_NEAR(table_sigma8, cosmology.sigma8, 2e-4);
    cosmology.sigma8 = table_sigma8;
    const LinearPower power(cosmology);
    int n_compared = 0;
    for (const auto& row : table) {
        const double k = row[0];
        if (k < 1e-4 || k > 30) {
            continue;
        }
        const bool is_acoustic = k > 0.02 && k < 0.35;
        const double ours = power.power_mpc3(k * cosmology.h) * std::pow(cosmology.h, 3);
        EXPECT_NEAR(ours / row[1], 1, is_acoustic ? 0.05 : 0.03) << "k = " << k << " h/Mpc";
        ++n_compared;
    }
    EXPECT_GT(n_compared, 200);
}

TEST(LinearPower, agrees_with_camb_for_planck_2015) {
    FAINTWEB_READ_OR_SKIP(table, "planck_camb_matterpower_z0.dat");
    // MP-Gadget (examples/fastpm-compat/paramfile.genic) and FastPM use the table with Omega_m =
    // 0.307494 and h = 0.6774. That is Planck 2015 (A&A 594, A13), table 4, last column:
    // Omega_b h^2 = 0.0223, Omega_c h^2 = 0.1188, n_s = 0.9667, sigma8 = 0.8159, no massive
    // neutrinos. (The OmegaBaryon = 0.0464 of that file does not enter the table.)
    Cosmology planck;
    planck.h = 0.6774;
    planck.omega_matter = (0.0223 + 0.1188) / (planck.h * planck.h);
    planck.omega_baryon = 0.0223 / (planck.h * planck.h);
    planck.spectral_index = 0.9667;
    planck.sigma8 = 0.8159;
    EXPECT_NEAR(planck.omega_matter, 0.307494, 1e-5);
    expect_power_as_in(table, planck);
}

/// The parameters of hmf's tests (tests/test_genmf.py).
Cosmology hmf_cosmology() {
    Cosmology cosmology;
    cosmology.omega_matter = 0.3;
    cosmology.omega_baryon = 0.05;
    cosmology.h = 0.7;
    cosmology.sigma8 = 0.8;
    cosmology.spectral_index = 1;
    cosmology.t_cmb_k = 2.725;
    return cosmology;
}

TEST(LinearPower, agrees_with_camb_for_the_parameters_of_hmf) {
    FAINTWEB_READ_OR_SKIP(table, "hmf-camb-power.dat");
    expect_power_as_in(table, hmf_cosmology());
}

TEST(LinearPower, transfer_agrees_with_camb) {
    FAINTWEB_READ_OR_SKIP(table, "hmf-camb-transfer.dat");
    // k in h/Mpc; delta/k^2 in CAMB's own scale, so divided by the first row (k -> 0).
    const Cosmology cosmology = hmf_cosmology();
    const MatterTransfer transfer(cosmology);
    for (const auto& row : table) {
        if (row[0] < 1e-4 || row[0] > 30) {
            continue;
        }
        const bool is_acoustic = row[0] > 0.02 && row[0] < 0.35;
        EXPECT_NEAR(transfer(row[0] * cosmology.h) / (row[1] / table.front()[1]), 1,
                    is_acoustic ? 0.025 : 0.02)
            << "k = " << row[0] << " h/Mpc";
    }
}

TEST(LinearPower, sigma8_is_recovered) {
    EXPECT_NEAR(LinearPower(Cosmology{}).sigma(8 / Cosmology{}.h), Cosmology{}.sigma8, 1e-12);
}

TEST(LinearPower, sigma_is_the_integral_of_the_power) {
    const LinearPower power{Cosmology{}};
    for (const double radius : {0.5, 8.0, 40.0}) {
        // The midpoint rule in k, on another grid than the one of sigma().
        double variance = 0;
        const double step = 0.01 / radius;
        for (double k = step / 2; k < 200 / radius; k += step) {
            const double x = k * radius;
            const double window = 3 * (std::sin(x) - x * std::cos(x)) / (x * x * x);
            variance += step * k * k * power.power_mpc3(k) * window * window;
        }
        const double sigma = std::sqrt(variance / (2 * std::numbers::pi * std::numbers::pi));
        EXPECT_NEAR(power.sigma(radius) / sigma, 1, 1e-4) << "R = " << radius << " Mpc";
    }
}

TEST(LinearPower, transfer_is_one_on_large_scales_and_falls) {
    const MatterTransfer transfer{Cosmology{}};
    EXPECT_NEAR(transfer(1e-5), 1, 1e-3);
    double before = 1;
    for (const double k : {1e-3, 1e-2, 0.3, 1.0, 10.0, 100.0}) {
        const double now = transfer(k);
        EXPECT_LT(now, before) << "k = " << k;
        EXPECT_GT(now, 0);
        before = now;
    }
    // Far below the horizon cold matter gives T ~ ln(k) / k^2.
    EXPECT_NEAR(transfer(200) / transfer(100), 0.25 * 1.09, 0.25 * 0.05);
}

}  // namespace
}  // namespace faintweb::sky
