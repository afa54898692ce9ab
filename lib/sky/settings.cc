// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/settings.h"

#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

#include "lib/base/text.h"
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
        throw SettingError({"boxes.n_particles", "boxes.edges_mpc", "sky.min_mass_msun"},
                           base::text("boxes.n_particles is ",
                                      boxes.n_particles,
                                      " (in a box of ",
                                      edge_mpc,
                                      " Mpc a halo of sky.min_mass_msun = ",
                                      sky.min_mass_msun,
                                      " has fewer than ",
                                      fewest_particles,
                                      " particles then), set at least ",
                                      2 * std::ceil(n_needed / 2),
                                      " or raise sky.min_mass_msun"));
    }
    const double r200_mpc =
        std::cbrt(3 * critical_per_mean_mass * sky.min_mass_msun /
                  (4 * std::numbers::pi * 200 * critical_density_msun_mpc3(cosmology, z))) *
        (1 + z);
    const double cells_needed = cells_per_r200 * edge_mpc / r200_mpc;
    if (boxes.n_mesh < cells_needed) {
        throw SettingError({"boxes.n_mesh", "boxes.edges_mpc", "sky.min_mass_msun"},
                           base::text("boxes.n_mesh is ",
                                      boxes.n_mesh,
                                      " (in a box of ",
                                      edge_mpc,
                                      " Mpc a cell is wider then than a halo of "
                                      "sky.min_mass_msun = ",
                                      sky.min_mass_msun,
                                      "), set at least ",
                                      2 * std::ceil(cells_needed / 2),
                                      " or raise sky.min_mass_msun"));
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
        throw SettingError({"boxes.map_px", "sky.pixel_arcsec", "boxes.edges_mpc", "boxes.n_slabs"},
                           base::text("boxes.map_px is ",
                                      boxes.map_px,
                                      " (the nearest box of ",
                                      edge_mpc,
                                      " Mpc spans ",
                                      edge_arcsec,
                                      " arcsec, too coarse for sky.pixel_arcsec = ",
                                      sky.pixel_arcsec,
                                      "), set at least ",
                                      std::ceil(needed),
                                      " or raise sky.pixel_arcsec"));
    }
}

}  // namespace

void check(const SkySettings& s) {
    constexpr double widest_deg = 40;
    const double width_deg = static_cast<double>(s.size_px) * s.pixel_arcsec / 3600;
    if (!(width_deg <= widest_deg)) {
        throw SettingError({"sky.size_px", "sky.pixel_arcsec"},
                           base::text("sky.size_px is ",
                                      s.size_px,
                                      " (with sky.pixel_arcsec = ",
                                      s.pixel_arcsec,
                                      " the sky is ",
                                      width_deg,
                                      " deg wide, too wide for one plane), give at most ",
                                      std::floor(widest_deg * 3600 / s.pixel_arcsec),
                                      " or lower sky.pixel_arcsec"));
    }
    constexpr double thinnest_z = 0.001;
    if (!(s.z_max >= s.z_min + thinnest_z)) {
        throw SettingError({"sky.z_max", "sky.z_min"},
                           base::text("sky.z_max is ",
                                      s.z_max,
                                      " (there is no room for a sky beyond sky.z_min = ",
                                      s.z_min,
                                      "), give at least ",
                                      s.z_min + thinnest_z));
    }
    // Below about two pixels the smoothing could not carry the samples of a surface to its
    // neighbours; above a hundred it would take for ever.
    const double finest_arcsec = 1.5 * s.pixel_arcsec;
    const double coarsest_arcsec = 100 * s.pixel_arcsec;
    if (!(s.resolution_arcsec >= finest_arcsec && s.resolution_arcsec <= coarsest_arcsec)) {
        throw SettingError({"sky.resolution_arcsec", "sky.pixel_arcsec"},
                           base::text("sky.resolution_arcsec is ",
                                      s.resolution_arcsec,
                                      " (with sky.pixel_arcsec = ",
                                      s.pixel_arcsec,
                                      " that is not 1.5 to 100 pixels), give ",
                                      finest_arcsec,
                                      " to ",
                                      coarsest_arcsec));
    }
}

void check(const Cosmology& cosmology, const SkySettings& sky, const BoxSettings& boxes) {
    check(sky);
    if (boxes.edges_mpc.empty() || boxes.n_slabs.size() != boxes.edges_mpc.size()) {
        throw SettingError({"boxes.n_slabs", "boxes.edges_mpc"},
                           base::text("boxes.n_slabs has ",
                                      boxes.n_slabs.size(),
                                      " numbers for the ",
                                      boxes.edges_mpc.size(),
                                      " boxes of boxes.edges_mpc (each class of boxes needs its "
                                      "own), give one per class"));
    }
    if (boxes.n_test_realisations > boxes.n_realisations) {
        throw SettingError({"boxes.n_test_realisations", "boxes.n_realisations"},
                           base::text("boxes.n_test_realisations is ",
                                      boxes.n_test_realisations,
                                      " (of only ",
                                      boxes.n_realisations,
                                      " boxes.n_realisations), give fewer"));
    }
    for (const auto& [key, number] :
         {std::pair{"boxes.n_particles", boxes.n_particles}, {"boxes.n_mesh", boxes.n_mesh}}) {
        if (number % 2 != 0) {
            throw SettingError({key},
                               base::text(key,
                                          " is ",
                                          number,
                                          " (the Fourier modes of a box come in pairs), give an "
                                          "even number"));
        }
    }
    if (boxes.n_mesh < boxes.n_particles) {
        throw SettingError({"boxes.n_mesh", "boxes.n_particles"},
                           base::text("boxes.n_mesh is ",
                                      boxes.n_mesh,
                                      " (coarser than the particles, boxes.n_particles = ",
                                      boxes.n_particles,
                                      "), give at least as many"));
    }
    const int most_ranks = boxes.n_particles / 2;
    if (boxes.ranks_per_box > most_ranks) {
        throw SettingError({"boxes.ranks_per_box", "boxes.n_particles"},
                           base::text("boxes.ranks_per_box is ",
                                      boxes.ranks_per_box,
                                      " (a group of ranks may be nearly twice as large, and each "
                                      "needs a plane of the ",
                                      boxes.n_particles,
                                      " boxes.n_particles), give at most ",
                                      most_ranks));
    }
    double near_mpc = comoving_distance_mpc(cosmology, sky.z_min);
    for (std::size_t i = 0; i < boxes.edges_mpc.size(); ++i) {
        const double edge_mpc = boxes.edges_mpc[i];
        const double distance_mpc = near_mpc + edge_mpc / 2;
        check_mass_resolution(
            cosmology, sky, boxes, edge_mpc, redshift_at_distance(cosmology, distance_mpc));
        check_map_resolution(sky, boxes, edge_mpc, distance_mpc);
        near_mpc += edge_mpc * boxes.n_slabs[i];
    }
    const double far_mpc = comoving_distance_mpc(cosmology, sky.z_max);
    if (near_mpc < far_mpc) {
        const double missing = std::ceil((far_mpc - near_mpc) / boxes.edges_mpc.back());
        throw SettingError({"boxes.n_slabs", "boxes.edges_mpc", "sky.z_max"},
                           base::text("boxes.n_slabs ends at ",
                                      near_mpc,
                                      " Mpc, before sky.z_max = ",
                                      sky.z_max,
                                      " at ",
                                      far_mpc,
                                      " Mpc (the sky beyond would be empty), add ",
                                      missing,
                                      " to its last number or lower sky.z_max"));
    }
}

}  // namespace faintweb::sky
