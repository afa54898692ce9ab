// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lib/sky/box/mesh.h"
#include "lib/sky/cosmology/cosmology.h"
#include "lib/sky/cosmology/mass_function.h"

namespace faintweb::sky {

/// A dark-matter halo of a simulated box.
struct BoxHalo {
    std::array<double, 3> position_mpc{};  ///< comoving, 0 .. box edge
    double mass_msun = 0;       ///< M200m: what the mass function gives the halo of this rank
    double mesh_mass_msun = 0;  ///< found on the mesh, in its sphere
    double r200_mpc = 0;        ///< encloses 200 times the critical density, physical
    double r100_mpc = 0;        ///< the virial radius, physical
    std::uint32_t id = 0;       ///< rank in mesh mass, 0 = heaviest: key of its random numbers
};

/// Finds haloes by spherical overdensity: spheres around the peaks of a mesh that are grown until
/// their mean density falls to sphere_density, densest peak first; peaks inside an accepted sphere
/// are dropped.
///
/// The same bits for any number of threads. Spheres of neighbours may overlap: what both hold is
/// counted twice.
///
/// @param density         over the mean.
/// @param sphere_density  over the mean.
/// @return  by falling mesh_mass_msun; the other masses and the radii are not yet set.
std::vector<BoxHalo> find_haloes(const Cosmology& cosmology,
                                 const Mesh& density,
                                 double box_mpc,
                                 int n_threads,
                                 double sphere_density = 100);

/// Gives the halo of rank i the mass above which the mass function has i + 1/2 haloes in the box,
/// so that haloes of any mesh have the right abundance; and radii of that mass.
///
/// @source Sheth & Tormen 1999 by way of MassFunction; M200c = 0.72 M200m and R100 = 1.33 R200 are
///         those of a Navarro-Frenk-White profile of concentration 5.
void match_abundance(const Cosmology& cosmology,
                     const MassFunction& mass_function,
                     double box_mpc,
                     double z,
                     std::vector<BoxHalo>& haloes);

/// Gives haloes the masses that were found on the mesh, and radii of those: for simulations whose
/// haloes are not to be second-guessed.
///
/// @param haloes  of find_haloes with a sphere_density of 200.
/// @source        as match_abundance, for the radii.
void keep_mesh_masses(const Cosmology& cosmology, double z, std::vector<BoxHalo>& haloes);

}  // namespace faintweb::sky
