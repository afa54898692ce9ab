// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/settings.h"

#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

#include <fmt/core.h>

#include "lib/base/units.h"

namespace faintweb::sky {
namespace {

/// The smallest halo that gets shocks must be found in the box, at its true place.
void check_mass_resolution(const Cosmology& cosmology,
                           const SkySettings& sky,
                           const BoxSettings& boxes,
                           double edge_mpc,
                           double z) {
    constexpr double fewest_particles = 20;
    constexpr double cells_per_r200 = 0.5;
    const double box_mass_msun = cosmology.matter_density_msun_mpc3() * std::pow(edge_mpc, 3);
    const double n_needed = std::cbrt(fewest_particles * box_mass_msun / sky.min_mass_msun);
    if (boxes.n_particles < n_needed) {
        throw SettingError(
            {"boxes.n_particles", "boxes.edges_mpc", "sky.min_mass_msun"},
            fmt::format(
                "boxes.n_particles is {} (in a box of {:g} Mpc a halo of sky.min_mass_msun = {:g} "
                "has fewer than {:g} particles then), set at least {:g} or raise sky.min_mass_msun",
                boxes.n_particles, edge_mpc, sky.min_mass_msun, fewest_particles,
                2 * std::ceil(n_needed / 2)));
    }
    const double r200_mpc =
        std::cbrt(3 * critical_per_mean_mass * sky.min_mass_msun /
                  (4 * std::numbers::pi * 200 * critical_density_msun_mpc3(cosmology, z))) *
        (1 + z);
    const double cells_needed = cells_per_r200 * edge_mpc / r200_mpc;
    if (boxes.n_mesh < cells_needed) {
        throw SettingError(
            {"boxes.n_mesh", "boxes.edges_mpc", "sky.min_mass_msun"},
            fmt::format(
                "boxes.n_mesh is {} (in a box of {:g} Mpc a cell is wider then than a halo of "
                "sky.min_mass_msun = {:g}), set at least {:g} or raise sky.min_mass_msun",
                boxes.n_mesh, edge_mpc, sky.min_mass_msun, 2 * std::ceil(cells_needed / 2)));
    }
}

/// Stretching a map over more pixels than it has would show its pixels.
void check_map_resolution(const SkySettings& sky,
                          const BoxSettings& boxes,
                          double edge_mpc,
                          double distance_mpc) {
    constexpr double widest_in_sky_pixels = 1.2;
    const double edge_arcsec = edge_mpc / distance_mpc * base::arcsec_per_rad;
    const double needed = edge_arcsec / (widest_in_sky_pixels * sky.pixel_arcsec);
    if (boxes.map_px < needed) {
        throw SettingError(
            {"boxes.map_px", "sky.pixel_arcsec", "boxes.edges_mpc", "boxes.n_slabs"},
            fmt::format(
                "boxes.map_px is {} (the nearest box of {:g} Mpc spans {:g} arcsec, too coarse for "
                "sky.pixel_arcsec = {:g}), set at least {:g} or raise sky.pixel_arcsec",
                boxes.map_px, edge_mpc, edge_arcsec, sky.pixel_arcsec, std::ceil(needed)));
    }
}

}  // namespace

void check(const SkySettings& s) {
    constexpr double widest_deg = 40;
    const double width_deg = static_cast<double>(s.size_px) * s.pixel_arcsec / 3600;
    if (!(width_deg <= widest_deg)) {
        throw SettingError(
            {"sky.size_px", "sky.pixel_arcsec"},
            fmt::format("sky.size_px is {} (with sky.pixel_arcsec = {:g} the sky is {:g} deg wide, "
                        "too wide for one plane), give at most {:g} or lower sky.pixel_arcsec",
                        s.size_px, s.pixel_arcsec, width_deg,
                        std::floor(widest_deg * 3600 / s.pixel_arcsec)));
    }
    constexpr double thinnest_z = 0.001;
    if (!(s.z_max >= s.z_min + thinnest_z)) {
        throw SettingError({"sky.z_max", "sky.z_min"},
                           fmt::format("sky.z_max is {:g} (there is no room for a sky beyond "
                                       "sky.z_min = {:g}), give at least {:g}",
                                       s.z_max, s.z_min, s.z_min + thinnest_z));
    }
    // Below about two pixels the smoothing could not carry the samples of a surface to its
    // neighbours; above a hundred it would take for ever.
    const double finest_arcsec = 1.5 * s.pixel_arcsec;
    const double coarsest_arcsec = 100 * s.pixel_arcsec;
    if (!(s.resolution_arcsec >= finest_arcsec && s.resolution_arcsec <= coarsest_arcsec)) {
        throw SettingError(
            {"sky.resolution_arcsec", "sky.pixel_arcsec"},
            fmt::format("sky.resolution_arcsec is {:g} (with sky.pixel_arcsec = "
                        "{:g} that is not 1.5 to 100 pixels), give {:g} to {:g}",
                        s.resolution_arcsec, s.pixel_arcsec, finest_arcsec, coarsest_arcsec));
    }
}

void check(const Cosmology& cosmology, const SkySettings& sky, const BoxSettings& boxes) {
    check(sky);
    if (cosmology.omega_baryon >= cosmology.omega_matter) {
        throw SettingError(
            {"cosmology.omega_baryon", "cosmology.omega_matter"},
            fmt::format("cosmology.omega_baryon is {:g} (it is a part of cosmology.omega_matter = "
                        "{:g}), make it smaller or omega_matter larger",
                        cosmology.omega_baryon, cosmology.omega_matter));
    }
    if (boxes.edges_mpc.empty() || boxes.n_slabs.size() != boxes.edges_mpc.size()) {
        throw SettingError(
            {"boxes.n_slabs", "boxes.edges_mpc"},
            fmt::format("boxes.n_slabs has {} numbers for the {} boxes of boxes.edges_mpc (each "
                        "class of boxes needs its own), give one per class",
                        boxes.n_slabs.size(), boxes.edges_mpc.size()));
    }
    if (boxes.n_test_realisations > boxes.n_realisations) {
        throw SettingError(
            {"boxes.n_test_realisations", "boxes.n_realisations"},
            fmt::format(
                "boxes.n_test_realisations is {} (of only {} boxes.n_realisations), give fewer",
                boxes.n_test_realisations, boxes.n_realisations));
    }
    for (const auto& [key, number] :
         {std::pair{"boxes.n_particles", boxes.n_particles}, {"boxes.n_mesh", boxes.n_mesh}}) {
        if (number % 2 != 0) {
            throw SettingError(
                {key},
                fmt::format(
                    "{} is {} (the Fourier modes of a box come in pairs), give an even number", key,
                    number));
        }
    }
    if (boxes.n_mesh < boxes.n_particles) {
        throw SettingError({"boxes.n_mesh", "boxes.n_particles"},
                           fmt::format("boxes.n_mesh is {} (coarser than the particles, "
                                       "boxes.n_particles = {}), give at least as many",
                                       boxes.n_mesh, boxes.n_particles));
    }
    const int most_ranks = boxes.n_particles / 2;
    if (boxes.ranks_per_box > most_ranks) {
        throw SettingError(
            {"boxes.ranks_per_box", "boxes.n_particles"},
            fmt::format("boxes.ranks_per_box is {} (a group of ranks may be nearly twice as large, "
                        "and each needs a plane of the {} boxes.n_particles), give at most {}",
                        boxes.ranks_per_box, boxes.n_particles, most_ranks));
    }
    double near_mpc = comoving_distance_mpc(cosmology, sky.z_min);
    for (std::size_t i = 0; i < boxes.edges_mpc.size(); ++i) {
        const double edge_mpc = boxes.edges_mpc[i];
        const double distance_mpc = near_mpc + edge_mpc / 2;
        check_mass_resolution(cosmology, sky, boxes, edge_mpc,
                              redshift_at_distance(cosmology, distance_mpc));
        check_map_resolution(sky, boxes, edge_mpc, distance_mpc);
        near_mpc += edge_mpc * boxes.n_slabs[i];
    }
    const double far_mpc = comoving_distance_mpc(cosmology, sky.z_max);
    if (near_mpc < far_mpc) {
        const double missing = std::ceil((far_mpc - near_mpc) / boxes.edges_mpc.back());
        throw SettingError(
            {"boxes.n_slabs", "boxes.edges_mpc", "sky.z_max"},
            fmt::format(
                "boxes.n_slabs ends at {:g} Mpc, before sky.z_max = {:g} at {:g} Mpc (the sky "
                "beyond would be empty), add {:g} to its last number or lower sky.z_max",
                near_mpc, sky.z_max, far_mpc, missing));
    }
}

}  // namespace faintweb::sky
