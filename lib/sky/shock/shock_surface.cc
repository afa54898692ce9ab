// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/shock_surface.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

#include "lib/base/random.h"
#include "lib/base/units.h"
#include "lib/sky/cosmology/cosmology.h"
#include "lib/sky/shock/emission.h"
#include "lib/sky/shock/surface_model.h"

namespace faintweb::sky {
namespace {

Vector3 unit(double x, double y, double z) {
    const double norm = std::sqrt(x * x + y * y + z * z);
    return {static_cast<float>(x / norm), static_cast<float>(y / norm),
            static_cast<float>(z / norm)};
}

Vector3 cross(const Vector3& a, const Vector3& b) {
    return unit(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]);
}

Vector3 scattered(const Vector3& axis, double scatter, base::RandomStream& random) {
    const double x = axis[0] + scatter * random.normal();
    const double y = axis[1] + scatter * random.normal();
    return unit(x, y, axis[2] + scatter * random.normal());
}

void set_axis(ShockSurface& surface, const Vector3& axis) {
    const Vector3 other = std::fabs(axis[0]) < 0.8F ? Vector3{1, 0, 0} : Vector3{0, 1, 0};
    surface.axis_w = axis;
    surface.axis_u = cross(axis, other);
    surface.axis_v = cross(axis, surface.axis_u);
}

/// Gives a sheath its ridge, with frames across it that do not twist.
void lay_along(const Ridge& ridge, ShockSurface& sheath) {
    const std::size_t n = ridge.places_mpc.size();
    sheath.ridge.resize(n);
    sheath.length_mpc = static_cast<float>(ridge.step_mpc * static_cast<double>(n - 1));
    for (std::size_t i = 0; i < n; ++i) {
        ShockSurface::RidgeNode& node = sheath.ridge[i];
        node.place_mpc = ridge.places_mpc[i];
        node.density = ridge.density[i];
        const Vector3& before = ridge.places_mpc[i == 0 ? 0 : i - 1];
        const Vector3& after = ridge.places_mpc[std::min(i + 1, n - 1)];
        const Vector3 along =
            unit(after[0] - before[0], after[1] - before[1], after[2] - before[2]);
        if (i == 0) {
            set_axis(sheath, along);
            node.axis_u = sheath.axis_u;
        } else {
            node.axis_u = cross(cross(along, sheath.ridge[i - 1].axis_u), along);
        }
        node.axis_v = cross(along, node.axis_u);
    }
}

/// Mergers per mass ratio: the shape in the ratio of the rate, integrated once from xi_min to 1.
class MergerRatios {
  public:
    explicit MergerRatios(double smallest) {
        constexpr int n = 200;
        const double step = -std::log(smallest) / n;
        double sum = 0;
        double before = 0;
        for (int i = 0; i <= n; ++i) {
            const double ratio = smallest * std::exp(i * step);
            const double density =
                std::pow(ratio, -1.995) * std::exp(std::pow(ratio / 9.72e-3, 0.263)) * ratio;
            sum += i == 0 ? 0 : step * (before + density) / 2;
            before = density;
            ratios_.push_back(ratio);
            sums_.push_back(sum);
        }
    }
    double total() const { return sums_.back(); }
    double ratio_at(double share) const {
        const double wanted = share * total();
        const auto i = std::clamp<std::ptrdiff_t>(
            std::lower_bound(sums_.begin(), sums_.end(), wanted) - sums_.begin(), 1,
            static_cast<std::ptrdiff_t>(sums_.size()) - 1);
        const auto high = static_cast<std::size_t>(i);
        const double part = (wanted - sums_[high - 1]) / (sums_[high] - sums_[high - 1]);
        return ratios_[high - 1] + part * (ratios_[high] - ratios_[high - 1]);
    }

  private:
    std::vector<double> ratios_;
    std::vector<double> sums_;
};

/// Mean number of mergers per unit redshift over that of the shape above.
double merger_rate_factor(double mass_msun, double z) {
    return 0.0104 * std::pow(mass_msun / 1e12, 0.133) * std::pow(1 + z, 0.0993);
}

/// Draws the surfaces of a halo, in an order that its random numbers depend on.
class SurfaceDrawing {
  public:
    SurfaceDrawing(const SkySettings& settings,
                   const BoxHalo& halo,
                   const HaloGas& gas,
                   std::uint64_t seed,
                   std::uint64_t key)
        : settings_(settings),
          halo_(halo),
          gas_(gas),
          random_(seed, base::Purpose::halo_events, key, halo.id),
          keys_(seed, base::Purpose::surface_points, key, halo.id) {}

