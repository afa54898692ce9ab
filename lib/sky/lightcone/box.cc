// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/lightcone/box.h"

#include <cmath>
#include <sstream>

#include "lib/sky/box/gas.h"
#include "lib/sky/cosmology/mass_function.h"
#include "lib/sky/shock/halo_layer.h"
#include "lib/sky/shock/web.h"

namespace faintweb::sky {
namespace {

/// Raised whenever the same settings make other particles or other maps than before.
constexpr int particles_version = 1;
constexpr int maps_version = 2;

class Recipe {
  public:
    Recipe() { lines_.precision(17); }
    template <typename T>
    Recipe& add(const char* key, const T& value) {
        lines_ << key << '=' << value << '\n';
        return *this;
    }
    std::string text() const { return lines_.str(); }

  private:
    std::ostringstream lines_;
};

/// The key of everything random in one box.
std::uint64_t box_key(int box_class, int realisation) {
    return static_cast<std::uint64_t>(box_class) * 1'000'000 +
           static_cast<std::uint64_t>(realisation);
}

}  // namespace

BoxRun box_run(const BoxSettings& boxes, int box_class, int realisation) {
    BoxRun run;
    run.box_mpc = boxes.edges_mpc.at(static_cast<std::size_t>(box_class));
    run.n_particles = boxes.n_particles;
    run.n_mesh = boxes.n_mesh;
    run.n_steps = boxes.n_steps;
    run.a_start = boxes.a_start;
    run.seed = boxes.seed;
    run.box_key = box_key(box_class, realisation);
    return run;
}

std::string particles_recipe(const Cosmology& cosmology, const BoxSettings& boxes) {
    Recipe recipe;
    recipe.add("particles_version", particles_version)
        .add("omega_matter", cosmology.omega_matter)
        .add("omega_baryon", cosmology.omega_baryon)
        .add("h", cosmology.h)
        .add("sigma8", cosmology.sigma8)
        .add("spectral_index", cosmology.spectral_index)
        .add("t_cmb_k", cosmology.t_cmb_k)
        .add("seed", boxes.seed)
        .add("n_particles", boxes.n_particles)
        .add("n_mesh", boxes.n_mesh)
        .add("n_steps", boxes.n_steps)
        .add("a_start", boxes.a_start);
    return recipe.text();
}

std::string maps_recipe(const SkySettings& sky, const BoxSettings& boxes) {
    Recipe recipe;
    recipe.add("maps_version", maps_version)
        .add("n_sheet", boxes.n_sheet)
        .add("map_px", boxes.map_px)
        .add("web_map_px", boxes.web_map_px)
        .add("frequency_hz", sky.frequency_hz)
        .add("min_mass_msun", sky.min_mass_msun)
        .add("f_merge", sky.f_merge)
        .add("xi_min", sky.xi_min)
        .add("vs_mu", sky.vs_mu)
        .add("vs_sigma", sky.vs_sigma)
        .add("r_max", sky.r_max)
        .add("eps_b", sky.eps_b)
        .add("r_dyn_mpc", sky.r_dyn_mpc)
        .add("a_dyn", sky.a_dyn)
        .add("a_acc", sky.a_acc)
        .add("ln_b_sigma", sky.ln_b_sigma)
        .add("ln_n_sigma", sky.ln_n_sigma)
        .add("corrugation", sky.corrugation)
        .add("l_cool_mpc", sky.l_cool_mpc)
        .add("resolution_arcsec", sky.resolution_arcsec)
        .add("points_per_beam", sky.points_per_beam)
        .add("floor_jy_arcsec2", sky.floor_jy_arcsec2)
        .add("p_inlet", sky.p_inlet)
        .add("p_core", sky.p_core)
        .add("core_mach", sky.core_mach)
        .add("min_sheath_mass_msun", sky.min_sheath_mass_msun)
        .add("a_fil", sky.a_fil)
        .add("a_web", sky.a_web)
        .add("web_layer", sky.web_layer)
        .add("halo_layer", sky.halo_layer)
        .add("sheath_layer", sky.sheath_layer);
    return recipe.text();
}

BoxCost box_cost(const BoxSettings& boxes) {
    const double particles = std::pow(static_cast<double>(boxes.n_particles), 3);
    const double points = std::pow(static_cast<double>(boxes.n_mesh), 3);
    const double pixels = std::pow(static_cast<double>(boxes.map_px), 2);
    const double web_pixels = std::pow(static_cast<double>(boxes.web_map_px), 2);
    const double tracers = particles * std::pow(static_cast<double>(boxes.n_sheet), 3);
    // Two copies of the particles, five meshes of gas, six sums of 8 bytes and their images.
    constexpr double particle_bytes = 24;
    BoxCost cost;
    cost.memory_bytes = 2 * particle_bytes * particles + 20 * points + 72 * pixels;
    // Two maps each of the web's kind and of the haloes', of three axes; these are partly empty.
    cost.disk_bytes = 12 * web_pixels + 0.7 * 12 * pixels;
    if (boxes.keep_particles) {
        cost.disk_bytes += particle_bytes * particles;
    }
    cost.core_s = 3e-7 * points + 2e-7 * tracers + 9e-7 * pixels;
    return cost;
}

BoxMaps make_box_maps(const Cosmology& cosmology,
                      const SkySettings& sky,
                      const BoxSettings& boxes,
                      const Particles& particles,
                      int box_class,
                      int realisation,
                      int n_threads) {
    BoxMaps box;
    const auto keep = [&](Layer layer, const std::array<image::Image, 3>& images) {
        for (std::size_t axis = 0; axis < 3; ++axis) {
            box.layers[layer][axis] = encode(images[axis], n_threads);
        }
    };
    const GasMesh gas = sheet_gas(particles, boxes.n_mesh, boxes.n_sheet, n_threads);
    // Haloes are sought in the particles themselves: the smoother gas has lost the small ones.
    box.haloes = find_haloes(cosmology, particle_density(particles, boxes.n_mesh, n_threads),
                             gas.box_mpc, n_threads);
    match_abundance(cosmology, MassFunction(cosmology), gas.box_mpc, gas.z, box.haloes);
    {
        const WebMaps web = web_maps(sky, {cosmology, gas, box.haloes}, particles, boxes.web_map_px,
                                     boxes.n_sheet, n_threads);
        keep(Layer::web, web.emission);
        keep(Layer::column_density, web.column_density);
    }
    const HaloMaps haloes = paint_haloes(sky,
                                         {.cosmology = cosmology,
                                          .haloes = box.haloes,
                                          .density = gas.density,
                                          .edge_mpc = gas.box_mpc,
                                          .z = gas.z,
                                          .key = box_key(box_class, realisation)},
                                         boxes.map_px, boxes.seed, n_threads);
    keep(Layer::inside_r100, haloes.inside_r100);
    keep(Layer::outside_r100, haloes.outside_r100);
    return box;
}

}  // namespace faintweb::sky
