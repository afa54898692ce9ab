// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/surface_points.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

#include "lib/base/contract.h"
#include "lib/base/fast_math.h"
#include "lib/base/random.h"
#include "lib/base/vector.h"
#include "lib/base/vector_clones.h"
#include "lib/sky/shock/emission.h"
#include "lib/sky/shock/surface_model.h"

// Every function here is inlined into sample_surface, which is compiled for each kind of vector.
// Gas is in base-2 logarithms (l_...): all but a few steps are then sums.
namespace faintweb::sky {
namespace {

constexpr auto log2_e = static_cast<float>(std::numbers::log2e);
constexpr auto ln_2 = static_cast<float>(std::numbers::ln2);

/// What is known of the points of one call, step by step. A point is at f + d * r.
struct Lanes {
    using Lane = SurfacePoints::Lane;
    alignas(32) Lane height;  ///< 0 at the pole or the root, 1 at the rim or the far end
    alignas(32) Lane depth;   ///< behind the front, cooling lengths over ln 2
    alignas(32) Lane weight;
    alignas(32) Lane cos_angle;
    alignas(32) Lane sin_angle;
    alignas(32) Lane f0;
    alignas(32) Lane f1;
    alignas(32) Lane f2;
    alignas(32) Lane d0;
    alignas(32) Lane d1;
    alignas(32) Lane d2;
    alignas(32) Lane nominal;      ///< radius, Mpc
    alignas(32) Lane shape;        ///< r / nominal
    alignas(32) Lane at_filament;  ///< of shells; the density on the ridge of sheaths
    alignas(32) Lane ripple;
    alignas(32) Lane strength;
    alignas(32) Lane mottle;
    alignas(32) Lane l_environment;
    alignas(32) Lane r;          ///< Mpc
    alignas(32) Lane x_squared;  ///< of the distance from the halo over R200
    alignas(32) Lane mach;
    alignas(32) Lane l_t_up;  ///< keV, in front of the shock
    alignas(32) Lane l_n_up;  ///< per cm3, in front of the shock
    alignas(32) Lane rim;
};

/// Interpolates a periodic cube of edge n at cells -n .. 2n.
FAINTWEB_INLINE float trilinear(const float* cells, std::int32_t n, float x, float y, float z) {
    const auto edge = static_cast<float>(n);
    x = x < 0.0F ? x + edge : x;
    y = y < 0.0F ? y + edge : y;
    z = z < 0.0F ? z + edge : z;
    x = x >= edge ? x - edge : x;
    y = y >= edge ? y - edge : y;
    z = z >= edge ? z - edge : z;
    const auto i0 = static_cast<std::int32_t>(x);
    const auto j0 = static_cast<std::int32_t>(y);
    const auto k0 = static_cast<std::int32_t>(z);
    const float a = x - static_cast<float>(i0);
    const float b = y - static_cast<float>(j0);
    const float d = z - static_cast<float>(k0);
    const std::int32_t i1 = i0 + 1 == n ? 0 : i0 + 1;
    const std::int32_t j1 = j0 + 1 == n ? 0 : j0 + 1;
    const std::int32_t k1 = k0 + 1 == n ? 0 : k0 + 1;
    const std::int32_t line00 = (i0 * n + j0) * n;
    const std::int32_t line01 = (i0 * n + j1) * n;
    const std::int32_t line10 = (i1 * n + j0) * n;
    const std::int32_t line11 = (i1 * n + j1) * n;
    const float v00 = cells[line00 + k0] + d * (cells[line00 + k1] - cells[line00 + k0]);
    const float v01 = cells[line01 + k0] + d * (cells[line01 + k1] - cells[line01 + k0]);
    const float v10 = cells[line10 + k0] + d * (cells[line10 + k1] - cells[line10 + k0]);
    const float v11 = cells[line11 + k0] + d * (cells[line11 + k1] - cells[line11 + k0]);
    const float v0 = v00 + b * (v01 - v00);
    const float v1 = v10 + b * (v11 - v10);
    return v0 + a * (v1 - v0);
}

/// Where on the surface each point is, and how deep behind it.
FAINTWEB_INLINE void draw_points(const ShockSurface& surface, const PointRange& range, Lanes& p) {
    const std::size_t count = range.n;
    const std::uint32_t first = range.first;
    const float one_over_total = 1.0F / static_cast<float>(range.total);
    const std::uint32_t key = surface.key;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t index = first + static_cast<std::uint32_t>(i);
        p.height[i] =
            (static_cast<float>(static_cast<std::int32_t>(index)) + 0.5F) * one_over_total;
        const float uniform = base::unit_interval(base::mix_bits(key + index * weyl_step));
        p.depth[i] = -static_cast<float>(tail_stretch) * base::fast_log2(uniform);
        static_assert(tail_stretch == 2, "the weight is written out");
        p.weight[i] = 2.0F * uniform;
        const float turn =
            static_cast<float>(static_cast<std::int32_t>(key + index * golden_turn)) * 0x1.0p-32F;
        p.cos_angle[i] = base::fast_sin_turns(turn + 0.25F);
        p.sin_angle[i] = base::fast_sin_turns(turn);
    }
}

/// Foot, direction and nominal radius around the ridge of a filament.
FAINTWEB_INLINE void lay_on_tube(const ShockSurface& surface, std::size_t count, Lanes& p) {
    const float radius = surface.radius_mpc;
    const auto n_nodes = static_cast<std::int32_t>(surface.ridge.size());
    const auto n_steps = static_cast<float>(n_nodes - 1);
    for (std::size_t i = 0; i < count; ++i) {
        const float at = n_steps * p.height[i];
        const auto whole = static_cast<std::int32_t>(at);
        const auto low = static_cast<std::size_t>(whole < n_nodes - 2 ? whole : n_nodes - 2);
        const float share = at - static_cast<float>(static_cast<std::int32_t>(low));
        const ShockSurface::RidgeNode& a = surface.ridge[low];
        const ShockSurface::RidgeNode& b = surface.ridge[low + 1];
        const auto mix = [share](float before, float after) {
            return before + share * (after - before);
        };
        const float c = p.cos_angle[i];
        const float s = p.sin_angle[i];
        p.f0[i] = mix(a.place_mpc[0], b.place_mpc[0]);
        p.f1[i] = mix(a.place_mpc[1], b.place_mpc[1]);
        p.f2[i] = mix(a.place_mpc[2], b.place_mpc[2]);
        p.d0[i] = c * mix(a.axis_u[0], b.axis_u[0]) + s * mix(a.axis_v[0], b.axis_v[0]);
        p.d1[i] = c * mix(a.axis_u[1], b.axis_u[1]) + s * mix(a.axis_v[1], b.axis_v[1]);
        p.d2[i] = c * mix(a.axis_u[2], b.axis_u[2]) + s * mix(a.axis_v[2], b.axis_v[2]);
        p.at_filament[i] = mix(a.density, b.density);
        p.nominal[i] = radius * (static_cast<float>(sheath_widening) -
                                 static_cast<float>(sheath_taper) * p.height[i]);
        p.shape[i] = 1.0F;
    }
}

/// Direction and nominal radius on a cap or a shell.
FAINTWEB_INLINE void lay_on_cap(const ShockSurface& surface, std::size_t count, Lanes& p) {
    const bool is_shell = surface.kind == SurfaceKind::shell;
    const float radius = surface.radius_mpc;
    const float opening = 1.0F - surface.cos_opening;
    const Vector3 eu = surface.axis_u;
    const Vector3 ev = surface.axis_v;
    const Vector3 ew = surface.axis_w;
    const Vector3 inverse_squares = surface.inverse_square_axes;
    for (std::size_t i = 0; i < count; ++i) {
        const float below_pole = opening * p.height[i];
        const float cosine = 1.0F - below_pole;
        const float square_sine = below_pole * (2.0F - below_pole);
        const float sine = std::sqrt(square_sine > 0.0F ? square_sine : 0.0F);
        const float lu = sine * p.cos_angle[i];
        const float lv = sine * p.sin_angle[i];
        p.d0[i] = lu * eu[0] + lv * ev[0] + cosine * ew[0];
        p.d1[i] = lu * eu[1] + lv * ev[1] + cosine * ew[1];
        p.d2[i] = lu * eu[2] + lv * ev[2] + cosine * ew[2];
        const float ellipsoid = lu * lu * inverse_squares[0] + lv * lv * inverse_squares[1] +
                                cosine * cosine * inverse_squares[2];
        const float front =
            1.0F / (static_cast<float>(1 - flattening) + static_cast<float>(flattening) * cosine);
        p.shape[i] = is_shell ? 1.0F / std::sqrt(ellipsoid) : front;
        p.f0[i] = 0;
        p.f1[i] = 0;
        p.f2[i] = 0;
        p.nominal[i] = radius;
        p.at_filament[i] = 0;
    }
    for (const Vector3& f : surface.filaments) {
        for (std::size_t i = 0; i < count; ++i) {
            const float c = p.d0[i] * f[0] + p.d1[i] * f[1] + p.d2[i] * f[2];
            p.at_filament[i] += base::fast_exp2(
                (c - 1.0F) * static_cast<float>(std::numbers::log2e / filament_width));
        }
    }
}

/// Reads a cube of the texture at the distances r along the points' directions.
FAINTWEB_INLINE void look_up(const HaloScene& halo,
                             const ShockSurface& surface,
                             Texture::Cube which,
                             float scale,
                             std::size_t count,
                             const Lanes& p,
                             const Lanes::Lane& r,
                             Lanes::Lane& out) {
    const auto cells = static_cast<float>(texture_cells_per_r200 / halo.gas.r200_mpc);
    const float q = scale * cells;
    const float o0 = surface.texture_origin[0] + static_cast<float>(texture_offset);
    const float o1 = surface.texture_origin[1] + static_cast<float>(texture_offset);
    const float o2 = surface.texture_origin[2] + static_cast<float>(texture_offset);
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = halo.texture.at(which, (p.f0[i] + p.d0[i] * r[i]) * q + o0,
                                 (p.f1[i] + p.d1[i] * r[i]) * q + o1,
                                 (p.f2[i] + p.d2[i] * r[i]) * q + o2);
    }
}