    void add_shell(const std::vector<Vector3>& filaments) {
        ShockSurface shell = new_surface(SurfaceKind::shell);
        set_axis(shell, filaments.front());
        shell.radius_mpc = static_cast<float>(between(1.9, 2.2) * gas_.r200_mpc);
        // Haloes are triaxial, longest towards their main filament, and so is where infall stops.
        const double second = between(0.75, 1);
        const double third = second * between(0.75, 1);
        const double mean_square = std::pow(second * third, 2.0 / 3);
        shell.inverse_square_axes = {static_cast<float>(mean_square / square(third)),
                                     static_cast<float>(mean_square / square(second)),
                                     static_cast<float>(mean_square)};
        shell.filaments = filaments;
        surfaces_.push_back(shell);
    }

    /// Every number is drawn, used or not, so that other settings do not change what follows.
    void add_inlets(const std::vector<Vector3>& filaments) {
        for (const Vector3& filament : filaments) {
            const bool is_lit = random_.uniform_double() < settings_.p_inlet;
            const Vector3 axis = scattered(filament, 0.1, random_);
            const double opening = between(12, 28) * base::rad_per_deg;
            const double x = between(0.8, 1.7);
            const ShockSurface inlet =
                new_front(axis, opening, x, between(1.2, 2) * gas_.v200_km_s, 0.25F);
            if (is_lit) {
                surfaces_.push_back(inlet);
            }
        }
    }

    void add_sheaths(const Surroundings& around, const std::vector<Vector3>& filaments) {
        for (const Vector3& filament : filaments) {
            ShockSurface sheath = new_surface(SurfaceKind::sheath);
            if (halo_.mass_msun >= settings_.min_sheath_mass_msun) {
                lay_along(follow_ridge(around, filament), sheath);
                sheath.radius_mpc = static_cast<float>(sheath_radius * gas_.r200_mpc);
                if (sheath.ridge.size() >= fewest_ridge_nodes) {
                    surfaces_.push_back(sheath);
                }
            }
        }
    }

    /// Adds the mergers whose front has not yet left the halo. Their time counts from the passage
    /// of the cores, though fronts are drawn from launch_radius on (f_merge takes that up); a
    /// front's counterpart trails behind it, nearer to the middle.
    void add_mergers(const std::vector<Vector3>& filaments) {
        constexpr double gyr_km_s_per_mpc = 977.8;
        const MergerRatios ratios(settings_.xi_min);
        const double visible_gyr =
            settings_.r_max * gas_.r200_mpc / (settings_.vs_mu * gas_.v200_km_s) * gyr_km_s_per_mpc;
        const double hubble_per_gyr = gas_.cosmology.hubble_km_s_mpc() *
                                      expansion_rate(gas_.cosmology, gas_.z) / gyr_km_s_per_mpc;
        const double visible_dz = (1 + gas_.z) * hubble_per_gyr * visible_gyr;
        const std::uint64_t n_mergers =
            random_.poisson(settings_.f_merge * merger_rate_factor(halo_.mass_msun, gas_.z) *
                            ratios.total() * visible_dz);
        for (std::uint64_t i = 0; i < n_mergers; ++i) {
            add_merger(ratios.ratio_at(random_.uniform_double()), filaments);
        }
    }

    std::vector<ShockSurface> take() { return std::move(surfaces_); }

  private:
    double between(double low, double high) {
        return low + (high - low) * random_.uniform_double();
    }

    ShockSurface new_surface(SurfaceKind kind) {
        ShockSurface surface;
        surface.kind = kind;
        surface.key = keys_.next_uint32();
        for (float& origin : surface.texture_origin) {
            origin = static_cast<float>(Texture::edge) * keys_.uniform();
        }
        return surface;
    }

    ShockSurface new_front(
        const Vector3& axis, double opening, double x, double speed_km_s, float mach_fall) {
        ShockSurface front = new_surface(SurfaceKind::front);
        set_axis(front, axis);
        front.cos_opening = static_cast<float>(std::cos(std::clamp(opening, 0.15, 1.35)));
        front.radius_mpc = static_cast<float>(x * gas_.r200_mpc);
        front.speed_km_s = static_cast<float>(speed_km_s);
        front.mach_fall = mach_fall;
        return front;
    }

