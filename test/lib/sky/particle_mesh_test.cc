#include "lib/sky/particle_mesh.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include <gtest/gtest.h>

#include "lib/sky/cic.h"
#include "lib/sky/gaussian_field.h"
#include "lib/sky/power_measure.h"

namespace faintweb::sky {
namespace {

BoxRun small_box() {
    BoxRun run;
    run.box_mpc = 200;
    run.n_particles = 64;
    run.n_mesh = 96;
    run.seed = 1;
    return run;
}

Particles lattice(int n, double box_mpc) {
    Particles particles;
    particles.n = n;
    particles.box_mpc = box_mpc;
    const auto n_all =
        static_cast<std::size_t>(n) * static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
    particles.displacement_mpc.resize(n_all);
    particles.velocity_km_s.resize(n_all);
    return particles;
}

TEST(Cic, a_lattice_is_uniform) {
    for (const auto& [n_particles, n_mesh] : {std::pair{32, 32}, {32, 16}, {64, 32}}) {
        for (const float cell : deposit_cic(lattice(n_particles, 100), n_mesh, 2).cells) {
            ASSERT_EQ(cell, 1.F);
        }
    }
}

TEST(Cic, splits_a_particle_over_eight_cells_across_the_boundary) {
    Particles one = lattice(1, 8);
    one.displacement_mpc[0] = {-0.25F, 7.5F, 16.F};
    const Mesh mesh = deposit_cic(one, 8, 1);
    const float mass = 512;
    EXPECT_FLOAT_EQ(mesh.at(7, 7, 0), mass * 0.25F * 0.5F);
    EXPECT_FLOAT_EQ(mesh.at(0, 7, 0), mass * 0.75F * 0.5F);
    EXPECT_FLOAT_EQ(mesh.at(7, 0, 0), mass * 0.25F * 0.5F);
    EXPECT_FLOAT_EQ(mesh.at(0, 0, 0), mass * 0.75F * 0.5F);
    EXPECT_FLOAT_EQ(std::accumulate(mesh.cells.begin(), mesh.cells.end(), 0.F), mass);
}

TEST(ParticleMesh, follows_a_plane_wave_as_zeldovich_does) {
    // In one dimension Zel'dovich's solution is exact until sheets cross.
    const Cosmology einstein_de_sitter{.omega_matter = 1};
    BoxRun run;
    run.box_mpc = 64;
    // Several particles per cell, so that the mesh does not see the lattice.
    run.n_particles = 64;
    run.n_mesh = 32;
    run.n_steps = 16;
    Particles start = lattice(run.n_particles, run.box_mpc);
    start.z = 9;
    const double wave_per_mpc = 2 * std::numbers::pi / run.box_mpc;
    const auto shape = [&](int i) {
        return std::sin(wave_per_mpc * run.box_mpc / run.n_particles * i) / wave_per_mpc;
    };
    const auto per_sheet =
        static_cast<std::size_t>(run.n_particles) * static_cast<std::size_t>(run.n_particles);
    // Sheets would cross at a = 1.
    const double hubble = einstein_de_sitter.hubble_km_s_mpc();
    for (std::size_t p = 0; p < start.displacement_mpc.size(); ++p) {
        const double psi = shape(static_cast<int>(p / per_sheet));
        start.displacement_mpc[p][0] = static_cast<float>(0.1 * psi);
        start.velocity_km_s[p][0] = static_cast<float>(std::sqrt(0.1) * hubble * psi);
    }
    ParticleMesh box(einstein_de_sitter, run, start, 2);
    box.advance_to(1);
    const Particles end = box.state();
    for (int i = 0; i < run.n_particles; ++i) {
        const std::size_t p = static_cast<std::size_t>(i) * per_sheet + 37;
        const double largest = 1 / wave_per_mpc;
        EXPECT_NEAR(end.displacement_mpc[p][0], 0.5 * shape(i), 0.02 * 0.5 * largest) << i;
        EXPECT_NEAR(end.velocity_km_s[p][0],
                    std::sqrt(0.5) * hubble * shape(i),
                    0.03 * std::sqrt(0.5) * hubble * largest)
            << i;
        EXPECT_NEAR(end.displacement_mpc[p][1], 0, 1e-3);
    }
}

TEST(ParticleMesh, starts_with_the_linear_field) {
    // The divergence of the displacements is the linear density, second order apart.
    const Cosmology cosmology;
    BoxRun run = small_box();
    run.fixed_amplitude = true;
    const Particles start = lagrangian_start(cosmology, run, 2);
    const int n = run.n_particles;
    const MeshFft fft(n, 2);
    FourierMesh contrast = make_fourier_mesh(n);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        Mesh component{.n = n, .cells = {}};
        for (const Vector3& shift : start.displacement_mpc) {
            component.cells.push_back(shift[axis]);
        }
        FourierMesh modes = to_fourier_mesh(component);
        fft.forward(modes);
        for (int i = 0; i < n; ++i) {
            for (int j = 0; j < n; ++j) {
                for (int k = 0; k <= n / 2; ++k) {
                    const int index = axis == 0 ? i : (axis == 1 ? j : k);
                    const double wave_per_mpc =
                        2 * std::numbers::pi / run.box_mpc * gradient_wave_number(index, n);
                    contrast.modes(i, j)[k] +=
                        std::complex<float>(0, static_cast<float>(-wave_per_mpc)) *
                        modes.modes(i, j)[k];
                }
            }
        }
    }
    fft.backward(contrast);
    Mesh cells = to_mesh(contrast);
    for (float& cell : cells.cells) {
        cell /= static_cast<float>(cells.cells.size());
    }
    const PowerSpectrum measured = measure_power(cells, run.box_mpc, MeshWindow::none, 2);
    const LinearPower power(cosmology);
    const double growth_2 = std::pow(growth_factor(cosmology, start.z), 2);
    for (std::size_t bin = 0; bin + 1 < measured.k_per_mpc.size(); ++bin) {
        const double expected = growth_2 * power.power_mpc3(measured.k_per_mpc[bin]);
        EXPECT_NEAR(measured.power_mpc3[bin], expected, 0.05 * expected) << bin;
    }
}

TEST(ParticleMesh, grows_long_waves_as_linear_theory_does) {
    const Cosmology cosmology;
    BoxRun run = small_box();
    run.n_steps = 8;
    ParticleMesh box(cosmology, run, 2);
    box.advance_to(0.3);
    const Particles state = box.state();
    EXPECT_DOUBLE_EQ(state.z, 0.3);
    const Mesh density = deposit_cic(state, run.n_particles, 2);
    const double mass = std::accumulate(density.cells.begin(), density.cells.end(), 0.0);
    EXPECT_NEAR(mass / static_cast<double>(density.cells.size()), 1, 1e-6);

    const MeshFft fft(run.n_particles, 2);
    FourierMesh linear = gaussian_modes(LinearPower(cosmology),
                                        run.box_mpc,
                                        run.seed,
                                        run.box_key,
                                        ModeAmplitude::random,
                                        run.n_particles,
                                        fft);
    fft.backward(linear);
    Mesh field = to_mesh(linear);
    for (float& cell : field.cells) {
        cell /= static_cast<float>(field.cells.size());
    }
    const PowerSpectrum cross =
        measure_cross_power(density, field, run.box_mpc, MeshWindow::cloud_in_cell, 2);
    const PowerSpectrum linear_power = measure_power(field, run.box_mpc, MeshWindow::none, 2);
    const double growth = growth_factor(cosmology, 0.3);
    double grown = 0;
    double expected = 0;
    for (std::size_t bin = 0; cross.k_per_mpc[bin] < 0.08; ++bin) {
        const auto n_modes = static_cast<double>(cross.n_modes[bin]);
        grown += n_modes * cross.power_mpc3[bin];
        expected += n_modes * growth * linear_power.power_mpc3[bin];
        RecordProperty(
            "growth_" + std::to_string(bin),
            std::to_string(cross.power_mpc3[bin] / (growth * linear_power.power_mpc3[bin])));
    }
    EXPECT_NEAR(grown / expected, 1, 0.03);
}

TEST(ParticleMesh, threads_and_repeats_change_no_bit) {
    BoxRun run = small_box();
    run.n_particles = 32;
    run.n_mesh = 48;
    run.n_steps = 6;
    const auto states = [&](int n_threads) {
        ParticleMesh box(Cosmology{}, run, n_threads);
        box.advance_to(0.5);
        box.advance_to(0.5);
        box.advance_to(0.3);
        return box.state();
    };
    const Particles one = states(1);
    for (const int n_threads : {2, 3}) {
        const Particles many = states(n_threads);
        EXPECT_EQ(one.displacement_mpc, many.displacement_mpc);
        EXPECT_EQ(one.velocity_km_s, many.velocity_km_s);
    }
    run.box_key = 1;
    EXPECT_NE(states(1).displacement_mpc, one.displacement_mpc);
}

}  // namespace
}  // namespace faintweb::sky