/// Density of the mesh where matter falls onto a shell.
FAINTWEB_INLINE void look_outside(const HaloScene& halo,
                                  float radius,
                                  std::size_t count,
                                  Lanes& p) {
    const float* mesh = halo.around.density->cells.data();
    const std::int32_t n_mesh = halo.around.density->n;
    const std::array<float, 3> centre = halo.around.centre_cells;
    const float mesh_scale = halo.around.cells_per_mpc;
    const float out_to = static_cast<float>(shell_looks_out_to) * radius * mesh_scale;
    constexpr auto l_least = static_cast<float>(-2.7369655941662062);  // log2(least_infall)
    static_assert(least_infall == 0.15);
    for (std::size_t i = 0; i < count; ++i) {
        const float density = trilinear(mesh, n_mesh, centre[0] + p.d0[i] * out_to,
                                        centre[1] + p.d1[i] * out_to, centre[2] + p.d2[i] * out_to);
        const float most =
            density < static_cast<float>(most_infall) ? density : static_cast<float>(most_infall);
        p.l_environment[i] =
            most > static_cast<float>(least_infall) ? base::fast_log2(most) : l_least;
    }
}

/// How far out each point is.
FAINTWEB_INLINE void shape_surface(const HaloScene& halo,
                                   SurfaceKind kind,
                                   std::size_t count,
                                   Lanes& p) {
    const bool is_sheath = kind == SurfaceKind::sheath;
    const bool is_shell = kind == SurfaceKind::shell;
    const auto corrugation = static_cast<float>(halo.settings.corrugation);
    for (std::size_t i = 0; i < count; ++i) {
        constexpr auto limit = static_cast<float>(largest_ripple);
        const float clipped =
            p.ripple[i] < -limit ? -limit : (p.ripple[i] > limit ? limit : p.ripple[i]);
        p.ripple[i] = clipped;
    }
    if (is_sheath) {
        for (std::size_t i = 0; i < count; ++i) {
            const float width =
                1.0F + static_cast<float>(sheath_ripple) * corrugation * p.ripple[i];
            p.shape[i] = width > static_cast<float>(narrowest_sheath)
                             ? width
                             : static_cast<float>(narrowest_sheath);
        }
    } else if (is_shell) {
        for (std::size_t i = 0; i < count; ++i) {
            p.at_filament[i] = p.at_filament[i] > 1.0F ? 1.0F : p.at_filament[i];
            p.shape[i] *=
                (1.0F + corrugation * p.ripple[i]) *
                (1.0F + static_cast<float>(filament_stretch) * p.at_filament[i]) *
                (static_cast<float>(shell_scale) +
                 static_cast<float>(shell_swelling * std::numbers::ln2 / std::numbers::ln10) *
                     p.l_environment[i]);
        }
    } else {
        for (std::size_t i = 0; i < count; ++i) {
            p.shape[i] *= 1.0F + corrugation * p.ripple[i];
        }
    }
    const auto one_over_r200 = static_cast<float>(1 / halo.gas.r200_mpc);
    for (std::size_t i = 0; i < count; ++i) {
        p.r[i] = p.nominal[i] * p.shape[i];
        const float p0 = (p.f0[i] + p.d0[i] * p.r[i]) * one_over_r200;
        const float p1 = (p.f1[i] + p.d1[i] * p.r[i]) * one_over_r200;
        const float p2 = (p.f2[i] + p.d2[i] * p.r[i]) * one_over_r200;
        p.x_squared[i] = p0 * p0 + p1 * p1 + p2 * p2;
    }
}

