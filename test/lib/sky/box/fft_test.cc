// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/fft.h"

#include <cmath>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::sky {
namespace {

Mesh white_noise(int n, std::uint64_t seed) {
    Mesh mesh{n, std::vector<float>(static_cast<std::size_t>(n * n * n))};
    base::fill_normal(seed, base::Purpose::test, 0, 0, mesh.cells.size(), mesh.cells.data());
    return mesh;
}

FourierMesh padded(const Mesh& mesh) {
    FourierMesh rows(mesh.n);
    for (int i = 0; i < mesh.n; ++i) {
        for (int j = 0; j < mesh.n; ++j) {
            for (int k = 0; k < mesh.n; ++k) {
                rows.row(i, j)[k] = mesh.at(i, j, k);
            }
        }
    }
    return rows;
}

TEST(Fft, back_and_forth_is_the_same_mesh_times_its_points) {
    // Sizes with the factors 2, 3, 5 and 7, and the smallest.
    for (const int n : {4, 10, 14, 24}) {
        const Mesh mesh = white_noise(n, 1);
        FourierMesh modes = padded(mesh);
        const MeshFft fft(n);
        fft.forward(modes, 1);
        fft.backward(modes, 1);
        const double points = std::pow(n, 3);
        for (int i = 0; i < n; ++i) {
            for (int j = 0; j < n; ++j) {
                for (int k = 0; k < n; ++k) {
                    ASSERT_NEAR(modes.row(i, j)[k] / points, mesh.at(i, j, k), 3e-6) << "n = " << n;
                }
            }
        }
    }
}

TEST(Fft, plane_wave_is_one_mode) {
    constexpr int n = 12;
    // Waves along x, y, z; a negative one is kept at n - |m|.
    constexpr int m[3] = {2, -3, 4};
    constexpr double phase = 0.7;
    Mesh mesh = white_noise(n, 1);
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k < n; ++k) {
                const double turns = static_cast<double>(m[0] * i + m[1] * j + m[2] * k) / n;
                mesh.at(i, j, k) =
                    static_cast<float>(std::cos(2 * std::numbers::pi * turns + phase));
            }
        }
    }
    FourierMesh modes = padded(mesh);
    MeshFft(n).forward(modes, 1);
    const double half = std::pow(n, 3) / 2;
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k <= n / 2; ++k) {
                const bool is_it =
                    modes.waves(i) == m[0] && modes.waves(j) == m[1] && modes.waves(k) == m[2];
                ASSERT_NEAR(modes.modes(i, j)[k].real(), is_it ? half * std::cos(phase) : 0, 2e-3);
                ASSERT_NEAR(modes.modes(i, j)[k].imag(), is_it ? half * std::sin(phase) : 0, 2e-3);
            }
        }
    }
}

TEST(Fft, bits_do_not_depend_on_threads) {
    constexpr int n = 24;
    const Mesh mesh = white_noise(n, 2);
    FourierMesh one = padded(mesh);
    const MeshFft fft(n);
    fft.forward(one, 1);
    FourierMesh one_back = one;
    fft.backward(one_back, 1);
    for (const int n_threads : {2, 3}) {
        FourierMesh more = padded(mesh);
        fft.forward(more, n_threads);
        FourierMesh more_back = more;
        fft.backward(more_back, n_threads);
        for (int i = 0; i < n; ++i) {
            for (int j = 0; j < n; ++j) {
                for (int k = 0; k <= n / 2; ++k) {
                    ASSERT_EQ(more.modes(i, j)[k], one.modes(i, j)[k]);
                }
                for (int k = 0; k < n; ++k) {
                    ASSERT_EQ(more_back.row(i, j)[k], one_back.row(i, j)[k]);
                }
            }
        }
    }
}

TEST(Fft, measured_power_of_a_plane_wave_is_in_its_bin) {
    constexpr int n = 16;
    constexpr double box_mpc = 50;
    constexpr double amplitude = 0.3;
    Mesh mesh = white_noise(n, 1);
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k < n; ++k) {
                mesh.at(i, j, k) =
                    static_cast<float>(1 + amplitude * std::cos(2 * std::numbers::pi * 3 * j / n));
            }
        }
    }
    const std::vector<PowerBin> bins = measure_power(mesh, box_mpc, false, 1);
    ASSERT_EQ(bins.size(), 8U);
    // By Parseval's theorem the power of the modes, conjugates included, is the variance times the
    // volume.
    for (std::size_t b = 0; b < bins.size(); ++b) {
        const double variance = b == 2 ? amplitude * amplitude / 2 : 0;
        EXPECT_NEAR(2 * bins[b].power_mpc3 * bins[b].n_modes / std::pow(box_mpc, 3), variance,
                    1e-7);
    }
    EXPECT_EQ(bins[0].n_modes, 9);  // half of the 18 with waves (1, 0, 0) and (1, 1, 0)
    EXPECT_GT(bins[2].k_per_mpc, 2.5 * 2 * std::numbers::pi / box_mpc);
    EXPECT_LT(bins[2].k_per_mpc, 3.5 * 2 * std::numbers::pi / box_mpc);
}

TEST(Fft, measured_power_of_white_noise_is_the_volume_of_a_cell) {
    constexpr int n = 48;
    constexpr double box_mpc = 96;
    for (const PowerBin& bin : measure_power(white_noise(n, 3), box_mpc, false, 2)) {
        // Four times the scatter of that many modes.
        EXPECT_NEAR(bin.power_mpc3 / 8, 1, 4 / std::sqrt(bin.n_modes)) << bin.k_per_mpc;
    }
}

}  // namespace
}  // namespace faintweb::sky
