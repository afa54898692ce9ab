// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/gas.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <gtest/gtest.h>

namespace faintweb::sky {
namespace {

Particles lattice(int n, double box_mpc) {
    Particles particles{n, box_mpc, 0.1, {}, {}};
    const auto edge = static_cast<std::size_t>(n);
    particles.displacement_mpc.assign(edge * edge * edge, Vector3{});
    particles.velocity_km_s.assign(edge * edge * edge, Vector3{});
    return particles;
}

/// Streams that cross, in all three directions and over the edge of the box.
Particles crossing_streams(int n, double box_mpc, float reach_mpc) {
    Particles particles = lattice(n, box_mpc);
    for (std::size_t p = 0; p < particles.velocity_km_s.size(); ++p) {
        for (std::size_t a = 0; a < 3; ++a) {
            const auto phase = static_cast<float>((p * (a + 3) * 7919) % 10007);
            particles.displacement_mpc[p][a] = reach_mpc * std::sin(phase);
            particles.velocity_km_s[p][a] = 400 * std::cos(phase) + 100;
        }
    }
    return particles;
}

double mean(const Mesh& mesh) {
    return std::accumulate(mesh.cells.begin(), mesh.cells.end(), 0.0) /
           static_cast<double>(mesh.cells.size());
}

/// Tracer by tracer in double precision, as the text of sheet_gas says.
GasMesh plain_sheet_gas(const Particles& particles, int n_mesh, int n_sheet) {
    const int n = particles.n;
    std::array<Mesh, 5> sums;
    sums.fill(make_mesh(n_mesh));
    const double weight = std::pow(static_cast<double>(n_mesh) / (n * n_sheet), 3);
    for (int tracer = 0; tracer < std::pow(n * n_sheet, 3); ++tracer) {
        const int place[3] = {tracer / (n * n_sheet * n * n_sheet),
                              tracer / (n * n_sheet) % (n * n_sheet), tracer % (n * n_sheet)};
        double position[3] = {0, 0, 0};
        double values[5] = {1, 0, 0, 0, 0};
        for (int corner = 0; corner < 8; ++corner) {
            double share = 1;
            std::size_t index = 0;
            for (int a = 0; a < 3; ++a) {
                const int step = corner >> a & 1;
                const double within = (place[a] % n_sheet + 0.5) / n_sheet;
                share *= step == 1 ? within : 1 - within;
                index = index * static_cast<std::size_t>(n) +
                        static_cast<std::size_t>((place[a] / n_sheet + step) % n);
            }
            for (std::size_t a = 0; a < 3; ++a) {
                position[a] += share * static_cast<double>(particles.displacement_mpc[index][a]);
                values[1 + a] += share * static_cast<double>(particles.velocity_km_s[index][a]);
            }
        }
        values[4] = values[1] * values[1] + values[2] * values[2] + values[3] * values[3];
        for (int a = 0; a < 3; ++a) {
            position[a] = position[a] * n_mesh / particles.box_mpc +
                          (place[a] + 0.5) * n_mesh / (n * n_sheet);
        }
        for (int corner = 0; corner < 8; ++corner) {
            double share = weight;
            int cell[3];
            for (int a = 0; a < 3; ++a) {
                const int step = corner >> a & 1;
                const double low = std::floor(position[a]);
                share *= step == 1 ? position[a] - low : 1 - (position[a] - low);
                cell[a] = ((static_cast<int>(low) + step) % n_mesh + n_mesh) % n_mesh;
            }
            for (std::size_t c = 0; c < 5; ++c) {
                sums[c].at(cell[0], cell[1], cell[2]) += static_cast<float>(share * values[c]);
            }
        }
    }
    for (Mesh& mesh : sums) {
        smooth_periodic(mesh, 0.8, 1);
    }
    GasMesh gas{particles.box_mpc,           particles.z, sums[0],
                {sums[1], sums[2], sums[3]}, sums[4],     std::nullopt};
    for (std::size_t i = 0; i < sums[0].cells.size(); ++i) {
        const double density = sums[0].cells[i];
        double dispersion = sums[4].cells[i] / density;
        for (std::size_t a = 0; a < 3; ++a) {
            const double velocity = sums[1 + a].cells[i] / density;
            gas.velocity_km_s[a].cells[i] = static_cast<float>(velocity);
            dispersion -= velocity * velocity;
        }
        // 0.59 proton masses over Boltzmann's constant, (km/s)^2 to Kelvin.
        const double heated = 0.59 * 1.67262e-24 / 1.380649e-16 * 1e10 * dispersion / 3;
        gas.temperature_k.cells[i] =
            static_cast<float>(heated + 1e4 * std::pow(std::max(density, 0.1), 0.6));
    }
    return gas;
}

TEST(SheetGas, agrees_with_the_plain_sum_over_tracers) {
    for (const auto& [n, n_mesh, n_sheet] : {std::array{6, 11, 3}, {10, 16, 2}, {5, 2, 1}}) {
        const Particles particles = crossing_streams(n, 20, 8);
        const GasMesh expected = plain_sheet_gas(particles, n_mesh, n_sheet);
        const GasMesh gas = sheet_gas(particles, n_mesh, n_sheet, 2);
        EXPECT_EQ(gas.box_mpc, 20);
        EXPECT_EQ(gas.z, particles.z);
        for (std::size_t i = 0; i < gas.density.cells.size(); ++i) {
            ASSERT_NEAR(gas.density.cells[i], expected.density.cells[i], 1e-4);
            for (std::size_t a = 0; a < 3; ++a) {
                ASSERT_NEAR(gas.velocity_km_s[a].cells[i], expected.velocity_km_s[a].cells[i], 0.2);
            }
            ASSERT_NEAR(gas.temperature_k.cells[i] / expected.temperature_k.cells[i], 1, 1e-3);
        }
    }
}

TEST(SheetGas, undisturbed_matter_is_uniform_and_cold) {
    Particles particles = lattice(8, 10);
    particles.velocity_km_s.assign(particles.velocity_km_s.size(), Vector3{300, -200, 50});
    const GasMesh gas = sheet_gas(particles, 16, 2, 2);
    for (std::size_t i = 0; i < gas.density.cells.size(); ++i) {
        ASSERT_NEAR(gas.density.cells[i], 1, 1e-5);
        ASSERT_NEAR(gas.velocity_km_s[0].cells[i], 300, 1e-2);
        ASSERT_NEAR(gas.velocity_km_s[1].cells[i], -200, 1e-2);
        ASSERT_NEAR(gas.temperature_k.cells[i], 1e4, 30);
    }
}

TEST(SheetGas, a_plane_wave_has_the_density_of_its_squeezed_sheet) {
    constexpr int n = 32;
    Particles particles = lattice(n, n);
    const double k = 2 * std::numbers::pi / n;
    const double amplitude = 0.5 / k;  // half way to shell crossing
    for (int j = 0; j < n; ++j) {
        for (std::size_t p = 0; p < n * n; ++p) {
            const std::size_t particle = (p / n * n + static_cast<std::size_t>(j)) * n + p % n;
            particles.displacement_mpc[particle][1] =
                static_cast<float>(-amplitude * std::sin(k * j));
        }
    }
    const GasMesh gas = sheet_gas(particles, 2 * n, 4, 2);
    EXPECT_NEAR(gas.density.at(3, 0, 5), 1 / (1 - 0.5), 0.06);
    EXPECT_NEAR(gas.density.at(3, n, 5), 1 / (1 + 0.5), 0.01);
    EXPECT_LT(*std::max_element(gas.temperature_k.cells.begin(), gas.temperature_k.cells.end()),
              1e4 * std::pow(2.0, 0.6));
}

TEST(SheetGas, keeps_mass_and_momentum) {
    const GasMesh gas = sheet_gas(crossing_streams(32, 30, 12), 48, 2, 2);
    EXPECT_NEAR(mean(gas.density), 1, 1e-6);
    Mesh momentum = gas.velocity_km_s[2];
    for (std::size_t i = 0; i < momentum.cells.size(); ++i) {
        momentum.cells[i] *= gas.density.cells[i];
    }
    const Particles particles = crossing_streams(32, 30, 12);
    double expected = 0;
    for (const Vector3& velocity : particles.velocity_km_s) {
        expected += velocity[2] / static_cast<double>(particles.velocity_km_s.size());
    }
    EXPECT_NEAR(mean(momentum), expected, 1e-3);
}

TEST(SheetGas, has_the_same_bits_for_any_number_of_threads) {
    const Particles particles = crossing_streams(33, 30, 40);
    const GasMesh one = sheet_gas(particles, 45, 2, 1);
    for (const int n_threads : {2, 5}) {
        const GasMesh other = sheet_gas(particles, 45, 2, n_threads);
        EXPECT_EQ(one.density.cells, other.density.cells);
        EXPECT_EQ(one.temperature_k.cells, other.temperature_k.cells);
        for (std::size_t a = 0; a < 3; ++a) {
            EXPECT_EQ(one.velocity_km_s[a].cells, other.velocity_km_s[a].cells);
        }
    }
}

}  // namespace
}  // namespace faintweb::sky