    /// @param ratio  of the masses, at most 1.
    void add_merger(double ratio, const std::vector<Vector3>& filaments) {
        const Vector3 axis = scattered(filaments[random_.below(filaments.size())], 0.35, random_);
        const double speed = gas_.v200_km_s * settings_.vs_mu *
                             std::exp(settings_.vs_sigma * random_.normal()) *
                             (0.75 + 0.45 * std::cbrt(ratio));
        const double x = launch_radius + (settings_.r_max - launch_radius) *
                                             std::pow(random_.uniform_double(), 0.9);
        const double opening =
            (12 + 55 * std::pow(ratio, 0.25) + 8 * random_.normal()) * base::rad_per_deg;
        surfaces_.push_back(new_front(axis, opening, x, speed, 0.15F));

        const Vector3 behind = scattered({-axis[0], -axis[1], -axis[2]}, 0.2, random_);
        const double counter_opening = opening * between(0.6, 1.1);
        const double counter_x = x * between(0.55, 0.95);
        const ShockSurface counter =
            new_front(behind, counter_opening, counter_x, speed * between(0.8, 1), 0.18F);
        if (ratio > 0.05) {
            surfaces_.push_back(counter);
        }

        // Dense, cool gas that fell in with the other halo is shocked in the middle.
        const bool reaches_core = random_.uniform_double() < settings_.p_core;
        const double core_x = between(0.06, 0.28);
        const double core_speed = settings_.core_mach * std::exp(0.15 * random_.normal()) *
                                  sound_speed_km_s(gas_.t200_kev * temperature_profile(core_x));
        const Vector3 core_axis = scattered(axis, 0.3, random_);
        const ShockSurface core =
            new_front(core_axis, between(0.4, 0.9), core_x, core_speed, 0.15F);
        if (ratio > 0.1 && reaches_core) {
            surfaces_.push_back(core);
        }
    }

    const SkySettings& settings_;
    const BoxHalo& halo_;
    const HaloGas& gas_;
    base::RandomStream random_;
    base::RandomStream keys_;
    std::vector<ShockSurface> surfaces_;
};

}  // namespace

double density_profile(double x) {
    return std::pow((1 + square(x / core_radius)) * (1 + square(x / outer_radius)), -0.75);
}

double temperature_profile(double x) {
    return central_temperature * std::pow(1 + square(x / temperature_radius), -0.55);
}

double ShockSurface::area_mpc2() const {
    const double r = static_cast<double>(radius_mpc);
    return area_share(*this, 1) * (kind == SurfaceKind::sheath ? r : r * r);
}

double shock_reach_mpc(const SkySettings& settings, double r200_mpc) {
    // A front at its farthest (make_surfaces), flattened at the rim, and its largest ripple.
    const double widest = 1 / (1 - flattening + flattening * std::cos(1.35));
    const double front = widest * std::max(settings.r_max, 1.7);
    const double shell = 2.2 * 4 / 3 * (1 + filament_stretch) *
                         (shell_scale + shell_swelling * std::log10(most_infall));
    return r200_mpc * std::max(front, shell) * (1 + largest_ripple * settings.corrugation);
}

HaloGas make_halo_gas(const Cosmology& cosmology,
                      const SkySettings& settings,
                      const BoxHalo& halo,
                      double z) {
    const double gas_share = 0.9 * cosmology.omega_baryon / cosmology.omega_matter;
    HaloGas gas;
    gas.cosmology = cosmology;
    gas.z = z;
    gas.r200_mpc = halo.r200_mpc;
    const double mass_msun = 4.0 / 3 * std::numbers::pi * 200 *
                             critical_density_msun_mpc3(cosmology, z) * std::pow(halo.r200_mpc, 3);
    gas.v200_km_s = std::sqrt(gravity_mpc_km2_s2_msun * mass_msun / halo.r200_mpc);
    gas.t200_kev =
        0.5 * mass_per_particle * proton_mass_gram * square(gas.v200_km_s * 1e5) / erg_per_kev;
    static const double shape_integral = [] {
        constexpr int n = 2000;
        double sum = 0;
        for (int i = 0; i < n; ++i) {
            const double x = (i + 0.5) / n;
            sum += x * x * density_profile(x) / n;
        }
        return sum;
    }();
    const double electrons =
        gas_share * mass_msun * gram_per_msun / (mass_per_electron * proton_mass_gram);
    gas.central_density_cm3 =
        electrons /
        (4 * std::numbers::pi * std::pow(halo.r200_mpc * cm_per_mpc, 3) * shape_integral);
    gas.mean_density_cm3 = mean_electron_density_cm3(cosmology, z);
    gas.eps_b = settings.eps_b * std::min(1.5, square(halo.r200_mpc / settings.r_dyn_mpc));
    return gas;
}

std::vector<ShockSurface> make_surfaces(const SkySettings& settings,
                                        const BoxHalo& halo,
                                        const HaloGas& gas,
                                        const Surroundings& around,
                                        std::uint64_t seed,
                                        std::uint64_t key) {
    SurfaceDrawing drawing(settings, halo, gas, seed, key);
    const std::vector<Vector3> filaments = filament_directions(around);
    drawing.add_shell(filaments);
    drawing.add_inlets(filaments);
    drawing.add_sheaths(around, filaments);
    drawing.add_mergers(filaments);
    return drawing.take();
}

}  // namespace faintweb::sky
