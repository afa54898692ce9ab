// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// Compares the raw counts of haloes in a simulated box with the mass function of Sheth & Tormen,
// and fails where haloes of at least 100 particles are off by more than 1.6, which Poisson noise
// alone does not explain. halo_counts BOX_MPC N_PARTICLES N_MESH Z [SEED [N_THREADS]]
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/sky/box/box_halo.h"
#include "lib/sky/box/particle_mesh.h"

int main(int n_arguments, char** arguments) {
    using namespace faintweb::sky;
    const std::vector<std::string> given(arguments + 1, arguments + n_arguments);
    if (given.size() < 4) {
        std::fprintf(stderr, "halo_counts BOX_MPC N_PARTICLES N_MESH Z [SEED [N_THREADS]]\n");
        return 2;
    }
    BoxRun run;
    run.box_mpc = std::stod(given[0]);
    run.n_particles = std::stoi(given[1]);
    run.n_mesh = std::stoi(given[2]);
    const double z = std::stod(given[3]);
    run.seed = given.size() > 4 ? std::stoull(given[4]) : 1;
    const int n_threads =
        given.size() > 5 ? std::stoi(given[5]) : faintweb::base::n_available_cores();

    const Cosmology cosmology;
    ParticleMesh gravity(cosmology, run, n_threads);
    gravity.advance_to(z);
    // The particles themselves: the smoothed sheet has too few light haloes.
    const Mesh density = particle_density(gravity.state(), run.n_mesh, n_threads);
    const auto haloes = find_haloes(cosmology, density, run.box_mpc, n_threads);

    const double volume_mpc3 = std::pow(run.box_mpc, 3);
    const double particle_msun =
        cosmology.matter_density_msun_mpc3() * volume_mpc3 / std::pow(run.n_particles, 3);
    const MassFunction function(cosmology);
    bool is_good = true;
    std::printf("%zu haloes, particles of %.2e Msun\n", haloes.size(), particle_msun);
    std::printf("   M > Msun   found  expected  ratio\n");
    for (double mass = 100 * particle_msun; mass < 1e16; mass *= std::sqrt(2)) {
        const double expected = function.n_greater_per_mpc3(mass, z) * volume_mpc3;
        if (expected < 5) {
            break;
        }
        double found = 0;
        for (const BoxHalo& halo : haloes) {
            found += halo.mesh_mass_msun > mass ? 1 : 0;
        }
        const double noise = 2 * std::sqrt(expected);
        const bool is_near = found < 1.6 * (expected + noise) && found > (expected - noise) / 1.6;
        is_good = is_good && is_near;
        std::printf("%11.3e %7.0f %9.1f %6.2f%s\n", mass, found, expected, found / expected,
                    is_near ? "" : "  off");
    }
    return is_good ? 0 : 1;
}
