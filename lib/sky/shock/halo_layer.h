// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lib/image/image.h"
#include "lib/sky/box/box_halo.h"
#include "lib/sky/box/mesh.h"
#include "lib/sky/cosmology/cosmology.h"
#include "lib/sky/settings.h"

namespace faintweb::sky {

/// Radio maps of the shocks of the haloes of a box, one per axis that it is seen along.
///
/// Map a is seen along axis a: columns run along axis (a + 1) % 3, rows along (a + 2) % 3, pixel c
/// stands at (c + 1/2) * box edge / map_px. Jy/arcsec2 for xi_e = 1, periodic.
struct HaloMaps {
    std::array<image::Image, 3> inside_r100;   ///< from points nearer than R100 to their own halo
    std::array<image::Image, 3> outside_r100;  ///< from all others
};

/// A box at one redshift with its haloes. All of it must outlive this.
struct HaloBox {
    const Cosmology& cosmology;
    const std::vector<BoxHalo>& haloes;  ///< with matched masses
    const Mesh& density;                 ///< over the cosmic mean
    double edge_mpc = 0;                 ///< comoving
    double z = 0;
    /// Of class and realisation, below 2^32. Shocks are drawn anew at each z: the same box at
    /// another z must not show the same arcs in one lightcone.
    std::uint64_t key = 0;
};

/// Paints the shock surfaces of the haloes of a box: merger, core and inlet fronts, accretion
/// shells and the sheaths of filaments; a layer that is switched off is left out, and haloes below
/// min_mass_msun are left dark.
///
/// Smoothed to resolution_arcsec, or to 1.5 cells of 1/2400 of the box if that is wider. Same
/// arguments give the same bits for any number of threads. The maps do not depend on xi_e. Needs
/// 6 * 8 bytes per pixel and a few images more.
///
/// @param map_px   edge of the maps.
/// @throws UsageError  if settings do not fit each other, or a halo the box; names it.
/// @source Gheller et al. 2018, sections 3.1-3.2 for what is mocked; Hoeft & Brueggen 2007 for the
///         emission; the shock surfaces are ours.
HaloMaps paint_haloes(
    const SkySettings& settings, const HaloBox& box, int map_px, std::uint64_t seed, int n_threads);

/// FWHM of the maps of a box, comoving Mpc.
double halo_map_fwhm_mpc(const Cosmology& cosmology,
                         const SkySettings& settings,
                         double box_mpc,
                         double z);

/// Key of the random numbers of a box at redshift z, for make_surfaces.
std::uint64_t state_key(std::uint64_t box_key, double z);

}  // namespace faintweb::sky
