// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <optional>

#include "lib/sky/box/mesh.h"
#include "lib/sky/box/particles.h"

namespace faintweb::sky {

/// The gas of a periodic box on a mesh: made from the sheet of matter here, or read from a
/// simulation with hydrodynamics.
struct GasMesh {
    double box_mpc = 0;  ///< comoving edge of the box
    double z = 0;
    Mesh density;                       ///< over the cosmic mean
    std::array<Mesh, 3> velocity_km_s;  ///< peculiar
    Mesh temperature_k;
    std::optional<Mesh> field_ug;  ///< magnetic, micro-gauss; none: modelled from the density
};

/// Gas that follows the dark matter: density and velocity of the phase-space sheet, and the
/// temperature to which the crossing of its streams would heat it.
///
/// @param n_sheet  tracers per lattice cell and edge that stand for the sheet, >= 1.
/// @source Abel, Hahn & Kaehler 2012 (MNRAS 427, 61) for the sheet; the temperature is ours.
GasMesh sheet_gas(const Particles& particles, int n_mesh, int n_sheet, int n_threads);

}  // namespace faintweb::sky
