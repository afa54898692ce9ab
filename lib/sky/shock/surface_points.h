// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <cstdint>

#include "lib/sky/settings.h"
#include "lib/sky/shock/filament.h"
#include "lib/sky/shock/shock_surface.h"
#include "lib/sky/shock/texture.h"

namespace faintweb::sky {

/// What the shock surfaces of a halo shine by, and where they are. All of it must outlive this.
struct HaloScene {
    const SkySettings& settings;
    const HaloGas& gas;
    const Surroundings& around;
    const Texture& texture = Texture::cubes();
};

/// Points of a surface: where they are, relative to the halo, and what they shine.
struct SurfacePoints {
    static constexpr std::uint32_t capacity = 256;
    using Lane = std::array<float, capacity>;

    alignas(32) std::array<Lane, 3> place_mpc;  ///< physical
    /// Surface brightness times comoving area that it is seen on, Jy/arcsec2 Mpc2, for xi_e = 1.
    alignas(32) Lane light;
};

/// Some of the points that represent a surface: first .. first + n - 1 of the `total`.
struct PointRange {
    std::uint32_t first = 0;
    std::uint32_t n = 0;      ///< 1 .. SurfacePoints::capacity
    std::uint32_t total = 0;  ///< <= 2^24
};

/// Samples points of a surface.
///
/// @param points  are overwritten; entries beyond range.n are left undefined.
void sample_surface(const HaloScene& halo,
                    const ShockSurface& surface,
                    const PointRange& range,
                    SurfacePoints& points);

/// One point of a surface in double precision.
struct SurfacePoint {
    std::array<double, 3> place_mpc{};  ///< relative to the halo, physical
    double light = 0;                   ///< as SurfacePoints::light, Jy/arcsec2 Mpc2
};

/// Computes one point plainly, as sample_surface does it fast: that is tested against this.
///
/// @param index  of the point, < total.
/// @param total  points that represent the surface.
/// @return       no light where the gas is not shocked.
SurfacePoint reference_point(const HaloScene& halo,
                             const ShockSurface& surface,
                             std::uint32_t index,
                             std::uint32_t total);

}  // namespace faintweb::sky
