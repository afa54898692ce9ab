// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "lib/base/fast_math.h"
#include "lib/sky/shock/emission.h"
#include "lib/sky/shock/surface_model.h"
#include "lib/sky/shock/surface_points.h"

namespace faintweb::sky {
namespace {

using Vector = std::array<double, 3>;

/// A line that a point lies on, at foot + direction * r, and the radius before it is shaped.
struct Ray {
    double height = 0;  ///< 0 at the pole or the root, 1 at the rim or the far end
    Vector foot{};
    Vector direction{};
    Vector local{};  ///< direction in the frame of a cap or a shell
    double nominal_mpc = 0;
    double ridge_at = 0;  ///< of a sheath, nodes from its root
    double ridge_density = 0;

    Vector at(double r_mpc) const {
        return {foot[0] + direction[0] * r_mpc, foot[1] + direction[1] * r_mpc,
                foot[2] + direction[2] * r_mpc};
    }
};

Ray ray_of(const ShockSurface& surface, std::uint32_t index, std::uint32_t total) {
    const double angle = 2 * std::numbers::pi * (surface.key + index * golden_turn) * 0x1.0p-32;
    Ray ray;
    ray.height = (index + 0.5) / total;
    ray.nominal_mpc = surface.radius_mpc;
    if (surface.kind == SurfaceKind::sheath) {
        ray.ridge_at = ray.height * static_cast<double>(surface.ridge.size() - 1);
        const auto low = static_cast<std::size_t>(ray.ridge_at);
        const double share = ray.ridge_at - static_cast<double>(low);
        const auto mix = [&](float before, float after) {
            return static_cast<double>(before) * (1 - share) + static_cast<double>(after) * share;
        };
        const auto& near = surface.ridge[low];
        const auto& far = surface.ridge[low + 1];
        for (std::size_t c = 0; c < 3; ++c) {
            ray.foot[c] = mix(near.place_mpc[c], far.place_mpc[c]);
            ray.direction[c] = std::cos(angle) * mix(near.axis_u[c], far.axis_u[c]) +
                               std::sin(angle) * mix(near.axis_v[c], far.axis_v[c]);
        }
        ray.ridge_density = mix(near.density, far.density);
        ray.nominal_mpc *= sheath_widening - sheath_taper * ray.height;
    } else {
        // Fibonacci's spiral over the cap.
        const double cosine = 1 - (1 - static_cast<double>(surface.cos_opening)) * ray.height;
        const double sine = std::sqrt(1 - cosine * cosine);
        ray.local = {sine * std::cos(angle), sine * std::sin(angle), cosine};
        for (std::size_t c = 0; c < 3; ++c) {
            ray.direction[c] = ray.local[0] * surface.axis_u[c] + ray.local[1] * surface.axis_v[c] +
                               ray.local[2] * surface.axis_w[c];
        }
    }
    return ray;
}

double look_up(const HaloScene& halo,
               const ShockSurface& surface,
               Texture::Cube cube,
               const Vector& place_mpc,
               double scale) {
    std::array<float, 3> at{};
    for (std::size_t c = 0; c < 3; ++c) {
        at[c] =
            static_cast<float>(place_mpc[c] * scale * texture_cells_per_r200 / halo.gas.r200_mpc +
                               surface.texture_origin[c] + texture_offset);
    }
    return static_cast<double>(halo.texture.at(cube, at[0], at[1], at[2]));
}

double density_at(const HaloScene& halo, const Vector& place_mpc) {
    return halo.around.density_at({static_cast<float>(place_mpc[0]),
                                   static_cast<float>(place_mpc[1]),
                                   static_cast<float>(place_mpc[2])});
}

/// What the surface is like where the ray meets it.
struct Spot {
    double r_mpc = 0;
    double ripple = 0;
    double strength = 0;
    double mottle = 0;
    double at_filament = 0;  ///< of a shell, 0 .. 1
    double infall = 0;       ///< of a shell: density outside over the cosmic mean
};

Spot spot_on(const HaloScene& halo, const ShockSurface& surface, const Ray& ray) {
    Spot spot;
    spot.ripple = std::clamp(look_up(halo, surface, Texture::ripple, ray.at(ray.nominal_mpc), 1),
                             -largest_ripple, largest_ripple);
    double shape = 1 + halo.settings.corrugation * spot.ripple;
    if (surface.kind == SurfaceKind::shell) {
        const Vector& to = ray.direction;
        for (const Vector3& f : surface.filaments) {
            const double c = to[0] * f[0] + to[1] * f[1] + to[2] * f[2];
            spot.at_filament += std::exp((c - 1) / filament_width);
        }
        spot.at_filament = std::min(spot.at_filament, 1.0);
        spot.infall = std::clamp(density_at(halo, ray.at(shell_looks_out_to * ray.nominal_mpc)),
                                 least_infall, most_infall);
        double ellipsoid = 0;
        for (std::size_t c = 0; c < 3; ++c) {
            ellipsoid += square(ray.local[c]) * surface.inverse_square_axes[c];
        }
        shape *= (shell_scale + shell_swelling * std::log10(spot.infall)) *
                 (1 + filament_stretch * spot.at_filament) / std::sqrt(ellipsoid);
    } else if (surface.kind == SurfaceKind::sheath) {
        shape =
            std::max(1 + sheath_ripple * halo.settings.corrugation * spot.ripple, narrowest_sheath);
    } else {
        shape /= 1 - flattening + flattening * ray.local[2];
    }
    spot.r_mpc = ray.nominal_mpc * shape;
    const Vector place = ray.at(spot.r_mpc);
    spot.strength = look_up(halo, surface, Texture::strength, place, strength_scale);
    spot.mottle = look_up(halo, surface, Texture::density, place, density_scale);
    return spot;
}

/// The shock and the gas in front of it.
struct Upstream {
    double mach = 0;
    double temperature_kev = 0;
    double density_cm3 = 0;
    double rim = 1;  ///< share that is left of the light towards the edge
};

Upstream upstream_of(const HaloScene& halo,
                     const ShockSurface& surface,
                     const Ray& ray,
                     const Spot& spot) {
    const HaloGas& gas = halo.gas;
    const Vector place = ray.at(spot.r_mpc);
    const double x = std::hypot(place[0], place[1], place[2]) / gas.r200_mpc;
    Upstream up;
    if (surface.kind == SurfaceKind::shell) {
        up.mach = 1.5 + shell_mach * std::exp(shell_mach_ripple * spot.ripple) *
                            (1 - shell_mach_at_filament * spot.at_filament);
        up.temperature_kev = shell_temperature * square(gas.v200_km_s / up.mach);
        up.density_cm3 =
            gas.mean_density_cm3 * std::min(shell_density * spot.infall, most_shell_density);
    } else if (surface.kind == SurfaceKind::sheath) {
        up.mach = sheath_mach * std::exp(sheath_mach_ripple * spot.ripple);
        up.temperature_kev = sheath_temperature * square(sheath_speed * gas.v200_km_s) *
                             std::pow(x, -sheath_cooling_outwards) / temperature_jump(up.mach);
        up.density_cm3 = gas.mean_density_cm3 * sheath_compression *
                         std::clamp(ray.ridge_density, least_ridge_density, most_ridge_density) /
                         density_jump(up.mach);
        up.rim = std::min({1.0, (1 - ray.height) / sheath_fade_out, ray.ridge_at / sheath_fade_in});
    } else {
        up.temperature_kev = gas.t200_kev * temperature_profile(x);
        up.density_cm3 = gas.central_density_cm3 * density_profile(x) *
                         std::pow(std::clamp(density_at(halo, place) / halo.around.mean_at(x),
                                             least_environment, most_environment),
                                  environment_power);
        up.mach = surface.speed_km_s / sound_speed_km_s(up.temperature_kev) *
                  (1 - surface.mach_fall * ray.height) *
                  (1 + mach_strength * spot.strength + mach_ripple * spot.ripple);
        up.rim = std::min(1.0, (1 - ray.height) / rim_share);
    }
    const double ln_n = halo.settings.ln_n_sigma;
    up.density_cm3 *= std::exp(ln_n * spot.mottle - ln_n * ln_n / 2);
    return up;
}

}  // namespace

SurfacePoint reference_point(const HaloScene& halo,
                             const ShockSurface& surface,
                             std::uint32_t index,
                             std::uint32_t total) {
    const SkySettings& settings = halo.settings;
    const HaloGas& gas = halo.gas;
    const Ray ray = ray_of(surface, index, total);
    const Spot spot = spot_on(halo, surface, ray);
    const Upstream up = upstream_of(halo, surface, ray, spot);
    if (up.mach < smallest_mach) {
        return {};
    }
    ShockedGas behind;
    behind.mach = up.mach;
    behind.electron_density_cm3 = up.density_cm3 * density_jump(up.mach);
    behind.temperature_kev = up.temperature_kev * temperature_jump(up.mach);
    const double ln_b = settings.ln_b_sigma;
    behind.magnetic_field_ug =
        magnetic_field_ug(behind.electron_density_cm3, behind.temperature_kev, gas.mean_density_cm3,
                          gas.z, amplification(settings, surface.kind), gas.eps_b) *
        std::exp(ln_b * spot.strength - ln_b * ln_b / 4);
    // Electrons shine until they have cooled, an exponential way behind the front. Drawn at random:
    // any regular sequence beats with the spiral and paints stripes.
    const double behind_km_s =
        up.mach * sound_speed_km_s(up.temperature_kev) / 4 + least_downstream_km_s;
    const double uniform = base::unit_interval(base::mix_bits(surface.key + index * weyl_step));
    const double depth_mpc =
        -tail_stretch * std::log(uniform) * settings.l_cool_mpc * behind_km_s / 1000;
    // The density wanted, exp(-t), over the one drawn from, exp(-t / stretch) / stretch.
    const double weight = tail_stretch * std::pow(uniform, tail_stretch - 1);

    const double r_mpc = spot.r_mpc;
    const double power_per_mpc2 =
        shock_power(behind, gas.z, settings.frequency_hz * (1 + gas.z), 1);
    const double area_mpc2 =
        area_share(surface, total) * (surface.kind == SurfaceKind::sheath ? r_mpc : r_mpc * r_mpc);
    return {ray.at(r_mpc - std::min(depth_mpc, deepest_share * r_mpc)),
            weight * up.rim * power_per_mpc2 * area_mpc2 * brightness_per_power(gas.z)};
}

}  // namespace faintweb::sky
