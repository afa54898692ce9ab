// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// What the stages of a simulated box cost, in seconds of processor time (all threads), at three
// sizes that grow alike: particles, mesh and maps. Shows what dominates and how it scales.
//
//     bench_box_stages [BOX_MPC [LARGEST_N_PARTICLES [THREADS]]]
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/sky/box/box_halo.h"
#include "lib/sky/box/gas.h"
#include "lib/sky/box/particle_mesh.h"
#include "lib/sky/cosmology/mass_function.h"
#include "lib/sky/lightcone/box.h"
#include "lib/sky/shock/halo_layer.h"
#include "lib/sky/shock/web.h"

namespace {

using namespace faintweb;

double processor_s(const std::function<void()>& work) {
    const std::clock_t start = std::clock();
    work();
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

}  // namespace

int main(int n_arguments, char** arguments) {
    const double box_mpc = n_arguments > 1 ? std::atof(arguments[1]) : 200;
    const int largest = n_arguments > 2 ? std::atoi(arguments[2]) : 256;
    const int n_threads = n_arguments > 3 ? std::atoi(arguments[3]) : base::n_available_cores();
    const sky::Cosmology cosmology;
    const sky::SkySettings settings;
    constexpr double z = 0.3;
    std::printf("one state of a box of %g Mpc at z %g, processor seconds\n", box_mpc, z);
    std::printf("particles  mesh  map px  gravity   sheet  haloes     web   paint\n");
    for (const int n : {largest / 4, largest / 2, largest}) {
        sky::BoxSettings boxes;
        boxes.edges_mpc = {box_mpc};
        boxes.n_slabs = {1};
        boxes.map_px = static_cast<int>(boxes.map_px * static_cast<double>(n) / 256);
        boxes.web_map_px = boxes.map_px / 2;
        boxes.n_mesh = 3 * n / 2;
        boxes.n_particles = n;
        sky::Particles particles;
        const double gravity = processor_s([&] {
            sky::ParticleMesh box(cosmology, sky::box_run(boxes, 0, 0), n_threads);
            box.advance_to(z);
            particles = box.state();
        });
        sky::GasMesh gas;
        const double sheet = processor_s(
            [&] { gas = sky::sheet_gas(particles, boxes.n_mesh, boxes.n_sheet, n_threads); });
        std::vector<sky::BoxHalo> haloes;
        const double finding = processor_s([&] {
            haloes = sky::find_haloes(cosmology,
                                      sky::particle_density(particles, boxes.n_mesh, n_threads),
                                      box_mpc, n_threads);
            sky::match_abundance(cosmology, sky::MassFunction(cosmology), box_mpc, z, haloes);
        });
        const double web = processor_s([&] {
            sky::web_maps(settings, {cosmology, gas, haloes}, particles, boxes.web_map_px,
                          boxes.n_sheet, n_threads);
        });
        const double paint = processor_s([&] {
            sky::paint_haloes(settings, {cosmology, haloes, gas.density, box_mpc, z, 0},
                              boxes.map_px, boxes.seed, n_threads);
        });
        std::printf("%9d %5d %7d %8.2f %7.2f %7.2f %7.2f %7.2f\n", n, boxes.n_mesh, boxes.map_px,
                    gravity, sheet, finding, web, paint);
        std::fflush(stdout);
    }
    return 0;
}
