// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <numbers>

#include "lib/sky/settings.h"
#include "lib/sky/shock/shock_surface.h"
#include "lib/sky/shock/texture.h"

namespace faintweb::sky {

// Numbers of the model of shock surfaces, for the code that draws them, the fast code that samples
// them and the plain code that this is tested against. Lengths are in units of R200.
inline constexpr double core_radius = 0.15;
inline constexpr double outer_radius = 0.8;
inline constexpr double temperature_radius = 0.55;
inline constexpr double central_temperature = 1.25;
inline constexpr double texture_cells_per_r200 = 16;
/// Whole periods that keep coordinates positive, to a sheath's far end.
inline constexpr double texture_offset = 16.0 * Texture::edge;
inline constexpr double deepest_share =
    0.4;  // of the radius: how far behind its front a point may be
inline constexpr double strength_scale =
    2.3;  // the second cube is read this much finer than the first
inline constexpr double density_scale = 1.7;
inline constexpr double largest_ripple =
    4;  // standard deviations; keeps fronts inside shock_reach_mpc
inline constexpr double mach_strength = 0.08;
inline constexpr double mach_ripple = 0.06;
inline constexpr double smallest_mach = 1.4;
inline constexpr double launch_radius =
    0.25;  // merger fronts form where the cores have passed each other
inline constexpr double flattening = 0.28;  // fronts are flatter than a sphere around the halo
inline constexpr double tail_stretch =
    2;  // depths are drawn this much deeper and weighted: smooth tails
inline constexpr double rim_share = 0.25;  // of a cap's height over which its edge fades
inline constexpr double shell_mach = 8;
inline constexpr double shell_mach_ripple = 0.5;
inline constexpr double shell_mach_at_filament = 0.6;
inline constexpr double shell_scale = 0.86;
inline constexpr double shell_swelling = 0.10;      // per decade of the density outside
inline constexpr double shell_looks_out_to = 1.25;  // its own radii
inline constexpr double least_infall = 0.15;        // density outside a shell, cosmic means
inline constexpr double most_infall = 40;
inline constexpr double most_shell_density = 10;
inline constexpr double filament_stretch = 0.30;
inline constexpr double filament_width = 0.06;  // in 1 - cos(angle)
inline constexpr double shell_density = 1.2;    // of the infalling gas, cosmic means
inline constexpr double shell_temperature =
    5.85e-6;  // upstream keV / (V200^2 / M^2): infall at 1.26 V200
inline constexpr double least_downstream_km_s = 200;
inline constexpr double least_environment =
    0.1;  // density of the mesh over its mean at the same radius
inline constexpr double most_environment = 10;
inline constexpr double environment_power = 0.6;
inline constexpr double sheath_radius = 0.22;
inline constexpr double sheath_widening = 1.15;  // at the halo
inline constexpr double sheath_taper = 0.7;      // narrower by this at the far end
inline constexpr double sheath_ripple = 4;       // times the corrugation of fronts
inline constexpr double narrowest_sheath = 0.3;
inline constexpr double sheath_mach = 4;
inline constexpr double sheath_mach_ripple = 0.35;
inline constexpr double sheath_compression = 3;   // of the gas behind, over the mesh
inline constexpr double least_ridge_density = 2;  // cosmic means
inline constexpr double most_ridge_density = 60;
inline constexpr double sheath_speed = 0.75;            // of V200
inline constexpr double sheath_temperature = 1.83e-6;   // keV / (km/s)^2: 3/16 mu m_p
inline constexpr double sheath_cooling_outwards = 0.7;  // power of x
inline constexpr double sheath_fade_in = 2;             // ridge steps
inline constexpr std::size_t fewest_ridge_nodes = 4;
inline constexpr double sheath_fade_out = 0.5;  // of the length

inline constexpr std::uint32_t golden_turn =
    2654435769U;                                         // 2^32 / golden ratio: Fibonacci's spiral
inline constexpr std::uint32_t weyl_step = 0x9E3779B9U;  // odd: keys of points never repeat

/// The square of a number.
inline double square(double x) {
    return x * x;
}

/// Solid angle of a cap or length of a tube, per point: times r^2 or r it is the point's area.
inline double area_share(const ShockSurface& surface, std::uint32_t total) {
    const double all = surface.kind == SurfaceKind::sheath
                           ? static_cast<double>(surface.length_mpc)
                           : 1 - static_cast<double>(surface.cos_opening);
    return 2 * std::numbers::pi * all / total;
}

/// Of the magnetic field behind the surfaces of a kind.
inline double amplification(const SkySettings& settings, SurfaceKind kind) {
    switch (kind) {
        case SurfaceKind::front:
            return settings.a_dyn;
        case SurfaceKind::shell:
            return settings.a_acc;
        case SurfaceKind::sheath:
            return settings.a_fil;
    }
    return 0;
}

}  // namespace faintweb::sky
