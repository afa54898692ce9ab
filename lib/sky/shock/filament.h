// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <vector>

#include "lib/sky/box/box_halo.h"
#include "lib/sky/box/mesh.h"

namespace faintweb::sky {

/// The matter around a halo. Refers to the mesh that it was made from.
struct Surroundings {
    static constexpr int bins_per_r200 = 8;
    static constexpr int n_bins = 72;

    const Mesh* density = nullptr;        ///< over the cosmic mean
    std::array<float, 3> centre_cells{};  ///< of the halo, 0 .. n
    float cells_per_mpc = 0;              ///< physical Mpc
    float r200_mpc = 0;                   ///< physical
    /// Mean density at i / bins_per_r200 times R200, over the cosmic mean; at least a tenth of it.
    std::array<float, n_bins> radial_mean{};

    /// Density at a place relative to the halo, physical Mpc.
    double density_at(const Vector3& place_mpc) const;
    /// Mean density at a distance x from the halo, in units of R200.
    double mean_at(double x) const;
};

/// Looks at the matter around a halo, on shells at all distances of radial_mean.
///
/// @param density  over the cosmic mean; it must outlive what is returned.
/// @param box_mpc  edge of the box, comoving Mpc.
/// @param z        redshift at which the halo is seen.
Surroundings survey_surroundings(const BoxHalo& halo,
                                 const Mesh& density,
                                 double box_mpc,
                                 double z);

/// Directions from which matter streams in: the densest places on a sphere around the halo.
///
/// @return 1 .. 3 unit vectors, densest first, at least 53 deg apart; all but the first are 1.8
///         times denser than the sphere's mean.
/// @source ours.
std::vector<Vector3> filament_directions(const Surroundings& around);

/// The ridge of a filament, from R200 of its halo outwards.
struct Ridge {
    std::vector<Vector3> places_mpc;  ///< relative to the halo, physical, at equal steps
    std::vector<float> density;       ///< there, over the cosmic mean
    double step_mpc = 0;
};

/// Follows the densest way outwards until the filament ends in a void or after 20 steps.
///
/// @param direction  of the filament at the halo, unit vector.
/// @source ours.
Ridge follow_ridge(const Surroundings& around, const Vector3& direction);

}  // namespace faintweb::sky
