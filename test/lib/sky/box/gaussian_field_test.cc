// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/gaussian_field.h"

#include <cmath>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

namespace faintweb::sky {
namespace {

/// Values of a field from its modes.
Mesh values(FourierMesh modes) {
    const int n = modes.n();
    MeshFft(n).backward(modes, 2);
    Mesh mesh{n, {}};
    const auto points = static_cast<float>(std::pow(n, 3));
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k < n; ++k) {
                mesh.cells.push_back(modes.row(i, j)[k] / points);
            }
        }
    }
    return mesh;
}

Mesh random_field(const LinearPower& power, double box_mpc, int n, std::uint64_t box_key) {
    return values(gaussian_field(power, box_mpc, n, 1, box_key, Amplitudes::random, 2));
}

double correlation(const Mesh& a, const Mesh& b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (std::size_t i = 0; i < a.cells.size(); ++i) {
        ab += static_cast<double>(a.cells[i]) * static_cast<double>(b.cells[i]);
        aa += static_cast<double>(a.cells[i]) * static_cast<double>(a.cells[i]);
        bb += static_cast<double>(b.cells[i]) * static_cast<double>(b.cells[i]);
    }
    return ab / std::sqrt(aa * bb);
}

/// Rms of the field in spheres, from its modes, which are those of the box and no others.
double sigma_of_modes(const FourierMesh& modes, double box_mpc, double radius_mpc) {
    const int n = modes.n();
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k <= n / 2; ++k) {
                const double waves =
                    std::sqrt(std::pow(modes.waves(i), 2) + std::pow(modes.waves(j), 2) + k * k);
                if (waves == 0) {
                    continue;
                }
                const double x = waves * 2 * std::numbers::pi / box_mpc * radius_mpc;
                const double window = 3 * (std::sin(x) - x * std::cos(x)) / (x * x * x);
                const double weight = k == 0 || k == n / 2 ? 1 : 2;
                sum +=
                    weight * window * window * static_cast<double>(std::norm(modes.modes(i, j)[k]));
            }
        }
    }
    return std::sqrt(sum) / std::pow(n, 3);
}

TEST(GaussianField, sigma8_of_a_fixed_amplitude_field_is_that_of_the_cosmology) {
    // The box has only the modes that fit into it and its mesh. In 500 Mpc the sum over them is the
    // integral over all but for the periodic images of the correlation function (its value at
    // 500 Mpc, below 1e-4) and for the waves below 8 Mpc, which the sphere of 11.8 Mpc averages
    // out.
    const Cosmology cosmology;
    const LinearPower power(cosmology);
    constexpr double box_mpc = 500;
    const FourierMesh field = gaussian_field(power, box_mpc, 128, 1, 0, Amplitudes::fixed, 2);
    EXPECT_NEAR(sigma_of_modes(field, box_mpc, 8 / cosmology.h) / cosmology.sigma8, 1, 1e-3);
}

TEST(GaussianField, fixed_amplitudes_have_the_power_that_was_asked_for_in_every_bin) {
    const LinearPower power{Cosmology{}};
    constexpr double box_mpc = 200;
    const Mesh field = values(gaussian_field(power, box_mpc, 64, 1, 0, Amplitudes::fixed, 2));
    const std::vector<PowerBin> bins = measure_power(field, box_mpc, false, 2);
    ASSERT_EQ(bins.size(), 32U);
    for (const PowerBin& bin : bins) {
        EXPECT_NEAR(bin.power_mpc3 / power.power_mpc3(bin.k_per_mpc), 1, 0.05)
            << "k = " << bin.k_per_mpc;
    }
}

