// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/particle_mesh.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/sky/cosmology/linear_power.h"

namespace faintweb::sky {
namespace {

BoxRun small_run() {
    BoxRun run;
    run.box_mpc = 100;
    run.n_particles = 16;
    run.n_mesh = 24;
    run.n_steps = 6;
    return run;
}

Particles advanced(const Cosmology& cosmology, const BoxRun& run, std::vector<double> redshifts) {
    ParticleMesh box(cosmology, run, 2);
    for (const double z : redshifts) {
        box.advance_to(z);
    }
    return box.state();
}

/// Rms length of a - b.
double rms_difference(const std::vector<Vector3>& a, const std::vector<Vector3>& b) {
    double sum = 0;
    for (std::size_t p = 0; p < a.size(); ++p) {
        for (std::size_t c = 0; c < 3; ++c) {
            sum += std::pow(static_cast<double>(a[p][c]) - static_cast<double>(b[p][c]), 2);
        }
    }
    return std::sqrt(sum / static_cast<double>(a.size()));
}

double rms(const std::vector<Vector3>& a) {
    return rms_difference(a, std::vector<Vector3>(a.size(), Vector3{}));
}

/// Sums over the modes of wavenumber below k_max: of density times linear, and of linear squared.
/// Their ratio is the growth of the linear modes.
struct GrowthSums {
    double cross = 0;
    double linear = 0;
};

GrowthSums compare_modes(const Particles& particles,
                         const FourierMesh& linear,
                         double k_min_per_mpc,
                         double k_max_per_mpc) {
    const int n = linear.n();
    const Mesh density = particle_density(particles, n, 2);
    FourierMesh modes(n);
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            std::copy_n(&density.cells[density.index(i, j, 0)], n, modes.row(i, j));
        }
    }
    MeshFft(n).forward(modes, 2);
    const auto window = [n](int waves) {
        const double x = std::numbers::pi * waves / n;
        return waves == 0 ? 1 : std::pow(std::sin(x) / x, 2);
    };
    GrowthSums sums;
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k < n / 2; ++k) {
                const int x = modes.waves(i);
                const int y = modes.waves(j);
                const double wavenumber = 2 * std::numbers::pi / particles.box_mpc *
                                          std::sqrt(static_cast<double>(x * x + y * y + k * k));
                if (wavenumber == 0 || wavenumber < k_min_per_mpc || wavenumber >= k_max_per_mpc ||
                    std::abs(x) == n / 2 || std::abs(y) == n / 2) {
                    continue;
                }
                const std::complex<double> evolved(modes.modes(i, j)[k]);
                const std::complex<double> start(linear.modes(i, j)[k]);
                const double weight = k == 0 ? 1 : 2;
                sums.cross += weight * (evolved * std::conj(start)).real() /
                              (window(x) * window(y) * window(k));
                sums.linear += weight * std::norm(start);
            }
        }
    }
    return sums;
}

FourierMesh linear_field(const Cosmology& cosmology, const BoxRun& run) {
    return gaussian_field(LinearPower(cosmology), run.box_mpc, run.n_particles, run.seed,
                          run.box_key, run.amplitudes, 2);
}

TEST(ParticleMesh, undisplaced_lattice_has_the_mean_density_everywhere) {
    for (const int n_mesh : {12, 6}) {
        Particles lattice{12, 30, 0, std::vector<Vector3>(12 * 12 * 12, Vector3{}), {}};
        for (const float density : particle_density(lattice, n_mesh, 2).cells) {
            ASSERT_EQ(density, 1);
        }
        // So has one that is moved as a whole, across the boundary too, up to rounding.
        for (Vector3& displacement : lattice.displacement_mpc) {
            displacement = {31.1F, -0.77F, -95.3F};
        }
        for (const float density : particle_density(lattice, n_mesh, 2).cells) {
            ASSERT_NEAR(density, 1, 2e-5);
        }
    }
}

TEST(ParticleMesh, one_displaced_particle_is_shared_among_eight_points) {
    // Two cells of 10 Mpc hold a particle each way; all but one stay.
    Particles particles{4, 40, 0, std::vector<Vector3>(64, Vector3{}), {}};
    particles.displacement_mpc[0] = {2.5F, -5, 0};
    const Mesh density = particle_density(particles, 4, 1);
    EXPECT_EQ(density.at(0, 0, 0), 0.375F);
    EXPECT_EQ(density.at(1, 0, 0), 1.125F);
    EXPECT_EQ(density.at(0, 3, 0), 1.375F);
    EXPECT_EQ(density.at(1, 3, 0), 1.125F);
    EXPECT_EQ(density.at(0, 0, 1), 1);
}

