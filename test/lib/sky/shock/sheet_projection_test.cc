// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/sheet_projection.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <numeric>
#include <utility>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::sky {
namespace {

double total(const image::Image& map) {
    return std::accumulate(map.pixels.begin(), map.pixels.end(), 0.0);
}

std::size_t index(int n, int i, int j, int k) {
    const auto wrap = [&](int c) { return static_cast<std::size_t>(((c % n) + n) % n); };
    const auto edge = static_cast<std::size_t>(n);
    return (wrap(i) * edge + wrap(j)) * edge + wrap(k);
}

/// A wave along each axis that is steep enough to fold the sheet along the first.
Particles folded_sheet(int n, double box_mpc) {
    Particles particles{
        .n = n, .box_mpc = box_mpc, .z = 0.1, .displacement_mpc = {}, .velocity_km_s = {}};
    const double wave = 2 * std::numbers::pi / n;
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k < n; ++k) {
                const double scale = box_mpc / (2 * std::numbers::pi);
                particles.displacement_mpc.push_back(
                    {static_cast<float>(-1.6 * scale * std::sin(wave * (i + 0.3))),
                     static_cast<float>(0.7 * scale * std::sin(wave * (j + 2 * k))),
                     static_cast<float>(-0.5 * scale * std::cos(wave * (k + i)))});
            }
        }
    }
    return particles;
}

Mesh random_mesh(int n, std::uint64_t seed, float scale) {
    Mesh mesh = make_mesh(n);
    base::RandomStream random(seed, base::Purpose::test);
    for (float& cell : mesh.cells) {
        cell = scale * random.uniform();
    }
    return mesh;
}

/// Sum of what all tracers carry, written plainly.
double reference_total(const Particles& particles, const Mesh& emissivity, int n_sheet) {
    const int n = particles.n;
    const double spacing = particles.box_mpc / n;
    const double cells_per_mpc = emissivity.n / particles.box_mpc;
    const auto displacement = [&](int i, int j, int k, std::size_t t) {
        return static_cast<double>(particles.displacement_mpc[index(n, i, j, k)][t]);
    };
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k < n; ++k) {
                double d[3][3];
                for (std::size_t t = 0; t < 3; ++t) {
                    const double here = displacement(i, j, k, t);
                    d[t][0] = (displacement(i + 1, j, k, t) - here) / spacing;
                    d[t][1] = (displacement(i, j + 1, k, t) - here) / spacing;
                    d[t][2] = (displacement(i, j, k + 1, t) - here) / spacing;
                    d[t][t] += 1;
                }
                const double determinant = d[0][0] * (d[1][1] * d[2][2] - d[1][2] * d[2][1]) -
                                           d[0][1] * (d[1][0] * d[2][2] - d[1][2] * d[2][0]) +
                                           d[0][2] * (d[1][0] * d[2][1] - d[1][1] * d[2][0]);
                const double stretch =
                    std::pow(std::clamp(1 / (std::abs(determinant) + 0.02), 0.3, 20.0), 0.7) / 2;
                for (int tracer = 0; tracer < n_sheet * n_sheet * n_sheet; ++tracer) {
                    const double a = (tracer / (n_sheet * n_sheet) + 0.5) / n_sheet;
                    const double b = (tracer / n_sheet % n_sheet + 0.5) / n_sheet;
                    const double c = (tracer % n_sheet + 0.5) / n_sheet;
                    std::array<double, 3> x{(i + a) * spacing, (j + b) * spacing,
                                            (k + c) * spacing};
                    for (std::size_t t = 0; t < 3; ++t) {
                        for (int corner = 0; corner < 8; ++corner) {
                            x[t] += (corner & 1 ? a : 1 - a) * (corner & 2 ? b : 1 - b) *
                                    (corner & 4 ? c : 1 - c) *
                                    displacement(i + (corner & 1), j + (corner >> 1 & 1),
                                                 k + (corner >> 2), t);
                        }
                        x[t] *= cells_per_mpc;
                    }
                    const std::array<double, 3> low{std::floor(x[0]), std::floor(x[1]),
                                                    std::floor(x[2])};
                    for (int corner = 0; corner < 8; ++corner) {
                        double weight = stretch;
                        std::array<int, 3> cell;
                        for (std::size_t t = 0; t < 3; ++t) {
                            const int up = corner >> t & 1;
                            const double share = x[t] - low[t];
                            weight *= up ? share : 1 - share;
                            cell[t] = static_cast<int>(low[t]) + up;
                        }
                        sum +=
                            weight *
                            static_cast<double>(
                                emissivity.cells[index(emissivity.n, cell[0], cell[1], cell[2])]);
                    }
                }
            }
        }
    }
    return sum * std::pow(static_cast<double>(emissivity.n) / (n * n_sheet), 3);
}