/// Density of the mesh at a front over its mean at that distance.
FAINTWEB_INLINE void look_around(const HaloScene& halo, std::size_t count, Lanes& p) {
    const float* mesh = halo.around.density->cells.data();
    const std::int32_t n_mesh = halo.around.density->n;
    const std::array<float, 3> centre = halo.around.centre_cells;
    const float mesh_scale = halo.around.cells_per_mpc;
    constexpr auto last_bin = static_cast<float>(Surroundings::n_bins - 1.001);
    constexpr auto least = static_cast<float>(least_environment);
    constexpr auto most = static_cast<float>(most_environment);
    const float* means = halo.around.radial_mean.data();
    for (std::size_t i = 0; i < count; ++i) {
        const float density = trilinear(mesh, n_mesh, centre[0] + p.d0[i] * p.r[i] * mesh_scale,
                                        centre[1] + p.d1[i] * p.r[i] * mesh_scale,
                                        centre[2] + p.d2[i] * p.r[i] * mesh_scale);
        const float at =
            static_cast<float>(Surroundings::bins_per_r200) * std::sqrt(p.x_squared[i]);
        const float bin = at < last_bin ? at : last_bin;
        const auto low = static_cast<std::int32_t>(bin);
        const float mean =
            means[low] + (bin - static_cast<float>(low)) * (means[low + 1] - means[low]);
        const float ratio = density / mean;
        const float held = ratio < least ? least : (ratio > most ? most : ratio);
        p.l_environment[i] = static_cast<float>(environment_power) * base::fast_log2(held);
    }
}