TEST(ParticleMesh, mass_is_conserved) {
    BoxRun run = small_run();
    run.n_particles = 32;
    run.n_mesh = 48;
    const Particles particles = advanced(Cosmology{}, run, {0.5, 0.2});
    for (const int n_mesh : {32, 48, 40}) {
        const Mesh density = particle_density(particles, n_mesh, 2);
        const double mean = std::accumulate(density.cells.begin(), density.cells.end(), 0.0) /
                            static_cast<double>(density.cells.size());
        EXPECT_NEAR(mean, 1, 1e-6);
        EXPECT_GE(*std::min_element(density.cells.begin(), density.cells.end()), 0);
        EXPECT_GT(*std::max_element(density.cells.begin(), density.cells.end()), 5);
    }
}

TEST(ParticleMesh, momentum_is_conserved) {
    // Deposit and force share one window, so that no particle pulls itself and the sum stays 0.
    BoxRun run = small_run();
    const Particles particles = advanced(Cosmology{}, run, {0.2});
    double sum[3] = {};
    for (const Vector3& velocity : particles.velocity_km_s) {
        for (std::size_t c = 0; c < 3; ++c) {
            sum[c] += static_cast<double>(velocity[c]);
        }
    }
    const double typical = rms(particles.velocity_km_s);
    EXPECT_GT(typical, 100);
    for (const double component : sum) {
        EXPECT_NEAR(component / static_cast<double>(particles.velocity_km_s.size()), 0,
                    1e-5 * typical);
    }
}

TEST(ParticleMesh, start_has_the_linear_power_of_its_redshift) {
    const Cosmology cosmology;
    BoxRun run;
    run.box_mpc = 200;
    run.n_particles = 64;
    run.n_mesh = 64;
    run.amplitudes = Amplitudes::fixed;
    const Particles start = ParticleMesh(cosmology, run, 2).state();
    EXPECT_NEAR(start.z, 11.5, 1e-12);
    const double growth2 = std::pow(growth(cosmology, run.a_start).first, 2);
    // The linear field of the same modes: a bin of few modes has not quite the power of its middle.
    FourierMesh modes = linear_field(cosmology, run);
    MeshFft(64).backward(modes, 2);
    Mesh linear{64, {}};
    for (int i = 0; i < 64; ++i) {
        for (int j = 0; j < 64; ++j) {
            for (int k = 0; k < 64; ++k) {
                linear.cells.push_back(modes.row(i, j)[k] / (64 * 64 * 64));
            }
        }
    }
    const std::vector<PowerBin> expected = measure_power(linear, 200, false, 2);
    const std::vector<PowerBin> found =
        measure_power(particle_density(start, 128, 2), 200, true, 2);
    // From 0.45/Mpc on, half of Nyquist's wavenumber, the lattice shows through.
    for (std::size_t b = 0; b < 14; ++b) {
        EXPECT_NEAR(found[b].power_mpc3 / (growth2 * expected[b].power_mpc3), 1, 0.05)
            << "k = " << found[b].k_per_mpc;
    }
}

TEST(ParticleMesh, start_moves_as_second_order_perturbations_do) {
    // Some time after a start the particles have to be where a later start puts them. The universe
    // has only large waves, which the mesh resolves. With the second order's sign turned around the
    // paths differ by 3 %.
    Cosmology cosmology;
    cosmology.spectral_index = -2;
    cosmology.sigma8 = 0.8;
    BoxRun run;
    run.box_mpc = 200;
    run.n_particles = 32;
    run.n_mesh = 96;
    run.n_steps = 8;
    run.a_start = 0.1;
    const Particles early = ParticleMesh(cosmology, run, 2).state();
    const Particles moved = advanced(cosmology, run, {3});
    run.a_start = 0.25;
    const Particles late = ParticleMesh(cosmology, run, 2).state();
    EXPECT_NEAR(moved.z, late.z, 1e-12);
    const double path = rms_difference(late.displacement_mpc, early.displacement_mpc);
    EXPECT_GT(path, 0.5 * rms(late.displacement_mpc));
    EXPECT_LT(rms_difference(moved.displacement_mpc, late.displacement_mpc), 0.015 * path);
    EXPECT_LT(rms_difference(moved.velocity_km_s, late.velocity_km_s),
              0.025 * rms(late.velocity_km_s));
}

