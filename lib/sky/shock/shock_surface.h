// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <vector>

#include "lib/sky/box/box_halo.h"
#include "lib/sky/cosmology/cosmology.h"
#include "lib/sky/settings.h"
#include "lib/sky/shock/filament.h"

namespace faintweb::sky {

/// The gas of a halo, shared by all of its shock surfaces.
struct HaloGas {
    Cosmology cosmology;
    double z = 0;
    double r200_mpc = 0;             ///< physical
    double v200_km_s = 0;            ///< circular velocity at r200
    double t200_kev = 0;             ///< virial temperature
    double central_density_cm3 = 0;  ///< electrons
    double mean_density_cm3 = 0;     ///< electrons, cosmic mean at z
    double eps_b = 0;                ///< dynamo saturation of this halo
};

/// Sets up the gas of a halo: electrons are 0.9 of the cosmic baryon share inside R200.
///
/// @source ours; the profiles are stand-ins for those of simulated clusters, their scale drops out
///         in xi_e.
HaloGas make_halo_gas(const Cosmology& cosmology,
                      const SkySettings& settings,
                      const BoxHalo& halo,
                      double z);

/// Shape of the electron density, 1 in the middle; x = r / R200.
double density_profile(double x);
/// Temperature over that of R200; x = r / R200.
double temperature_profile(double x);

enum class SurfaceKind {
    front,  ///< a rippled cap around an axis: merger, core and filament inlet shocks
    shell,  ///< closed and uneven: where infall stops
    sheath  ///< a tube around the ridge of a filament
};

/// One shock surface of a halo. Lengths are physical.
struct ShockSurface {
    /// A place on the ridge of a filament with the frame of the tube around it.
    struct RidgeNode {
        Vector3 place_mpc{};
        Vector3 axis_u{}, axis_v{};
        float density = 0;  ///< over the cosmic mean
    };

    SurfaceKind kind = SurfaceKind::front;
    Vector3 axis_u{}, axis_v{}, axis_w{};  ///< orthonormal, w = axis of the cap
    float cos_opening = -1;                ///< of the half-opening angle
    float radius_mpc = 0;  ///< of the nose of a front, the mean of a shell, the root of a sheath
    float speed_km_s = 0;  ///< of a front
    float mach_fall = 0;   ///< share by which the Mach number falls from nose to rim
    float length_mpc = 0;  ///< of a sheath
    Vector3 inverse_square_axes{1, 1, 1};  ///< shells: of the ellipsoid along u, v, w
    std::vector<Vector3> filaments;        ///< shells: where matter streams in, unit vectors
    std::vector<RidgeNode> ridge;          ///< sheaths, >= 2
    Vector3 texture_origin{};              ///< cells
    std::uint32_t key = 0;                 ///< shifts its quasi-random points

    double area_mpc2() const;  ///< about
};

/// Draws the shock surfaces that a halo has now: a shell, the inlets and sheaths of its filaments,
/// and the fronts of the mergers of the last crossing times.
///
/// A setting that adds or drops surfaces leaves the others as they are.
///
/// @param key  of the state of the box that the halo is in.
/// @source merger rate: Fakhouri, Ma & Boylan-Kolchin 2010 (MNRAS 406, 2267), equation 1 with the
///         values of its abstract; geometry and speeds: ours, in the manner of Brueggen & Vazza
///         2020.
std::vector<ShockSurface> make_surfaces(const SkySettings& settings,
                                        const BoxHalo& halo,
                                        const HaloGas& gas,
                                        const Surroundings& around,
                                        std::uint64_t seed,
                                        std::uint64_t key);

/// Radius that no front or shell of a halo passes, Mpc physical. Sheaths may.
double shock_reach_mpc(const SkySettings& settings, double r200_mpc);

}  // namespace faintweb::sky