/// Gas in front of a shell.
FAINTWEB_INLINE void fall_onto_shell(const HaloGas& gas, std::size_t count, Lanes& p) {
    const auto l_n = static_cast<float>(std::log2(shell_density * gas.mean_density_cm3));
    const auto l_n_most = static_cast<float>(std::log2(most_shell_density * gas.mean_density_cm3));
    const auto l_t = static_cast<float>(std::log2(shell_temperature * square(gas.v200_km_s)));
    for (std::size_t i = 0; i < count; ++i) {
        p.mach[i] =
            1.5F +
            static_cast<float>(shell_mach) *
                base::fast_exp2(static_cast<float>(shell_mach_ripple) * log2_e * p.ripple[i]) *
                (1.0F - static_cast<float>(shell_mach_at_filament) * p.at_filament[i]);
        p.l_t_up[i] = l_t - 2.0F * base::fast_log2(p.mach[i]);
        const float infalling = l_n + p.l_environment[i];
        p.l_n_up[i] = infalling < l_n_most ? infalling : l_n_most;
        p.rim[i] = 1.0F;
    }
}

/// Gas in front of a sheath.
FAINTWEB_INLINE void fall_onto_sheath(const HaloGas& gas,
                                      const ShockSurface& surface,
                                      std::size_t count,
                                      Lanes& p) {
    const auto l_n = static_cast<float>(std::log2(sheath_compression * gas.mean_density_cm3));
    const auto l_t =
        static_cast<float>(std::log2(sheath_temperature * square(sheath_speed * gas.v200_km_s)));
    const auto n_steps = static_cast<float>(surface.ridge.size() - 1);
    for (std::size_t i = 0; i < count; ++i) {
        const float m =
            static_cast<float>(sheath_mach) *
            base::fast_exp2(static_cast<float>(sheath_mach_ripple) * log2_e * p.ripple[i]);
        const float m2 = m * m;
        p.mach[i] = m;
        p.l_t_up[i] =
            l_t -
            static_cast<float>(sheath_cooling_outwards / 2) * base::fast_log2(p.x_squared[i]) -
            base::fast_log2((5.0F * m2 - 1.0F) * (m2 + 3.0F) / (16.0F * m2));
        constexpr auto least = static_cast<float>(least_ridge_density);
        constexpr auto most = static_cast<float>(most_ridge_density);
        const float ridge =
            p.at_filament[i] < least ? least : (p.at_filament[i] > most ? most : p.at_filament[i]);
        p.l_n_up[i] = l_n + base::fast_log2(ridge) - base::fast_log2(4.0F * m2 / (m2 + 3.0F));
        const float to_end = (1.0F - p.height[i]) * static_cast<float>(1 / sheath_fade_out);
        const float from_root = p.height[i] * n_steps * static_cast<float>(1 / sheath_fade_in);
        const float fade = to_end < from_root ? to_end : from_root;
        p.rim[i] = fade < 1.0F ? fade : 1.0F;
    }
}

