// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <vector>

#include "lib/image/image.h"
#include "lib/sky/box/box_halo.h"
#include "lib/sky/box/gas.h"
#include "lib/sky/box/mesh.h"
#include "lib/sky/box/particles.h"
#include "lib/sky/cosmology/cosmology.h"
#include "lib/sky/settings.h"

namespace faintweb::sky {

/// The web layer of a box and its matter, seen along the three axes; pixels as in Projection.
struct WebMaps {
    std::array<image::Image, 3> emission;        ///< Jy/arcsec2 for xi_e = 1, as seen from here
    std::array<image::Image, 3> column_density;  ///< of all matter, over the mean
};

/// The gas of a box with its haloes. All of it must outlive this.
struct GasBox {
    const Cosmology& cosmology;
    const GasMesh& gas;
    const std::vector<BoxHalo>& haloes;
};

/// Radio power of the shocks of a mesh, spread over 1 Mpc and shared out by mass: erg/s/Hz in the
/// mass of a mean cell, at the rest frequency of what is observed, for xi_e = 1.
///
/// Left out is what belongs to the surfaces of haloes: dense cells, by 1 / (1 + (density / 40)^2),
/// and the surroundings of haloes above 3e12 Msun, by 1 - 1 / (1 + (r / 1.3 R200)^6). Where gas
/// has no magnetic field of its own, it is that of magnetic_field_ug with a_web and eps_b.
///
/// @return  [n, n, n] like the gas; 0 where nothing shines.
/// @source Hoeft & Brueggen 2007 for the power of shocks; the rest is ours.
Mesh web_emissivity(const SkySettings& settings, const GasBox& box, int n_threads);

/// Maps of the shocks of the mesh, away from haloes, drawn on the folds of the sheet of matter.
///
/// @param particles  of the same box as the gas.
/// @param map_px     edge of the maps, >= 2.
/// @param n_sheet    tracers per lattice cell and edge, >= 1.
/// @param n_threads  >= 1; the maps do not depend on it.
/// @return           emission is 0 if settings.web_layer is off.
WebMaps web_maps(const SkySettings& settings,
                 const GasBox& box,
                 const Particles& particles,
                 int map_px,
                 int n_sheet,
                 int n_threads);

/// Radio power of the shocks of gas that has been through hydrodynamics: erg/s/Hz per cell and its
/// density, so that cells weighted by their mass add up to the power; at the rest frequency of what
/// is observed, for xi_e = 1.
///
/// Nothing is left out around haloes and nothing is smoothed: such gas is shocked where it is
/// drawn. Where it has no magnetic field of its own, it is that of magnetic_field_ug with eps_b and
/// a_dyn inside R100 of a halo, a_web outside.
struct GasEmissivity {
    Mesh inside_r100;   ///< of the nearest halo or any other, in three dimensions
    Mesh outside_r100;  ///< of all haloes
};

/// Computes the radio power of a box of such gas, cell by cell.
///
/// @param n_threads  >= 1; the power does not depend on it.
GasEmissivity gas_emissivity(const SkySettings& settings, const GasBox& box, int n_threads);

/// A GasEmissivity seen along the three axes; pixels as in Projection.
struct GasMaps {
    std::array<image::Image, 3> inside_r100;     ///< Jy/arcsec2 for xi_e = 1, as seen from here
    std::array<image::Image, 3> outside_r100;    ///< Jy/arcsec2 for xi_e = 1, as seen from here
    std::array<image::Image, 3> column_density;  ///< of the gas, over the mean
};

/// Draws the maps of a box of such gas.
///
/// @param map_px     edge of the maps.
/// @param n_threads  >= 1; the maps do not depend on it.
GasMaps gas_maps(const SkySettings& settings, const GasBox& box, int map_px, int n_threads);

}  // namespace faintweb::sky