TEST(GaussianField, random_amplitudes_scatter_about_the_power_that_was_asked_for) {
    const LinearPower power{Cosmology{}};
    constexpr double box_mpc = 200;
    int n_judged = 0;
    double sum_of_squares = 0;
    double n_sparse = 0;
    for (const PowerBin& bin :
         measure_power(random_field(power, box_mpc, 64, 0), box_mpc, false, 2)) {
        const double error = bin.power_mpc3 / power.power_mpc3(bin.k_per_mpc) - 1;
        if (bin.n_modes > 2000) {
            EXPECT_NEAR(error, 0, 0.05) << "k = " << bin.k_per_mpc;
            ++n_judged;
        } else {
            // Of N modes the mean power scatters by 1 / sqrt(N).
            EXPECT_NEAR(error, 0, 4 / std::sqrt(bin.n_modes)) << "k = " << bin.k_per_mpc;
            sum_of_squares += error * error * bin.n_modes;
            n_sparse += 1;
        }
    }
    EXPECT_GE(n_judged, 10);
    // It does scatter, and as much as it should.
    EXPECT_NEAR(sum_of_squares / n_sparse, 1, 0.8);
}

TEST(GaussianField, mean_variance_and_shape_are_those_of_a_gaussian) {
    const LinearPower power{Cosmology{}};
    constexpr int n = 64;
    constexpr double box_mpc = 50;
    const Mesh field = random_field(power, box_mpc, n, 0);
    // What the modes of the mesh add up to.
    double variance = 0;
    for (int i = -n / 2 + 1; i <= n / 2; ++i) {
        for (int j = -n / 2 + 1; j <= n / 2; ++j) {
            for (int k = -n / 2 + 1; k <= n / 2; ++k) {
                if (i != 0 || j != 0 || k != 0) {
                    const double waves = std::sqrt(static_cast<double>(i * i + j * j + k * k));
                    variance += power.power_mpc3(2 * std::numbers::pi / box_mpc * waves) /
                                std::pow(box_mpc, 3);
                }
            }
        }
    }
    double moments[5] = {};
    for (const float value : field.cells) {
        const double x = static_cast<double>(value) / std::sqrt(variance);
        for (int m = 1; m <= 4; ++m) {
            moments[m] += std::pow(x, m) / static_cast<double>(field.cells.size());
        }
    }
    EXPECT_NEAR(moments[1], 0, 1e-5);  // there is no mode of wavenumber 0
    // Neighbours are alike, so that fewer values count than there are.
    EXPECT_NEAR(moments[2], 1, 0.05);
    EXPECT_NEAR(moments[3], 0, 0.1);
    EXPECT_NEAR(moments[4], 3 * moments[2] * moments[2], 0.2);
}

TEST(GaussianField, other_keys_make_other_fields) {
    const LinearPower power{Cosmology{}};
    constexpr double box_mpc = 50;
    const Mesh field = random_field(power, box_mpc, 32, 0);
    for (const std::uint64_t box_key : {1U, 2U, 1000000U}) {
        // A few hundred large modes hold most of the variance.
        EXPECT_NEAR(correlation(field, random_field(power, box_mpc, 32, box_key)), 0, 0.15);
    }
    EXPECT_NEAR(
        correlation(field, values(gaussian_field(power, box_mpc, 32, 2, 0, Amplitudes::random, 2))),
        0, 0.15);
    // Fixing the amplitudes keeps the phases.
    EXPECT_GT(
        correlation(field, values(gaussian_field(power, box_mpc, 32, 1, 0, Amplitudes::fixed, 2))),
        0.8);
}

TEST(GaussianField, bits_do_not_depend_on_threads) {
    const LinearPower power{Cosmology{}};
    constexpr int n = 32;
    for (const Amplitudes amplitudes : {Amplitudes::random, Amplitudes::fixed}) {
        const FourierMesh one = gaussian_field(power, 100, n, 1, 0, amplitudes, 1);
        for (const int n_threads : {2, 3}) {
            const FourierMesh more = gaussian_field(power, 100, n, 1, 0, amplitudes, n_threads);
            for (int i = 0; i < n; ++i) {
                for (int j = 0; j < n; ++j) {
                    for (int k = 0; k <= n / 2; ++k) {
                        ASSERT_EQ(more.modes(i, j)[k], one.modes(i, j)[k]);
                    }
                }
            }
        }
    }
}

}  // namespace
}  // namespace faintweb::sky