/// Gas in front of a front.
FAINTWEB_INLINE void run_into_gas(const HaloGas& gas,
                                  const ShockSurface& surface,
                                  std::size_t count,
                                  Lanes& p) {
    const auto sound_1_kev = static_cast<float>(sound_speed_km_s(1));
    const auto l_t0 = static_cast<float>(std::log2(gas.t200_kev * central_temperature));
    const auto l_n0 = static_cast<float>(std::log2(gas.central_density_cm3));
    constexpr auto inverse_core2 = static_cast<float>(1 / (core_radius * core_radius));
    constexpr auto inverse_outer2 = static_cast<float>(1 / (outer_radius * outer_radius));
    constexpr auto inverse_t2 = static_cast<float>(1 / (temperature_radius * temperature_radius));
    const float mach_fall = surface.mach_fall;
    const float speed = surface.speed_km_s;
    for (std::size_t i = 0; i < count; ++i) {
        const float x2 = p.x_squared[i];
        p.l_t_up[i] = l_t0 - 0.55F * base::fast_log2(1.0F + x2 * inverse_t2);
        p.l_n_up[i] =
            l_n0 + p.l_environment[i] -
            0.75F * base::fast_log2((1.0F + x2 * inverse_core2) * (1.0F + x2 * inverse_outer2));
        p.mach[i] = speed / (sound_1_kev * base::fast_exp2(0.5F * p.l_t_up[i])) *
                    (1.0F - mach_fall * p.height[i]) *
                    (1.0F + static_cast<float>(mach_strength) * p.strength[i] +
                     static_cast<float>(mach_ripple) * p.ripple[i]);
        const float to_rim = (1.0F - p.height[i]) * static_cast<float>(1 / rim_share);
        p.rim[i] = to_rim < 1.0F ? to_rim : 1.0F;
    }
}