TEST(ParticleMesh, small_perturbations_grow_as_linear_ones) {
    // A universe as smooth as this one stays linear until today on all scales.
    Cosmology cosmology;
    cosmology.sigma8 = 0.05;
    BoxRun run;
    run.box_mpc = 200;
    run.n_particles = 32;
    run.n_mesh = 48;
    const FourierMesh linear = linear_field(cosmology, run);
    const Particles particles = advanced(cosmology, run, {0});
    // The mesh softens the force towards Nyquist's wavenumber of the particles, 0.5/Mpc.
    for (const double k : {0.0, 0.05, 0.1, 0.15}) {
        const GrowthSums sums = compare_modes(particles, linear, k, k + 0.05);
        EXPECT_NEAR(sums.cross / sums.linear, 1, 0.05) << "k = " << k;
    }
}

TEST(ParticleMesh, largest_modes_grow_as_linear_ones) {
    const Cosmology cosmology;
    BoxRun run;
    run.box_mpc = 200;
    run.n_particles = 64;
    run.n_mesh = 96;
    run.amplitudes = Amplitudes::fixed;
    constexpr double z = 0.3;
    const Particles particles = advanced(cosmology, run, {z});
    const FourierMesh linear = linear_field(cosmology, run);
    const GrowthSums sums = compare_modes(particles, linear, 0, 0.08);
    EXPECT_NEAR(sums.cross / sums.linear / growth_factor(cosmology, z), 1, 0.03);
}

TEST(ParticleMesh, going_through_redshifts_on_the_way_changes_little) {
    const Cosmology cosmology;
    BoxRun run;
    run.box_mpc = 100;
    run.n_particles = 32;
    run.n_mesh = 48;
    const Particles direct = advanced(cosmology, run, {0.2});
    const Particles stopping = advanced(cosmology, run, {0.5, 0.4, 0.3, 0.2});
    EXPECT_DOUBLE_EQ(direct.z, stopping.z);
    const double change = rms_difference(stopping.displacement_mpc, direct.displacement_mpc);
    EXPECT_LT(change, 0.005 * rms(direct.displacement_mpc));
    EXPECT_LT(rms_difference(stopping.velocity_km_s, direct.velocity_km_s),
              0.02 * rms(direct.velocity_km_s));
    const auto power = [](const Particles& particles) {
        return measure_power(particle_density(particles, 48, 2), 100, true, 2);
    };
    const std::vector<PowerBin> a = power(direct);
    const std::vector<PowerBin> b = power(stopping);
    for (std::size_t i = 0; i < 12; ++i) {
        EXPECT_NEAR(b[i].power_mpc3 / a[i].power_mpc3, 1, 0.01) << "k = " << a[i].k_per_mpc;
    }
}

TEST(ParticleMesh, velocity_is_the_rate_of_the_displacement) {
    // a dx/dt, by the displacements at two near times.
    const Cosmology cosmology;
    const BoxRun run = small_run();
    ParticleMesh box(cosmology, run, 2);
    box.advance_to(0.5);
    const Particles before = box.state();
    box.advance_to(0.499);
    const Particles after = box.state();
    // dt = da / (a H).
    const double a = 1 / 1.4995;
    const double da = 1 / 1.499 - 1 / 1.5;
    const double per_time =
        cosmology.hubble_km_s_mpc() * expansion_rate(cosmology, 0.4995) * a / da;
    std::vector<Vector3> rate;
    for (std::size_t p = 0; p < before.displacement_mpc.size(); ++p) {
        Vector3 v{};
        for (std::size_t c = 0; c < 3; ++c) {
            v[c] = static_cast<float>(a * per_time) *
                   (after.displacement_mpc[p][c] - before.displacement_mpc[p][c]);
        }
        rate.push_back(v);
    }
    EXPECT_LT(rms_difference(rate, after.velocity_km_s), 0.01 * rms(after.velocity_km_s));
    EXPECT_GT(rms(after.velocity_km_s), 200);
    EXPECT_LT(rms(after.velocity_km_s), 800);
}

