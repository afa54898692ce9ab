// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "lib/sky/box/gas.h"
#include "lib/sky/box/mesh.h"

namespace faintweb::sky {

/// Shocks of a gas mesh: one cell per front and line of sight along the mesh.
struct ShockMesh {
    Mesh mach;                    ///< 0 = no shock
    Mesh upstream_density;        ///< over the cosmic mean; 0 where there is no shock
    Mesh upstream_temperature_k;  ///< 0 where there is no shock
};

/// Weakest jump that counts as a shock: below it the emission of shock_psi is zero.
inline constexpr float lowest_mach = 1.3F;

/// Finds shocks by the jumps of velocity across the cells where gas converges.
///
/// The jump along each axis, taken against the colder of the two neighbours, gives a Mach number by
/// the Rankine-Hugoniot conditions; the three add in squares, M^2 - 1 = sum (M_a^2 - 1). (The
/// published sum of M_a^2 gives the same for strong shocks, but calls a weak convergence along
/// three axes Mach sqrt 3.) A front is seen by more than one cell: along the axis of its largest
/// jump only the strongest of adjacent cells stays, the hotter one of equals.
///
/// @param gas        periodic, at least 4 cells along an edge; temperatures > 0.
/// @param n_threads  >= 1; the result does not depend on it.
/// @source Vazza, Brunetti & Gheller 2009 (MNRAS 395, 1333), section 4, "velocity jump" method.
ShockMesh find_shocks(const GasMesh& gas, int n_threads);

}  // namespace faintweb::sky