/// Gas behind the shock, its field, and what it shines.
FAINTWEB_INLINE void shine(const HaloScene& halo,
                           const ShockSurface& surface,
                           const PointRange& range,
                           const Lanes& p,
                           SurfacePoints& points) {
    const SkySettings& settings = halo.settings;
    const HaloGas& gas = halo.gas;
    const std::size_t count = range.n;
    const bool is_sheath = surface.kind == SurfaceKind::sheath;
    const auto sound_1_kev = static_cast<float>(sound_speed_km_s(1));
    const auto ln_n = static_cast<float>(settings.ln_n_sigma);
    const auto ln_b = static_cast<float>(settings.ln_b_sigma);
    // Both limits of the field at unit density and temperature.
    const auto l_frozen_in = static_cast<float>(
        std::log2(amplification(settings, surface.kind) * 1e-3 * square(1 + gas.z)) -
        2.0 / 3 * std::log2(gas.mean_density_cm3));
    const auto l_saturated = static_cast<float>(
        std::log2(magnetic_field_ug(1, 1, gas.mean_density_cm3, gas.z, 1e30, gas.eps_b)));
    const auto l_frequency =
        static_cast<float>(std::log2(settings.frequency_hz * (1 + gas.z) / 1.4e9));
    const auto square_cmb = static_cast<float>(square(cmb_field_ug(gas.z)));
    const auto l_scale = static_cast<float>(
        std::log2(6.4e34) - std::log2(1e-4) - std::log2(0.05) - 1.5 * std::log2(7.0) +
        std::log2(brightness_per_power(gas.z)) + std::log2(area_share(surface, range.total)));
    const float area_power = is_sheath ? 1.0F : 2.0F;
    const auto cooling_mpc = static_cast<float>(settings.l_cool_mpc / 1000) * ln_2;
    constexpr auto least_mach = static_cast<float>(smallest_mach);
    constexpr float l_least_kev = -13.2877124F;  // 1e-4 keV, as in shock_psi
    for (std::size_t i = 0; i < count; ++i) {
        const float m = p.mach[i] < least_mach ? least_mach : p.mach[i];
        const float m2 = m * m;
        const float l_n = p.l_n_up[i] + log2_e * (ln_n * p.mottle[i] - 0.5F * ln_n * ln_n) +
                          base::fast_log2(4.0F * m2 / (m2 + 3.0F));
        const float l_t =
            p.l_t_up[i] + base::fast_log2((5.0F * m2 - 1.0F) * (m2 + 3.0F) / (16.0F * m2));
        const float frozen_in = l_frozen_in + 0.666666667F * l_n;
        const float saturated = l_saturated + 0.5F * (l_n + l_t);
        const float l_b = (frozen_in < saturated ? frozen_in : saturated) +
                          log2_e * (ln_b * p.strength[i] - 0.25F * ln_b * ln_b);
        const float y = 4.0F / (m2 - 1.0F);
        const float half_s = 1.0F + 0.5F * y;
        const float ln_t = (l_t < l_least_kev ? l_least_kev : l_t) * ln_2;
        const float ln_psi = -0.1288F + 0.02029F * ln_t + 5.84e-4F * ln_t * ln_t -
                             y * (0.1692F + 11.0997F * y) / (0.1731F + y) + y * ln_t;
        const float l_light = l_scale + area_power * base::fast_log2(p.r[i]) + l_n -
                              half_s * l_frequency + 1.5F * l_t + (1.0F + half_s) * l_b -
                              base::fast_log2(square_cmb + base::fast_exp2(2.0F * l_b)) +
                              ln_psi * log2_e;
        const float shining = p.mach[i] < least_mach ? 0.0F : p.weight[i] * p.rim[i];
        points.light[i] = shining * base::fast_exp2(l_light);
        const float behind_km_s = 0.25F * m * sound_1_kev * base::fast_exp2(0.5F * p.l_t_up[i]) +
                                  static_cast<float>(least_downstream_km_s);
        const float way = cooling_mpc * behind_km_s * p.depth[i];
        const float most = static_cast<float>(deepest_share) * p.r[i];
        const float seen_at = p.r[i] - (way < most ? way : most);
        points.place_mpc[0][i] = p.f0[i] + p.d0[i] * seen_at;
        points.place_mpc[1][i] = p.f1[i] + p.d1[i] * seen_at;
        points.place_mpc[2][i] = p.f2[i] + p.d2[i] * seen_at;
    }
}

}  // namespace

FAINTWEB_VECTOR_CLONES
void sample_surface(const HaloScene& halo,
                    const ShockSurface& surface,
                    const PointRange& range,
                    SurfacePoints& points) {
    FAINTWEB_EXPECTS(range.n <= SurfacePoints::capacity && range.n > 0 && range.total <= 1U << 24);
    const std::size_t count = range.n;
    Lanes p;
    draw_points(surface, range, p);
    if (surface.kind == SurfaceKind::sheath) {
        lay_on_tube(surface, count, p);
    } else {
        lay_on_cap(surface, count, p);
    }
    look_up(halo, surface, Texture::ripple, 1.0F, count, p, p.nominal, p.ripple);
    if (surface.kind == SurfaceKind::shell) {
        look_outside(halo, surface.radius_mpc, count, p);
    }
    shape_surface(halo, surface.kind, count, p);
    constexpr auto finer = static_cast<float>(strength_scale);
    look_up(halo, surface, Texture::strength, finer, count, p, p.r, p.strength);
    constexpr auto fine = static_cast<float>(density_scale);
    look_up(halo, surface, Texture::density, fine, count, p, p.r, p.mottle);
    switch (surface.kind) {
        case SurfaceKind::shell:
            fall_onto_shell(halo.gas, count, p);
            break;
        case SurfaceKind::sheath:
            fall_onto_sheath(halo.gas, surface, count, p);
            break;
        case SurfaceKind::front:
            look_around(halo, count, p);
            run_into_gas(halo.gas, surface, count, p);
            break;
    }
    shine(halo, surface, range, p, points);
}

}  // namespace faintweb::sky