TEST(ParticleMesh, bits_do_not_depend_on_threads) {
    const auto state = [](int n_threads) {
        ParticleMesh box(Cosmology{}, small_run(), n_threads);
        box.advance_to(0.4);
        box.advance_to(0.2);
        return box.state();
    };
    const Particles one = state(1);
    const Mesh density = particle_density(one, 20, 1);
    for (const int n_threads : {2, 3}) {
        const Particles more = state(n_threads);
        EXPECT_EQ(more.displacement_mpc, one.displacement_mpc);
        EXPECT_EQ(more.velocity_km_s, one.velocity_km_s);
        EXPECT_EQ(particle_density(more, 20, n_threads).cells, density.cells);
    }
}

TEST(ParticleMesh, other_seeds_and_boxes_are_other_universes) {
    const BoxRun run = small_run();
    const Particles one = ParticleMesh(Cosmology{}, run, 1).state();
    for (const bool is_seed : {true, false}) {
        BoxRun other = run;
        (is_seed ? other.seed : other.box_key) += 1;
        const Particles two = ParticleMesh(Cosmology{}, other, 1).state();
        EXPECT_GT(rms_difference(one.displacement_mpc, two.displacement_mpc),
                  rms(one.displacement_mpc));
    }
}

std::string refusal(const std::function<void()>& act) {
    try {
        act();
    } catch (const base::UsageError& error) {
        return error.what();
    }
    return "";
}

TEST(ParticleMesh, runs_that_make_no_sense_are_refused_by_name) {
    const auto made = [](auto change) {
        return refusal([&] {
            BoxRun run = small_run();
            change(run);
            ParticleMesh(Cosmology{}, run, 1);
        });
    };
    EXPECT_EQ(made([](BoxRun&) {}), "");
    EXPECT_EQ(made([](BoxRun& run) { run.n_particles = 15; }),
              "n_particles of a box is 15 (it must be even and at least 4), change it");
    EXPECT_NE(made([](BoxRun& run) { run.n_mesh = 14; }).find("n_mesh of a box is 14"),
              std::string::npos);
    EXPECT_NE(made([](BoxRun& run) { run.n_mesh = 25; }).find("n_mesh"), std::string::npos);
    EXPECT_NE(made([](BoxRun& run) { run.n_steps = 0; }).find("n_steps"), std::string::npos);
    EXPECT_NE(made([](BoxRun& run) { run.a_start = 1; }).find("a_start"), std::string::npos);
    EXPECT_NE(made([](BoxRun& run) { run.a_start = 0; }).find("a_start"), std::string::npos);
    EXPECT_NE(made([](BoxRun& run) { run.box_mpc = 0; }).find("box_mpc"), std::string::npos);
    EXPECT_NE(made([](BoxRun& run) {
                  run.box_mpc = std::numeric_limits<double>::quiet_NaN();
              }).find("box_mpc"),
              std::string::npos);
}

TEST(ParticleMesh, time_does_not_run_back) {
    ParticleMesh box(Cosmology{}, small_run(), 1);
    EXPECT_NE(refusal([&] { box.advance_to(20); }).find("redshift 20 (it is at 11.5 already)"),
              std::string::npos);
    box.advance_to(1);
    EXPECT_NE(refusal([&] { box.advance_to(1); }), "");
    EXPECT_NE(refusal([&] { box.advance_to(1.5); }), "");
    EXPECT_NE(refusal([&] { box.advance_to(-0.5); }).find("not the past"), std::string::npos);
    EXPECT_NE(refusal([&] { box.advance_to(std::numeric_limits<double>::quiet_NaN()); }), "");
    box.advance_to(0);
    EXPECT_EQ(box.state().z, 0);
}

TEST(ParticleMesh, late_start_steps_forward) {
    // Past the scale factor from which steps are even.
    BoxRun run = small_run();
    run.a_start = 0.4;
    run.n_steps = 3;
    const Particles start = ParticleMesh(Cosmology{}, run, 1).state();
    const Particles end = advanced(Cosmology{}, run, {1.2});
    EXPECT_GT(rms(end.displacement_mpc), 1.05 * rms(start.displacement_mpc));
    EXPECT_LT(rms(end.displacement_mpc), 1.3 * rms(start.displacement_mpc));
}

}  // namespace
}  // namespace faintweb::sky
