#include "lib/sky/shock/shock_surface.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "lib/base/contract.h"
#include "lib/base/fast_math.h"
#include "lib/base/random.h"
#include "lib/base/units.h"
#include "lib/base/vector_clones.h"
#include "lib/sky/cosmology/cosmology.h"
#include "lib/sky/shock/emission.h"

namespace faintweb::sky {
namespace {

// Numbers of the model that both the fast and the plain code use. Lengths are in units of R200.
constexpr double core_radius = 0.15;
constexpr double outer_radius = 0.8;
constexpr double temperature_radius = 0.55;
constexpr double central_temperature = 1.25;
constexpr double texture_cells_per_r200 = 16;
/// Whole periods that keep coordinates positive, to a sheath's far end.
constexpr double texture_offset = 16.0 * Texture::edge;
constexpr double deepest_share = 0.4;   // of the radius: how far behind its front a point may be
constexpr double strength_scale = 2.3;  // the second cube is read this much finer than the first
constexpr double density_scale = 1.7;
constexpr double largest_ripple = 4;  // standard deviations; keeps fronts inside shock_reach_mpc
constexpr double mach_strength = 0.08;
constexpr double mach_ripple = 0.06;
constexpr double smallest_mach = 1.4;
constexpr double launch_radius = 0.25;  // merger fronts form where the cores have passed each other
constexpr double flattening = 0.28;     // fronts are flatter than a sphere around the halo
constexpr double tail_stretch = 2;  // depths are drawn this much deeper and weighted: smooth tails
constexpr double rim_share = 0.25;  // of a cap's height over which its edge fades
constexpr double shell_mach = 8;
constexpr double shell_mach_ripple = 0.5;
constexpr double shell_mach_at_filament = 0.6;
constexpr double shell_scale = 0.86;
constexpr double shell_swelling = 0.10;      // per decade of the density outside
constexpr double shell_looks_out_to = 1.25;  // its own radii
constexpr double least_infall = 0.15;        // density outside a shell, cosmic means
constexpr double most_infall = 40;
constexpr double most_shell_density = 10;
constexpr double filament_stretch = 0.30;
constexpr double filament_width = 0.06;        // in 1 - cos(angle)
constexpr double shell_density = 1.2;          // of the infalling gas, cosmic means
constexpr double shell_temperature = 5.85e-6;  // upstream keV / (V200^2 / M^2): infall at 1.26 V200
constexpr double least_downstream_km_s = 200;
constexpr double least_environment = 0.1;  // density of the mesh over its mean at the same radius
constexpr double most_environment = 10;
constexpr double environment_power = 0.6;
constexpr double sheath_radius = 0.22;
constexpr double sheath_widening = 1.15;  // at the halo
constexpr double sheath_taper = 0.7;      // narrower by this at the far end
constexpr double sheath_ripple = 4;       // times the corrugation of fronts
constexpr double narrowest_sheath = 0.3;
constexpr double sheath_mach = 4;
constexpr double sheath_mach_ripple = 0.35;
constexpr double sheath_compression = 3;   // of the gas behind, over the mesh
constexpr double least_ridge_density = 2;  // cosmic means
constexpr double most_ridge_density = 60;
constexpr double sheath_speed = 0.75;            // of V200
constexpr double sheath_temperature = 1.83e-6;   // keV / (km/s)^2: 3/16 mu m_p
constexpr double sheath_cooling_outwards = 0.7;  // power of x
constexpr double sheath_fade_in = 2;             // ridge steps
constexpr std::size_t fewest_ridge_nodes = 4;
constexpr double sheath_fade_out = 0.5;  // of the length

constexpr std::uint32_t golden_turn = 2654435769U;  // 2^32 / golden ratio: Fibonacci's spiral
constexpr std::uint32_t weyl_step = 0x9E3779B9U;    // odd: keys of points never repeat

double square(double x) {
    return x * x;
}

Vector3 unit(double x, double y, double z) {
    const double norm = std::sqrt(x * x + y * y + z * z);
    return {
        static_cast<float>(x / norm), static_cast<float>(y / norm), static_cast<float>(z / norm)};
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
            std::lower_bound(sums_.begin(), sums_.end(), wanted) - sums_.begin(),
            1,
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

/// Interpolates a periodic cube of edge n at cells -n .. 2n.
inline float trilinear(const float* cells, std::int32_t n, float x, float y, float z) {
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

/// Solid angle of a cap or length of a tube, per point: times r^2 or r it is the point's area.
double area_share(const ShockSurface& surface, std::uint32_t total) {
    const double all = surface.kind == SurfaceKind::sheath
                           ? static_cast<double>(surface.length_mpc)
                           : 1 - static_cast<double>(surface.cos_opening);
    return 2 * std::numbers::pi * all / total;
}

double amplification(const SkySettings& settings, SurfaceKind kind) {
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
    constexpr double gyr_km_s_per_mpc = 977.8;
    base::RandomStream random(seed, base::Purpose::halo_events, key, halo.id);
    base::RandomStream keys(seed, base::Purpose::surface_points, key, halo.id);
    const auto new_surface = [&](SurfaceKind kind) {
        ShockSurface surface;
        surface.kind = kind;
        surface.key = keys.next_uint32();
        for (float& origin : surface.texture_origin) {
            origin = static_cast<float>(Texture::edge) * keys.uniform();
        }
        return surface;
    };
    const auto new_front =
        [&](const Vector3& axis, double opening, double x, double speed_km_s, float mach_fall) {
            ShockSurface front = new_surface(SurfaceKind::front);
            set_axis(front, axis);
            front.cos_opening = static_cast<float>(std::cos(std::clamp(opening, 0.15, 1.35)));
            front.radius_mpc = static_cast<float>(x * gas.r200_mpc);
            front.speed_km_s = static_cast<float>(speed_km_s);
            front.mach_fall = mach_fall;
            return front;
        };
    const auto between = [&](double low, double high) {
        return low + (high - low) * random.uniform_double();
    };
    const std::vector<Vector3> filaments = filament_directions(around);
    std::vector<ShockSurface> surfaces;

    ShockSurface shell = new_surface(SurfaceKind::shell);
    set_axis(shell, filaments.front());
    shell.radius_mpc = static_cast<float>(between(1.9, 2.2) * gas.r200_mpc);
    // Haloes are triaxial, longest towards their main filament, and so is where infall stops.
    const double second = between(0.75, 1);
    const double third = second * between(0.75, 1);
    const double mean_square = std::pow(second * third, 2.0 / 3);
    shell.inverse_square_axes = {static_cast<float>(mean_square / square(third)),
                                 static_cast<float>(mean_square / square(second)),
                                 static_cast<float>(mean_square)};
    shell.filaments = filaments;
    surfaces.push_back(shell);

    // Every number is drawn, used or not, so that other settings do not change what follows.
    for (const Vector3& filament : filaments) {
        const bool is_lit = random.uniform_double() < settings.p_inlet;
        const Vector3 axis = scattered(filament, 0.1, random);
        const double opening = between(12, 28) * base::rad_per_deg;
        const double x = between(0.8, 1.7);
        const ShockSurface inlet =
            new_front(axis, opening, x, between(1.2, 2) * gas.v200_km_s, 0.25F);
        if (is_lit) {
            surfaces.push_back(inlet);
        }
    }
    for (const Vector3& filament : filaments) {
        ShockSurface sheath = new_surface(SurfaceKind::sheath);
        if (halo.mass_msun >= settings.min_sheath_mass_msun) {
            lay_along(follow_ridge(around, filament), sheath);
            sheath.radius_mpc = static_cast<float>(sheath_radius * gas.r200_mpc);
            if (sheath.ridge.size() >= fewest_ridge_nodes) {
                surfaces.push_back(sheath);
            }
        }
    }

    // Mergers whose front has not yet left the halo. Their time counts from the passage of the
    // cores, though fronts are drawn from launch_radius on (f_merge takes that up); a front's
    // counterpart trails behind it, nearer to the middle.
    const MergerRatios ratios(settings.xi_min);
    const double visible_gyr =
        settings.r_max * gas.r200_mpc / (settings.vs_mu * gas.v200_km_s) * gyr_km_s_per_mpc;
    const double hubble_per_gyr =
        gas.cosmology.hubble_km_s_mpc() * expansion_rate(gas.cosmology, gas.z) / gyr_km_s_per_mpc;
    const double visible_dz = (1 + gas.z) * hubble_per_gyr * visible_gyr;
    const std::uint64_t n_mergers = random.poisson(
        settings.f_merge * merger_rate_factor(halo.mass_msun, gas.z) * ratios.total() * visible_dz);
    for (std::uint64_t i = 0; i < n_mergers; ++i) {
        const double ratio = ratios.ratio_at(random.uniform_double());
        const Vector3 axis = scattered(filaments[random.below(filaments.size())], 0.35, random);
        const double speed = gas.v200_km_s * settings.vs_mu *
                             std::exp(settings.vs_sigma * random.normal()) *
                             (0.75 + 0.45 * std::cbrt(ratio));
        const double x = launch_radius +
                         (settings.r_max - launch_radius) * std::pow(random.uniform_double(), 0.9);
        const double opening =
            (12 + 55 * std::pow(ratio, 0.25) + 8 * random.normal()) * base::rad_per_deg;
        surfaces.push_back(new_front(axis, opening, x, speed, 0.15F));

        const Vector3 behind = scattered({-axis[0], -axis[1], -axis[2]}, 0.2, random);
        const double counter_opening = opening * between(0.6, 1.1);
        const double counter_x = x * between(0.55, 0.95);
        const ShockSurface counter =
            new_front(behind, counter_opening, counter_x, speed * between(0.8, 1), 0.18F);
        if (ratio > 0.05) {
            surfaces.push_back(counter);
        }

        // Dense, cool gas that fell in with the other halo is shocked in the middle.
        const bool reaches_core = random.uniform_double() < settings.p_core;
        const double core_x = between(0.06, 0.28);
        const double core_speed = settings.core_mach * std::exp(0.15 * random.normal()) *
                                  sound_speed_km_s(gas.t200_kev * temperature_profile(core_x));
        const Vector3 core_axis = scattered(axis, 0.3, random);
        const ShockSurface core =
            new_front(core_axis, between(0.4, 0.9), core_x, core_speed, 0.15F);
        if (ratio > 0.1 && reaches_core) {
            surfaces.push_back(core);
        }
    }
    return surfaces;
}

SurfacePoint reference_point(const SkySettings& settings,
                             const HaloGas& gas,
                             const Surroundings& around,
                             const ShockSurface& surface,
                             const Texture& texture,
                             std::uint32_t index,
                             std::uint32_t total) {
    using Vector = std::array<double, 3>;
    const bool is_sheath = surface.kind == SurfaceKind::sheath;
    const bool is_shell = surface.kind == SurfaceKind::shell;
    const double height = (index + 0.5) / total;
    const double angle = 2 * std::numbers::pi * (surface.key + index * golden_turn) * 0x1.0p-32;
    const auto density_at = [&](const Vector& place) {
        return around.density_at({static_cast<float>(place[0]),
                                  static_cast<float>(place[1]),
                                  static_cast<float>(place[2])});
    };

    // A point is at foot + direction * r.
    Vector foot{};
    Vector direction{};
    Vector local{};
    double cosine = 0;
    double nominal_mpc = surface.radius_mpc;
    double ridge_density = 0;
    const double ridge_at = is_sheath ? height * static_cast<double>(surface.ridge.size() - 1) : 0;
    if (is_sheath) {
        const auto low = static_cast<std::size_t>(ridge_at);
        const double share = ridge_at - static_cast<double>(low);
        const auto mix = [&](float before, float after) {
            return static_cast<double>(before) * (1 - share) + static_cast<double>(after) * share;
        };
        const auto& near = surface.ridge[low];
        const auto& far = surface.ridge[low + 1];
        for (std::size_t c = 0; c < 3; ++c) {
            foot[c] = mix(near.place_mpc[c], far.place_mpc[c]);
            direction[c] = std::cos(angle) * mix(near.axis_u[c], far.axis_u[c]) +
                           std::sin(angle) * mix(near.axis_v[c], far.axis_v[c]);
        }
        ridge_density = mix(near.density, far.density);
        nominal_mpc *= sheath_widening - sheath_taper * height;
    } else {
        // Fibonacci's spiral over the cap.
        cosine = 1 - (1 - static_cast<double>(surface.cos_opening)) * height;
        const double sine = std::sqrt(1 - cosine * cosine);
        local = {sine * std::cos(angle), sine * std::sin(angle), cosine};
        for (std::size_t c = 0; c < 3; ++c) {
            direction[c] = local[0] * surface.axis_u[c] + local[1] * surface.axis_v[c] +
                           local[2] * surface.axis_w[c];
        }
    }
    const auto place_at = [&](double r_mpc) {
        return Vector{foot[0] + direction[0] * r_mpc,
                      foot[1] + direction[1] * r_mpc,
                      foot[2] + direction[2] * r_mpc};
    };
    const auto look_up = [&](Texture::Cube cube, double r_mpc, double scale) {
        const Vector place = place_at(r_mpc);
        std::array<float, 3> at{};
        for (std::size_t c = 0; c < 3; ++c) {
            at[c] = static_cast<float>(place[c] * scale * texture_cells_per_r200 / gas.r200_mpc +
                                       surface.texture_origin[c] + texture_offset);
        }
        return static_cast<double>(texture.at(cube, at[0], at[1], at[2]));
    };

    // Shape.
    const double ripple =
        std::clamp(look_up(Texture::ripple, nominal_mpc, 1), -largest_ripple, largest_ripple);
    double shape = 1 + settings.corrugation * ripple;
    double at_filament = 0;
    double infall = 0;
    if (is_shell) {
        for (const Vector3& f : surface.filaments) {
            const double c = direction[0] * f[0] + direction[1] * f[1] + direction[2] * f[2];
            at_filament += std::exp((c - 1) / filament_width);
        }
        at_filament = std::min(at_filament, 1.0);
        infall = std::clamp(
            density_at(place_at(shell_looks_out_to * nominal_mpc)), least_infall, most_infall);
        double ellipsoid = 0;
        for (std::size_t c = 0; c < 3; ++c) {
            ellipsoid += square(local[c]) * surface.inverse_square_axes[c];
        }
        shape *= (shell_scale + shell_swelling * std::log10(infall)) *
                 (1 + filament_stretch * at_filament) / std::sqrt(ellipsoid);
    } else if (is_sheath) {
        shape = std::max(1 + sheath_ripple * settings.corrugation * ripple, narrowest_sheath);
    } else {
        shape /= 1 - flattening + flattening * cosine;
    }
    const double r_mpc = nominal_mpc * shape;
    const double strength = look_up(Texture::strength, r_mpc, strength_scale);
    const double mottle = look_up(Texture::density, r_mpc, density_scale);
    const Vector place = place_at(r_mpc);
    const double x = std::hypot(place[0], place[1], place[2]) / gas.r200_mpc;

    // Gas in front of the shock, and the Mach number.
    double mach = 0;
    double upstream_kev = 0;
    double upstream_density = 0;
    double rim = 1;
    if (is_shell) {
        mach = 1.5 + shell_mach * std::exp(shell_mach_ripple * ripple) *
                         (1 - shell_mach_at_filament * at_filament);
        upstream_kev = shell_temperature * square(gas.v200_km_s / mach);
        upstream_density =
            gas.mean_density_cm3 * std::min(shell_density * infall, most_shell_density);
    } else if (is_sheath) {
        mach = sheath_mach * std::exp(sheath_mach_ripple * ripple);
        upstream_kev = sheath_temperature * square(sheath_speed * gas.v200_km_s) *
                       std::pow(x, -sheath_cooling_outwards) / temperature_jump(mach);
        upstream_density = gas.mean_density_cm3 * sheath_compression *
                           std::clamp(ridge_density, least_ridge_density, most_ridge_density) /
                           density_jump(mach);
        rim = std::min({1.0, (1 - height) / sheath_fade_out, ridge_at / sheath_fade_in});
    } else {
        upstream_kev = gas.t200_kev * temperature_profile(x);
        upstream_density = gas.central_density_cm3 * density_profile(x) *
                           std::pow(std::clamp(density_at(place) / around.mean_at(x),
                                               least_environment,
                                               most_environment),
                                    environment_power);
        mach = surface.speed_km_s / sound_speed_km_s(upstream_kev) *
               (1 - surface.mach_fall * height) *
               (1 + mach_strength * strength + mach_ripple * ripple);
        rim = std::min(1.0, (1 - height) / rim_share);
    }
    if (mach < smallest_mach) {
        return {};
    }
    const double ln_n = settings.ln_n_sigma;
    upstream_density *= std::exp(ln_n * mottle - ln_n * ln_n / 2);

    // Gas behind it.
    ShockedGas behind;
    behind.mach = mach;
    behind.electron_density_cm3 = upstream_density * density_jump(mach);
    behind.temperature_kev = upstream_kev * temperature_jump(mach);
    const double ln_b = settings.ln_b_sigma;
    behind.magnetic_field_ug = magnetic_field_ug(behind.electron_density_cm3,
                                                 behind.temperature_kev,
                                                 gas.mean_density_cm3,
                                                 gas.z,
                                                 amplification(settings, surface.kind),
                                                 gas.eps_b) *
                               std::exp(ln_b * strength - ln_b * ln_b / 4);
    // Electrons shine until they have cooled, an exponential way behind the front. Drawn at random:
    // any regular sequence beats with the spiral and paints stripes.
    const double behind_km_s = mach * sound_speed_km_s(upstream_kev) / 4 + least_downstream_km_s;
    const double uniform = base::unit_interval(base::mix_bits(surface.key + index * weyl_step));
    const double depth_mpc =
        -tail_stretch * std::log(uniform) * settings.l_cool_mpc * behind_km_s / 1000;
    // The density wanted, exp(-t), over the one drawn from, exp(-t / stretch) / stretch.
    const double weight = tail_stretch * std::pow(uniform, tail_stretch - 1);

    const double power_per_mpc2 =
        shock_power(behind, gas.z, settings.frequency_hz * (1 + gas.z), 1);
    const double area_mpc2 = area_share(surface, total) * (is_sheath ? r_mpc : r_mpc * r_mpc);
    return {place_at(r_mpc - std::min(depth_mpc, deepest_share * r_mpc)),
            weight * rim * power_per_mpc2 * area_mpc2 * brightness_per_power(gas.z)};
}

FAINTWEB_VECTOR_CLONES
void sample_surface(const SkySettings& settings,
                    const HaloGas& gas,
                    const Surroundings& around,
                    const ShockSurface& surface,
                    const Texture& texture,
                    std::uint32_t first,
                    std::uint32_t n,
                    std::uint32_t total,
                    SurfacePoints& points) {
    FAINTWEB_EXPECTS(n <= SurfacePoints::capacity && n > 0 && total <= 1U << 24);
    using Lane = SurfacePoints::Lane;
    constexpr auto log2_e = static_cast<float>(std::numbers::log2e);
    constexpr auto ln_2 = static_cast<float>(std::numbers::ln2);
    const bool is_sheath = surface.kind == SurfaceKind::sheath;
    const bool is_shell = surface.kind == SurfaceKind::shell;
    const std::size_t count = n;
    const float one_over_total = 1.0F / static_cast<float>(total);
    const std::uint32_t key = surface.key;

    alignas(32) Lane height;
    alignas(32) Lane depth;
    alignas(32) Lane weight;
    alignas(32) Lane cos_angle;
    alignas(32) Lane sin_angle;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t index = first + static_cast<std::uint32_t>(i);
        height[i] = (static_cast<float>(static_cast<std::int32_t>(index)) + 0.5F) * one_over_total;
        const float uniform = base::unit_interval(base::mix_bits(key + index * weyl_step));
        depth[i] = -static_cast<float>(tail_stretch) * base::fast_log2(uniform);
        static_assert(tail_stretch == 2, "the weight is written out");
        weight[i] = 2.0F * uniform;
        const float turn =
            static_cast<float>(static_cast<std::int32_t>(key + index * golden_turn)) * 0x1.0p-32F;
        cos_angle[i] = base::fast_sin_turns(turn + 0.25F);
        sin_angle[i] = base::fast_sin_turns(turn);
    }

    // Foot, direction and nominal radius: a point is at f + d * r.
    alignas(32) Lane f0;
    alignas(32) Lane f1;
    alignas(32) Lane f2;
    alignas(32) Lane d0;
    alignas(32) Lane d1;
    alignas(32) Lane d2;
    alignas(32) Lane nominal;
    alignas(32) Lane shape;        // r / nominal
    alignas(32) Lane at_filament;  // shells; the density on the ridge for sheaths
    const float radius = surface.radius_mpc;
    if (is_sheath) {
        const auto n_nodes = static_cast<std::int32_t>(surface.ridge.size());
        const auto n_steps = static_cast<float>(n_nodes - 1);
        for (std::size_t i = 0; i < count; ++i) {
            const float at = n_steps * height[i];
            const auto whole = static_cast<std::int32_t>(at);
            const auto low = static_cast<std::size_t>(whole < n_nodes - 2 ? whole : n_nodes - 2);
            const float share = at - static_cast<float>(static_cast<std::int32_t>(low));
            const ShockSurface::RidgeNode& a = surface.ridge[low];
            const ShockSurface::RidgeNode& b = surface.ridge[low + 1];
            const auto mix = [share](float before, float after) {
                return before + share * (after - before);
            };
            const float c = cos_angle[i];
            const float s = sin_angle[i];
            f0[i] = mix(a.place_mpc[0], b.place_mpc[0]);
            f1[i] = mix(a.place_mpc[1], b.place_mpc[1]);
            f2[i] = mix(a.place_mpc[2], b.place_mpc[2]);
            d0[i] = c * mix(a.axis_u[0], b.axis_u[0]) + s * mix(a.axis_v[0], b.axis_v[0]);
            d1[i] = c * mix(a.axis_u[1], b.axis_u[1]) + s * mix(a.axis_v[1], b.axis_v[1]);
            d2[i] = c * mix(a.axis_u[2], b.axis_u[2]) + s * mix(a.axis_v[2], b.axis_v[2]);
            at_filament[i] = mix(a.density, b.density);
            nominal[i] = radius * (static_cast<float>(sheath_widening) -
                                   static_cast<float>(sheath_taper) * height[i]);
            shape[i] = 1.0F;
        }
    } else {
        const float opening = 1.0F - surface.cos_opening;
        const Vector3 eu = surface.axis_u;
        const Vector3 ev = surface.axis_v;
        const Vector3 ew = surface.axis_w;
        const Vector3 inverse_squares = surface.inverse_square_axes;
        for (std::size_t i = 0; i < count; ++i) {
            const float below_pole = opening * height[i];
            const float cosine = 1.0F - below_pole;
            const float square_sine = below_pole * (2.0F - below_pole);
            const float sine = std::sqrt(square_sine > 0.0F ? square_sine : 0.0F);
            const float lu = sine * cos_angle[i];
            const float lv = sine * sin_angle[i];
            d0[i] = lu * eu[0] + lv * ev[0] + cosine * ew[0];
            d1[i] = lu * eu[1] + lv * ev[1] + cosine * ew[1];
            d2[i] = lu * eu[2] + lv * ev[2] + cosine * ew[2];
            const float ellipsoid = lu * lu * inverse_squares[0] + lv * lv * inverse_squares[1] +
                                    cosine * cosine * inverse_squares[2];
            const float front = 1.0F / (static_cast<float>(1 - flattening) +
                                        static_cast<float>(flattening) * cosine);
            shape[i] = is_shell ? 1.0F / std::sqrt(ellipsoid) : front;
            f0[i] = 0;
            f1[i] = 0;
            f2[i] = 0;
            nominal[i] = radius;
            at_filament[i] = 0;
        }
        for (const Vector3& f : surface.filaments) {
            for (std::size_t i = 0; i < count; ++i) {
                const float c = d0[i] * f[0] + d1[i] * f[1] + d2[i] * f[2];
                at_filament[i] += base::fast_exp2(
                    (c - 1.0F) * static_cast<float>(std::numbers::log2e / filament_width));
            }
        }
    }

    // Textures and the mesh.
    alignas(32) Lane ripple;
    alignas(32) Lane strength;
    alignas(32) Lane mottle;
    alignas(32) Lane l_environment;  // log2
    const auto cells = static_cast<float>(texture_cells_per_r200 / gas.r200_mpc);
    const auto cube = [&](Texture::Cube which, float scale, const Lane& r, Lane& out) {
        const float q = scale * cells;
        const float o0 = surface.texture_origin[0] + static_cast<float>(texture_offset);
        const float o1 = surface.texture_origin[1] + static_cast<float>(texture_offset);
        const float o2 = surface.texture_origin[2] + static_cast<float>(texture_offset);
        for (std::size_t i = 0; i < count; ++i) {
            out[i] = texture.at(which,
                                (f0[i] + d0[i] * r[i]) * q + o0,
                                (f1[i] + d1[i] * r[i]) * q + o1,
                                (f2[i] + d2[i] * r[i]) * q + o2);
        }
    };
    cube(Texture::ripple, 1.0F, nominal, ripple);
    const float* mesh = around.density->cells.data();
    const std::int32_t n_mesh = around.density->n;
    const std::array<float, 3> centre = around.centre_cells;
    const float mesh_scale = around.cells_per_mpc;
    if (is_shell) {
        const float out_to = static_cast<float>(shell_looks_out_to) * radius * mesh_scale;
        constexpr auto l_least = static_cast<float>(-2.7369655941662062);  // log2(least_infall)
        static_assert(least_infall == 0.15);
        for (std::size_t i = 0; i < count; ++i) {
            const float density = trilinear(mesh,
                                            n_mesh,
                                            centre[0] + d0[i] * out_to,
                                            centre[1] + d1[i] * out_to,
                                            centre[2] + d2[i] * out_to);
            const float most = density < static_cast<float>(most_infall)
                                   ? density
                                   : static_cast<float>(most_infall);
            l_environment[i] =
                most > static_cast<float>(least_infall) ? base::fast_log2(most) : l_least;
        }
    }
    const auto corrugation = static_cast<float>(settings.corrugation);
    for (std::size_t i = 0; i < count; ++i) {
        constexpr auto limit = static_cast<float>(largest_ripple);
        const float clipped = ripple[i] < -limit ? -limit : (ripple[i] > limit ? limit : ripple[i]);
        ripple[i] = clipped;
    }
    if (is_sheath) {
        for (std::size_t i = 0; i < count; ++i) {
            const float width = 1.0F + static_cast<float>(sheath_ripple) * corrugation * ripple[i];
            shape[i] = width > static_cast<float>(narrowest_sheath)
                           ? width
                           : static_cast<float>(narrowest_sheath);
        }
    } else if (is_shell) {
        for (std::size_t i = 0; i < count; ++i) {
            at_filament[i] = at_filament[i] > 1.0F ? 1.0F : at_filament[i];
            shape[i] *=
                (1.0F + corrugation * ripple[i]) *
                (1.0F + static_cast<float>(filament_stretch) * at_filament[i]) *
                (static_cast<float>(shell_scale) +
                 static_cast<float>(shell_swelling * std::numbers::ln2 / std::numbers::ln10) *
                     l_environment[i]);
        }
    } else {
        for (std::size_t i = 0; i < count; ++i) {
            shape[i] *= 1.0F + corrugation * ripple[i];
        }
    }
    alignas(32) Lane r;
    alignas(32) Lane x_squared;
    const auto one_over_r200 = static_cast<float>(1 / gas.r200_mpc);
    for (std::size_t i = 0; i < count; ++i) {
        r[i] = nominal[i] * shape[i];
        const float p0 = (f0[i] + d0[i] * r[i]) * one_over_r200;
        const float p1 = (f1[i] + d1[i] * r[i]) * one_over_r200;
        const float p2 = (f2[i] + d2[i] * r[i]) * one_over_r200;
        x_squared[i] = p0 * p0 + p1 * p1 + p2 * p2;
    }
    cube(Texture::strength, static_cast<float>(strength_scale), r, strength);
    cube(Texture::density, static_cast<float>(density_scale), r, mottle);
    if (surface.kind == SurfaceKind::front) {
        constexpr auto last_bin = static_cast<float>(Surroundings::n_bins - 1.001);
        constexpr auto least = static_cast<float>(least_environment);
        constexpr auto most = static_cast<float>(most_environment);
        const float* means = around.radial_mean.data();
        for (std::size_t i = 0; i < count; ++i) {
            const float density = trilinear(mesh,
                                            n_mesh,
                                            centre[0] + d0[i] * r[i] * mesh_scale,
                                            centre[1] + d1[i] * r[i] * mesh_scale,
                                            centre[2] + d2[i] * r[i] * mesh_scale);
            const float at =
                static_cast<float>(Surroundings::bins_per_r200) * std::sqrt(x_squared[i]);
            const float bin = at < last_bin ? at : last_bin;
            const auto low = static_cast<std::int32_t>(bin);
            const float mean =
                means[low] + (bin - static_cast<float>(low)) * (means[low + 1] - means[low]);
            const float ratio = density / mean;
            const float held = ratio < least ? least : (ratio > most ? most : ratio);
            l_environment[i] = static_cast<float>(environment_power) * base::fast_log2(held);
        }
    }

    // Gas in front of the shock, in base-2 logarithms (l_...): all but a few steps are products.
    alignas(32) Lane mach;
    alignas(32) Lane l_t_up;
    alignas(32) Lane l_n_up;
    alignas(32) Lane rim;
    const auto sound_1_kev = static_cast<float>(sound_speed_km_s(1));
    if (is_shell) {
        const auto l_n = static_cast<float>(std::log2(shell_density * gas.mean_density_cm3));
        const auto l_n_most =
            static_cast<float>(std::log2(most_shell_density * gas.mean_density_cm3));
        const auto l_t = static_cast<float>(std::log2(shell_temperature * square(gas.v200_km_s)));
        for (std::size_t i = 0; i < count; ++i) {
            mach[i] =
                1.5F +
                static_cast<float>(shell_mach) *
                    base::fast_exp2(static_cast<float>(shell_mach_ripple) * log2_e * ripple[i]) *
                    (1.0F - static_cast<float>(shell_mach_at_filament) * at_filament[i]);
            l_t_up[i] = l_t - 2.0F * base::fast_log2(mach[i]);
            const float infalling = l_n + l_environment[i];
            l_n_up[i] = infalling < l_n_most ? infalling : l_n_most;
            rim[i] = 1.0F;
        }
    } else if (is_sheath) {
        const auto l_n = static_cast<float>(std::log2(sheath_compression * gas.mean_density_cm3));
        const auto l_t = static_cast<float>(
            std::log2(sheath_temperature * square(sheath_speed * gas.v200_km_s)));
        const auto n_steps = static_cast<float>(surface.ridge.size() - 1);
        for (std::size_t i = 0; i < count; ++i) {
            const float m =
                static_cast<float>(sheath_mach) *
                base::fast_exp2(static_cast<float>(sheath_mach_ripple) * log2_e * ripple[i]);
            const float m2 = m * m;
            mach[i] = m;
            l_t_up[i] =
                l_t -
                static_cast<float>(sheath_cooling_outwards / 2) * base::fast_log2(x_squared[i]) -
                base::fast_log2((5.0F * m2 - 1.0F) * (m2 + 3.0F) / (16.0F * m2));
            constexpr auto least = static_cast<float>(least_ridge_density);
            constexpr auto most = static_cast<float>(most_ridge_density);
            const float ridge =
                at_filament[i] < least ? least : (at_filament[i] > most ? most : at_filament[i]);
            l_n_up[i] = l_n + base::fast_log2(ridge) - base::fast_log2(4.0F * m2 / (m2 + 3.0F));
            const float to_end = (1.0F - height[i]) * static_cast<float>(1 / sheath_fade_out);
            const float from_root = height[i] * n_steps * static_cast<float>(1 / sheath_fade_in);
            const float fade = to_end < from_root ? to_end : from_root;
            rim[i] = fade < 1.0F ? fade : 1.0F;
        }
    } else {
        const auto l_t0 = static_cast<float>(std::log2(gas.t200_kev * central_temperature));
        const auto l_n0 = static_cast<float>(std::log2(gas.central_density_cm3));
        constexpr auto inverse_core2 = static_cast<float>(1 / (core_radius * core_radius));
        constexpr auto inverse_outer2 = static_cast<float>(1 / (outer_radius * outer_radius));
        constexpr auto inverse_t2 =
            static_cast<float>(1 / (temperature_radius * temperature_radius));
        const float mach_fall = surface.mach_fall;
        const float speed = surface.speed_km_s;
        for (std::size_t i = 0; i < count; ++i) {
            const float x2 = x_squared[i];
            l_t_up[i] = l_t0 - 0.55F * base::fast_log2(1.0F + x2 * inverse_t2);
            l_n_up[i] =
                l_n0 + l_environment[i] -
                0.75F * base::fast_log2((1.0F + x2 * inverse_core2) * (1.0F + x2 * inverse_outer2));
            mach[i] = speed / (sound_1_kev * base::fast_exp2(0.5F * l_t_up[i])) *
                      (1.0F - mach_fall * height[i]) *
                      (1.0F + static_cast<float>(mach_strength) * strength[i] +
                       static_cast<float>(mach_ripple) * ripple[i]);
            const float to_rim = (1.0F - height[i]) * static_cast<float>(1 / rim_share);
            rim[i] = to_rim < 1.0F ? to_rim : 1.0F;
        }
    }

    // Gas behind it, its field, and what it shines.
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
        std::log2(brightness_per_power(gas.z)) + std::log2(area_share(surface, total)));
    const float area_power = is_sheath ? 1.0F : 2.0F;
    const auto cooling_mpc = static_cast<float>(settings.l_cool_mpc / 1000) * ln_2;
    constexpr auto least_mach = static_cast<float>(smallest_mach);
    constexpr float l_least_kev = -13.2877124F;  // 1e-4 keV, as in shock_psi
    for (std::size_t i = 0; i < count; ++i) {
        const float m = mach[i] < least_mach ? least_mach : mach[i];
        const float m2 = m * m;
        const float l_n = l_n_up[i] + log2_e * (ln_n * mottle[i] - 0.5F * ln_n * ln_n) +
                          base::fast_log2(4.0F * m2 / (m2 + 3.0F));
        const float l_t =
            l_t_up[i] + base::fast_log2((5.0F * m2 - 1.0F) * (m2 + 3.0F) / (16.0F * m2));
        const float frozen_in = l_frozen_in + 0.666666667F * l_n;
        const float saturated = l_saturated + 0.5F * (l_n + l_t);
        const float l_b = (frozen_in < saturated ? frozen_in : saturated) +
                          log2_e * (ln_b * strength[i] - 0.25F * ln_b * ln_b);
        const float y = 4.0F / (m2 - 1.0F);
        const float half_s = 1.0F + 0.5F * y;
        const float ln_t = (l_t < l_least_kev ? l_least_kev : l_t) * ln_2;
        const float ln_psi = -0.1288F + 0.02029F * ln_t + 5.84e-4F * ln_t * ln_t -
                             y * (0.1692F + 11.0997F * y) / (0.1731F + y) + y * ln_t;
        const float l_light = l_scale + area_power * base::fast_log2(r[i]) + l_n -
                              half_s * l_frequency + 1.5F * l_t + (1.0F + half_s) * l_b -
                              base::fast_log2(square_cmb + base::fast_exp2(2.0F * l_b)) +
                              ln_psi * log2_e;
        const float shining = mach[i] < least_mach ? 0.0F : weight[i] * rim[i];
        points.light[i] = shining * base::fast_exp2(l_light);
        const float behind_km_s = 0.25F * m * sound_1_kev * base::fast_exp2(0.5F * l_t_up[i]) +
                                  static_cast<float>(least_downstream_km_s);
        const float way = cooling_mpc * behind_km_s * depth[i];
        const float most = static_cast<float>(deepest_share) * r[i];
        const float seen_at = r[i] - (way < most ? way : most);
        points.place_mpc[0][i] = f0[i] + d0[i] * seen_at;
        points.place_mpc[1][i] = f1[i] + d1[i] * seen_at;
        points.place_mpc[2][i] = f2[i] + d2[i] * seen_at;
    }
}

}  // namespace faintweb::sky
