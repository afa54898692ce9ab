// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <vector>

#include "lib/sky/box/mesh.h"

namespace faintweb::sky {

/// Dark-matter particles of a periodic box at one redshift, in the order of the lattice that they
/// started from: neighbours in the list are neighbours on the folded sheet of matter.
///
/// Particle (i, j, k), k fastest, is at (i, j, k) * box_mpc / n + displacement.
struct Particles {
    int n = 0;           ///< particles along an edge; 0 = none
    double box_mpc = 0;  ///< comoving edge of the box
    double z = 0;
    std::vector<Vector3> displacement_mpc;  ///< [n, n, n], comoving, not wrapped
    std::vector<Vector3> velocity_km_s;     ///< [n, n, n], peculiar (a dx/dt)
};

}  // namespace faintweb::sky