TEST(SheetProjection, keeps_all_that_the_tracers_carry) {
    const Particles particles = folded_sheet(20, 40);
    const Mesh emissivity = random_mesh(24, 1, 3e28F);
    const Mesh density = random_mesh(24, 2, 30);
    for (const int n_sheet : {1, 2, 3}) {
        const double expected = reference_total(particles, emissivity, n_sheet);
        // 75 px is odd on several levels of the pyramid.
        for (const int map_px : {75, 64}) {
            const Projection maps =
                project_sheet(particles, emissivity, density, map_px, n_sheet, 2);
            for (std::size_t axis = 0; axis < 3; ++axis) {
                EXPECT_NEAR(total(maps.emission[axis]) / expected, 1, 1e-6);
                EXPECT_NEAR(total(maps.column_density[axis]) / (map_px * map_px), 1, 1e-6);
            }
        }
    }
}

TEST(SheetProjection, of_an_unperturbed_lattice_is_even) {
    Particles particles = folded_sheet(32, 50);
    std::fill(particles.displacement_mpc.begin(), particles.displacement_mpc.end(), Vector3{});
    const Projection maps = project_sheet(particles, make_mesh(16, 5), make_mesh(16, 1), 64, 2, 1);
    // Every tracer carries 5 J, J of an unstretched sheet.
    const double expected = 5 * std::pow(1 / 1.02, 0.7) / 2 * std::pow(16, 3) / (64 * 64);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        for (std::size_t i = 0; i < 64 * 64; ++i) {
            ASSERT_NEAR(maps.column_density[axis].pixels[i], 1, 1e-5);
            ASSERT_NEAR(maps.emission[axis].pixels[i] / expected, 1, 1e-5);
        }
    }
}

/// All tracers in one place: the image of a tracer.
Particles gathered_sheet(int n, double box_mpc, const std::array<double, 3>& place) {
    Particles particles{
        .n = n, .box_mpc = box_mpc, .z = 0.1, .displacement_mpc = {}, .velocity_km_s = {}};
    const double spacing = box_mpc / n;
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k < n; ++k) {
                particles.displacement_mpc.push_back({static_cast<float>(place[0] - i * spacing),
                                                      static_cast<float>(place[1] - j * spacing),
                                                      static_cast<float>(place[2] - k * spacing)});
            }
        }
    }
    return particles;
}

TEST(SheetProjection, puts_tracers_in_their_pixels_at_every_width) {
    const int map_px = 128;
    const std::array<double, 3> place{10.7, 43.3, 49.9};
    // The last cell of the lattice spans the box: only what is near the place shines.
    const Particles particles = gathered_sheet(8, 50, place);
    double narrower = 0;
    // 1.2 * 128 / 8 px times density^(-1/3), against 1.5 pixels of the level.
    for (const auto& [density, level_px] :
         {std::pair{3000.0F, 1}, std::pair{40.0F, 4}, std::pair{6.0F, 8}, std::pair{1.0F, 16},
          std::pair{0.02F, 32}}) {
        Mesh emissivity = make_mesh(50);
        for (int i = 8; i < 14; ++i) {
            for (int j = 40; j < 47; ++j) {
                for (int k = 46; k < 54; ++k) {
                    emissivity.cells[index(50, i, j, k)] = 1;
                }
            }
        }
        const Projection maps =
            project_sheet(particles, emissivity, make_mesh(50, density), map_px, 1, 1);
        for (std::size_t axis = 0; axis < 3; ++axis) {
            // Place and spread by way of the phase of the longest wave, as the map is periodic.
            double cosine[2] = {0, 0};
            double sine[2] = {0, 0};
            double sum = 0;
            for (int row = 0; row < map_px; ++row) {
                for (int column = 0; column < map_px; ++column) {
                    const auto value = static_cast<double>(maps.emission[axis].at(row, column));
                    const int pixel[2] = {column, row};
                    for (int d = 0; d < 2; ++d) {
                        const double phase = 2 * std::numbers::pi * (pixel[d] + 0.5) / map_px;
                        cosine[d] += value * std::cos(phase);
                        sine[d] += value * std::sin(phase);
                    }
                    sum += value;
                }
            }
            for (std::size_t d = 0; d < 2; ++d) {
                const double phase = std::atan2(sine[d], cosine[d]) / (2 * std::numbers::pi);
                const double at_mpc = 50 * (phase < 0 ? phase + 1 : phase);
                // Of few pixels, the phase is not quite that of their centre of mass.
                EXPECT_NEAR(at_mpc, place[(axis + 1 + d) % 3], 0.04 * level_px * 50 / map_px)
                    << density;
            }
            if (axis == 0) {
                const double spread = 1 - std::hypot(cosine[0], sine[0]) / sum;
                EXPECT_GT(spread, narrower);
                narrower = spread;
            }
        }
    }
}

TEST(SheetProjection, is_the_same_along_all_axes_for_a_box_that_is) {
    // x = q + f(q_x, q_y + q_z) etc., cyclically symmetric, as are the meshes.
    const int n = 16;
    Particles particles{.n = n, .box_mpc = 20, .z = 0, .displacement_mpc = {}, .velocity_km_s = {}};
    Mesh emissivity = make_mesh(n);
    Mesh density = make_mesh(n);
    const auto push = [&](int a, int b, int c) {
        const double wave = 2 * std::numbers::pi / n;
        return static_cast<float>(4 * std::sin(wave * a) + std::cos(wave * (b + 2 * c)));
    };
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k < n; ++k) {
                particles.displacement_mpc.push_back({push(i, j, k), push(j, k, i), push(k, i, j)});
                emissivity.at(i, j, k) = 50 + push(i, j, k) + push(j, k, i) + push(k, i, j);
                density.at(i, j, k) = emissivity.at(i, j, k) - 39;
            }
        }
    }
    const Projection sheet = project_sheet(particles, emissivity, density, 48, 2, 1);
    const Projection cells = project_cells(emissivity, density, 48, 1);
    for (const Projection& maps : {sheet, cells}) {
        const double mean = total(maps.emission[0]) / (48 * 48);
        double contrast = 0;
        for (std::size_t i = 0; i < 48 * 48; ++i) {
            const auto expected = static_cast<double>(maps.emission[0].pixels[i]);
            contrast = std::max(contrast, expected / mean);
            ASSERT_NEAR(maps.emission[1].pixels[i], expected, 1e-3 * mean);
            ASSERT_NEAR(maps.emission[2].pixels[i], expected, 1e-3 * mean);
        }
        EXPECT_GT(contrast, 1.05);
    }
}

TEST(SheetProjection, gives_the_same_bits_for_any_number_of_threads) {
    const Particles particles = folded_sheet(24, 100);
    const Mesh emissivity = random_mesh(32, 4, 1e30F);
    const Mesh density = random_mesh(32, 5, 20);
    const Projection sheet = project_sheet(particles, emissivity, density, 90, 2, 1);
    const Projection cells = project_cells(emissivity, density, 90, 1);
    for (const int n_threads : {2, 3}) {
        const Projection more_sheet =
            project_sheet(particles, emissivity, density, 90, 2, n_threads);
        const Projection more_cells = project_cells(emissivity, density, 90, n_threads);
        for (std::size_t axis = 0; axis < 3; ++axis) {
            EXPECT_EQ(sheet.emission[axis].pixels, more_sheet.emission[axis].pixels);
            EXPECT_EQ(sheet.column_density[axis].pixels, more_sheet.column_density[axis].pixels);
            EXPECT_EQ(cells.emission[axis].pixels, more_cells.emission[axis].pixels);
            EXPECT_EQ(cells.column_density[axis].pixels, more_cells.column_density[axis].pixels);
        }
    }
}

TEST(SheetProjection, of_cells_keeps_mass_times_emissivity) {
    const Mesh emissivity = random_mesh(20, 8, 2e25F);
    const Mesh density = random_mesh(20, 9, 12);
    double expected = 0;
    for (std::size_t cell = 0; cell < density.cells.size(); ++cell) {
        expected +=
            static_cast<double>(density.cells[cell]) * static_cast<double>(emissivity.cells[cell]);
    }
    const Projection maps = project_cells(emissivity, density, 55, 2);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        EXPECT_NEAR(total(maps.emission[axis]) / expected, 1, 1e-6);
        EXPECT_NEAR(total(maps.column_density[axis]) / (55 * 55), 1, 1e-6);
    }
}

}  // namespace
}  // namespace faintweb::sky
