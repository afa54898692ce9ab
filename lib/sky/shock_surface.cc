#include "lib/sky/shock_surface.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "lib/base/contract.h"
#include "lib/base/random.h"
#include "lib/base/units.h"
#include "lib/sky/cosmology.h"
#include "lib/sky/emission.h"
#include "lib/sky/fast_math.h"

// The same arithmetic for wider vectors, chosen when the program starts; results do not depend on
// it.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FAINTWEB_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define FAINTWEB_VECTOR_CLONES
#endif

namespace faintweb::sky {
namespace {

// Numbers of the model that both the fast and the plain code use. Lengths are in units of R200.
constexpr double core_radius = 0.15;
constexpr double outer_radius = 0.8;
constexpr double temperature_radius = 0.55;
constexpr double central_temperature = 1.25;
constexpr double texture_cells_per_r200 = 16;
constexpr double strength_scale = 2.3;  // the second cube is read this much finer than the first
constexpr double density_scale = 1.7;
constexpr double largest_ripple = 4;  // standard deviations; keeps fronts inside shock_reach_mpc
constexpr double mach_strength = 0.08;
constexpr double mach_ripple = 0.06;
constexpr double smallest_mach = 1.4;
constexpr double flattening = 0.28;  // fronts are flatter than a sphere around the halo
constexpr double tail_stretch = 2;   // depths are drawn this much deeper and weighted: smooth tails
constexpr double rim_share = 0.25;   // of a cap's height over which its edge fades
constexpr double shell_mach = 8;
constexpr double shell_mach_ripple = 0.5;
constexpr double shell_mach_at_filament = 0.6;
constexpr double shell_scale = 0.86;
constexpr double filament_stretch = 0.30;
constexpr double filament_width = 0.06;        // in 1 - cos(angle)
constexpr double shell_density = 1.2;          // of the infalling gas, cosmic means
constexpr double shell_temperature = 5.85e-6;  // upstream keV / (V200^2 / M^2): infall at 1.26 V200
constexpr double least_downstream_km_s = 200;

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

Vector3 random_direction(base::RandomStream& random) {
    const double x = random.normal();
    const double y = random.normal();
    return unit(x, y, random.normal());
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

/// Log2 of the factors of a point's flux that its surface shares.
double log2_flux_scale(const SkySettings& settings,
                       const HaloGas& gas,
                       const ShockSurface& surface,
                       std::uint32_t total) {
    constexpr double erg_s_cm2_hz_per_jy = 1e-23;
    const double solid_angle = 2 * std::numbers::pi * (1 - surface.cos_opening) / total;
    const double per_power = (1 + gas.z) /
                             (4 * std::numbers::pi * square(gas.luminosity_distance_cm)) /
                             erg_s_cm2_hz_per_jy;
    return std::log2(6.4e34) - std::log2(1e-4) + std::log2(settings.xi_e / 0.05) -
           1.5 * std::log2(7.0) + std::log2(per_power) + std::log2(solid_angle);
}

}  // namespace

double density_profile(double x) {
    return std::pow((1 + square(x / core_radius)) * (1 + square(x / outer_radius)), -0.75);
}

double temperature_profile(double x) {
    return central_temperature * std::pow(1 + square(x / temperature_radius), -0.55);
}

HaloGas make_halo_gas(const SkySettings& settings, const Halo& halo) {
    const double gas_share = 0.9 * Cosmology{}.omega_baryon / Cosmology{}.omega_matter;
    HaloGas gas;
    gas.z = halo.z;
    gas.r200_mpc = halo.r200_mpc;
    const double mass_msun = 4.0 / 3 * std::numbers::pi * 200 *
                             critical_density_msun_mpc3(Cosmology{}, halo.z) *
                             std::pow(halo.r200_mpc, 3);
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
    gas.mean_density_cm3 = mean_electron_density_cm3(Cosmology{}, halo.z);
    gas.eps_b = settings.eps_b * std::min(1.5, square(halo.r200_mpc / settings.r_dyn_mpc));
    const double distance_mpc = comoving_distance_mpc(Cosmology{}, halo.z);
    gas.luminosity_distance_cm = (1 + halo.z) * distance_mpc * cm_per_mpc;
    gas.arcsec_per_mpc = base::arcsec_per_rad * (1 + halo.z) / distance_mpc;
    return gas;
}

std::vector<ShockSurface> make_surfaces(const SkySettings& settings,
                                        const Halo& halo,
                                        const HaloGas& gas,
                                        std::uint64_t seed,
                                        std::uint64_t realisation) {
    constexpr double gyr_km_s_per_mpc = 977.8;
    base::RandomStream random(seed, base::Purpose::halo_events, realisation, halo.id);
    base::RandomStream keys(seed, base::Purpose::surface_points, realisation, halo.id);
    const auto new_surface = [&](SurfaceKind kind) {
        ShockSurface surface;
        surface.kind = kind;
        surface.key = keys.next_uint32();
        for (float& origin : surface.texture_origin) {
            origin = static_cast<float>(Texture::edge) * random.uniform();
        }
        return surface;
    };
    std::vector<Vector3> filaments;
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
        filaments.push_back(random_direction(random));
    }
    std::vector<ShockSurface> surfaces;

    // Mergers whose front has not yet left the halo.
    const MergerRatios ratios(settings.xi_min);
    const double visible_gyr =
        settings.r_max * gas.r200_mpc / (settings.vs_mu * gas.v200_km_s) * gyr_km_s_per_mpc;
    const double hubble_per_gyr =
        Cosmology{}.hubble_km_s_mpc() * expansion_rate(Cosmology{}, halo.z) / gyr_km_s_per_mpc;
    const double visible_dz = (1 + halo.z) * hubble_per_gyr * visible_gyr;
    const std::uint64_t n_mergers =
        random.poisson(settings.f_merge * merger_rate_factor(halo.mass_msun, halo.z) *
                       ratios.total() * visible_dz);
    for (std::uint64_t i = 0; i < n_mergers; ++i) {
        const double ratio = ratios.ratio_at(random.uniform_double());
        const Vector3 axis = scattered(filaments[random.below(filaments.size())], 0.35, random);
        const double speed = gas.v200_km_s * settings.vs_mu *
                             std::exp(settings.vs_sigma * random.normal()) *
                             (0.75 + 0.45 * std::cbrt(ratio));
        const double x = settings.r_max * std::pow(random.uniform_double(), 0.9) + 0.05;
        const double opening =
            std::clamp((12 + 55 * std::pow(ratio, 0.25) + 8 * random.normal()) * base::rad_per_deg,
                       0.15,
                       1.35);
        ShockSurface front = new_surface(SurfaceKind::merger);
        set_axis(front, axis);
        front.cos_opening = static_cast<float>(std::cos(opening));
        front.radius_mpc = static_cast<float>(x * gas.r200_mpc);
        front.speed_km_s = static_cast<float>(speed);
        front.mach_fall = 0.15F;
        surfaces.push_back(front);
        if (ratio > 0.05) {
            ShockSurface counter = new_surface(SurfaceKind::merger);
            set_axis(counter, scattered({-axis[0], -axis[1], -axis[2]}, 0.2, random));
            counter.cos_opening =
                static_cast<float>(std::cos(opening * (0.6 + 0.5 * random.uniform_double())));
            counter.radius_mpc =
                static_cast<float>(x * gas.r200_mpc * (0.55 + 0.4 * random.uniform_double()));
            counter.speed_km_s = static_cast<float>(speed * (0.8 + 0.2 * random.uniform_double()));
            counter.mach_fall = 0.18F;
            surfaces.push_back(counter);
        }
    }

    ShockSurface shell = new_surface(SurfaceKind::accretion);
    set_axis(shell, random_direction(random));
    shell.radius_mpc = static_cast<float>((1.9 + 0.3 * random.uniform_double()) * gas.r200_mpc);
    // Haloes are triaxial, and so is where they stop the infall.
    const double second = 0.75 + 0.25 * random.uniform_double();
    const double third = second * (0.75 + 0.25 * random.uniform_double());
    const double mean_square = std::pow(second * third, 2.0 / 3);
    shell.inverse_square_axes = {static_cast<float>(mean_square / square(third)),
                                 static_cast<float>(mean_square / square(second)),
                                 static_cast<float>(mean_square)};
    shell.filaments = filaments;
    surfaces.push_back(shell);
    return surfaces;
}

SurfacePoint reference_point(const SkySettings& settings,
                             const HaloGas& gas,
                             const ShockSurface& surface,
                             const Texture& texture,
                             std::uint32_t index,
                             std::uint32_t total) {
    const bool is_merger = surface.kind == SurfaceKind::merger;
    // Direction: Fibonacci's spiral over the cap.
    const double height = (index + 0.5) / total;
    const double cosine = 1 - (1 - static_cast<double>(surface.cos_opening)) * height;
    const double sine = std::sqrt(1 - cosine * cosine);
    const double angle = 2 * std::numbers::pi * (surface.key + index * golden_turn) * 0x1.0p-32;
    const std::array<double, 3> local{sine * std::cos(angle), sine * std::sin(angle), cosine};
    std::array<double, 3> direction{};
    for (std::size_t c = 0; c < 3; ++c) {
        direction[c] = local[0] * surface.axis_u[c] + local[1] * surface.axis_v[c] +
                       local[2] * surface.axis_w[c];
    }
    const auto look_up = [&](Texture::Cube cube, double cells) {
        std::array<float, 3> at{};
        for (std::size_t c = 0; c < 3; ++c) {
            at[c] = static_cast<float>(direction[c] * cells + surface.texture_origin[c] +
                                       2.0 * Texture::edge);
        }
        return static_cast<double>(texture.at(cube, at[0], at[1], at[2]));
    };
    // Shape of the front.
    const double nose_cells = texture_cells_per_r200 * surface.radius_mpc / gas.r200_mpc;
    const double ripple =
        std::clamp(look_up(Texture::ripple, nose_cells), -largest_ripple, largest_ripple);
    double shape = 1 + settings.corrugation * ripple;
    double at_filament = 0;
    if (is_merger) {
        shape /= 1 - flattening + flattening * cosine;
    } else {
        for (const Vector3& f : surface.filaments) {
            const double c = direction[0] * f[0] + direction[1] * f[1] + direction[2] * f[2];
            at_filament += std::exp((c - 1) / filament_width);
        }
        at_filament = std::min(at_filament, 1.0);
        double ellipsoid = 0;
        for (std::size_t c = 0; c < 3; ++c) {
            ellipsoid += square(local[c]) * surface.inverse_square_axes[c];
        }
        shape *= shell_scale * (1 + filament_stretch * at_filament) / std::sqrt(ellipsoid);
    }
    const double r_mpc = surface.radius_mpc * shape;
    const double x = r_mpc / gas.r200_mpc;
    const double strength = look_up(Texture::strength, strength_scale * nose_cells * shape);
    const double mottle = look_up(Texture::density, density_scale * nose_cells * shape);

    // Gas in front of the shock, and the Mach number.
    double mach = 0;
    double upstream_kev = 0;
    double upstream_density = 0;
    double rim = 1;
    if (is_merger) {
        upstream_kev = gas.t200_kev * temperature_profile(x);
        upstream_density = gas.central_density_cm3 * density_profile(x);
        mach = surface.speed_km_s / sound_speed_km_s(upstream_kev) *
               (1 - surface.mach_fall * height) *
               (1 + mach_strength * strength + mach_ripple * ripple);
        rim = std::min(1.0, (1 - height) / rim_share);
    } else {
        mach = 1.5 + shell_mach * std::exp(shell_mach_ripple * ripple) *
                         (1 - shell_mach_at_filament * at_filament);
        upstream_kev = shell_temperature * square(gas.v200_km_s / mach);
        upstream_density = shell_density * gas.mean_density_cm3;
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
                                                 gas.z,
                                                 is_merger ? settings.a_dyn : settings.a_acc,
                                                 gas.eps_b) *
                               std::exp(ln_b * strength - ln_b * ln_b / 4);
    // Electrons shine until they have cooled, an exponential way behind the front. Drawn at random:
    // any regular sequence beats with the spiral and paints stripes.
    const double behind_km_s = mach * sound_speed_km_s(upstream_kev) / 4 + least_downstream_km_s;
    const double uniform = unit_interval(mix_bits(surface.key + index * weyl_step));
    const double depth_mpc =
        -tail_stretch * std::log(uniform) * settings.l_cool_mpc * behind_km_s / 1000;
    // The density wanted, exp(-t), over the one drawn from, exp(-t / stretch) / stretch.
    const double weight = tail_stretch * std::pow(uniform, tail_stretch - 1);
    const double seen_at = r_mpc - std::min(depth_mpc, 0.4 * r_mpc);

    const double power_per_mpc2 =
        shock_power(behind, gas.z, settings.frequency_hz * (1 + gas.z), settings.xi_e);
    const double area_mpc2 = r_mpc * r_mpc * 2 * std::numbers::pi *
                             (1 - static_cast<double>(surface.cos_opening)) / total;
    const double flux_jy = weight * rim * power_per_mpc2 * area_mpc2 * (1 + gas.z) /
                           (4 * std::numbers::pi * square(gas.luminosity_distance_cm)) / 1e-23;
    return {direction[0] * seen_at, direction[1] * seen_at, flux_jy};
}

FAINTWEB_VECTOR_CLONES
void sample_surface(const SkySettings& settings,
                    const HaloGas& gas,
                    const ShockSurface& surface,
                    const Texture& texture,
                    std::uint32_t first,
                    std::uint32_t n,
                    std::uint32_t total,
                    SurfacePoints& points) {
    FAINTWEB_EXPECTS(n <= SurfacePoints::capacity && n > 0);
    constexpr std::size_t capacity = SurfacePoints::capacity;
    using Lane = std::array<float, capacity>;
    constexpr auto log2_e = static_cast<float>(std::numbers::log2e);
    const bool is_merger = surface.kind == SurfaceKind::merger;
    const std::size_t count = n;

    alignas(32) Lane height;
    alignas(32) Lane depth;
    alignas(32) Lane weight;
    alignas(32) Lane d0;
    alignas(32) Lane d1;
    alignas(32) Lane d2;
    alignas(32) Lane shape;
    alignas(32) Lane at_filament;
    alignas(32) Lane ripple;
    alignas(32) Lane strength;
    alignas(32) Lane mottle;

    // Directions, and the part of the shape that needs no texture.
    const float one_over_total = 1.0F / static_cast<float>(total);
    const float opening = 1.0F - surface.cos_opening;
    const Vector3 eu = surface.axis_u;
    const Vector3 ev = surface.axis_v;
    const Vector3 ew = surface.axis_w;
    const Vector3 inverse_squares = surface.inverse_square_axes;
    const std::uint32_t key = surface.key;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t index = first + static_cast<std::uint32_t>(i);
        height[i] = (static_cast<float>(static_cast<std::int32_t>(index)) + 0.5F) * one_over_total;
        const float uniform = unit_interval(mix_bits(key + index * weyl_step));
        depth[i] = -static_cast<float>(tail_stretch) * fast_log2(uniform);
        static_assert(tail_stretch == 2, "the weight is written out");
        weight[i] = 2.0F * uniform;
        const float below_pole = opening * height[i];
        const float cosine = 1.0F - below_pole;
        const float square_sine = below_pole * (2.0F - below_pole);
        const float sine = std::sqrt(square_sine > 0.0F ? square_sine : 0.0F);
        const float turn =
            static_cast<float>(static_cast<std::int32_t>(key + index * golden_turn)) * 0x1.0p-32F;
        const float lu = sine * fast_sin_turns(turn + 0.25F);
        const float lv = sine * fast_sin_turns(turn);
        d0[i] = lu * eu[0] + lv * ev[0] + cosine * ew[0];
        d1[i] = lu * eu[1] + lv * ev[1] + cosine * ew[1];
        d2[i] = lu * eu[2] + lv * ev[2] + cosine * ew[2];
        const float ellipsoid = lu * lu * inverse_squares[0] + lv * lv * inverse_squares[1] +
                                cosine * cosine * inverse_squares[2];
        const float front =
            1.0F / (static_cast<float>(1 - flattening) + static_cast<float>(flattening) * cosine);
        shape[i] = is_merger ? front : static_cast<float>(shell_scale) / std::sqrt(ellipsoid);
        at_filament[i] = 0;
    }
    for (const Vector3& f : surface.filaments) {
        for (std::size_t i = 0; i < count; ++i) {
            const float c = d0[i] * f[0] + d1[i] * f[1] + d2[i] * f[2];
            at_filament[i] +=
                fast_exp2((c - 1.0F) * static_cast<float>(std::numbers::log2e / filament_width));
        }
    }

    // Textures.
    const auto nose_cells =
        static_cast<float>(texture_cells_per_r200 * surface.radius_mpc / gas.r200_mpc);
    // Two whole periods keep the coordinates positive.
    const float o0 = surface.texture_origin[0] + 2.0F * Texture::edge;
    const float o1 = surface.texture_origin[1] + 2.0F * Texture::edge;
    const float o2 = surface.texture_origin[2] + 2.0F * Texture::edge;
    for (std::size_t i = 0; i < count; ++i) {
        ripple[i] = texture.at(Texture::ripple,
                               d0[i] * nose_cells + o0,
                               d1[i] * nose_cells + o1,
                               d2[i] * nose_cells + o2);
    }
    const auto corrugation = static_cast<float>(settings.corrugation);
    for (std::size_t i = 0; i < count; ++i) {
        constexpr auto limit = static_cast<float>(largest_ripple);
        const float clipped = ripple[i] < -limit ? -limit : (ripple[i] > limit ? limit : ripple[i]);
        ripple[i] = clipped;
        at_filament[i] = at_filament[i] > 1.0F ? 1.0F : at_filament[i];
        shape[i] *= (1.0F + corrugation * clipped) *
                    (1.0F + static_cast<float>(filament_stretch) * at_filament[i]);
    }
    const float strength_cells = static_cast<float>(strength_scale) * nose_cells;
    const float density_cells = static_cast<float>(density_scale) * nose_cells;
    for (std::size_t i = 0; i < count; ++i) {
        const float q = strength_cells * shape[i];
        strength[i] = texture.at(Texture::strength, d0[i] * q + o0, d1[i] * q + o1, d2[i] * q + o2);
    }
    for (std::size_t i = 0; i < count; ++i) {
        const float q = density_cells * shape[i];
        mottle[i] = texture.at(Texture::density, d0[i] * q + o0, d1[i] * q + o1, d2[i] * q + o2);
    }

    // Gas in front of the shock, in base-2 logarithms (l_...): all but a few steps are products.
    alignas(32) Lane mach;
    alignas(32) Lane l_t_up;
    alignas(32) Lane l_n_up;
    alignas(32) Lane rim;
    const auto sound_1_kev = static_cast<float>(sound_speed_km_s(1));
    if (is_merger) {
        const auto x_scale = static_cast<float>(surface.radius_mpc / gas.r200_mpc);
        const auto l_t0 = static_cast<float>(std::log2(gas.t200_kev * central_temperature));
        const auto l_n0 = static_cast<float>(std::log2(gas.central_density_cm3));
        constexpr auto inverse_core2 = static_cast<float>(1 / (core_radius * core_radius));
        constexpr auto inverse_outer2 = static_cast<float>(1 / (outer_radius * outer_radius));
        constexpr auto inverse_t2 =
            static_cast<float>(1 / (temperature_radius * temperature_radius));
        const float mach_fall = surface.mach_fall;
        const float speed = surface.speed_km_s;
        for (std::size_t i = 0; i < count; ++i) {
            const float x = x_scale * shape[i];
            const float x2 = x * x;
            l_t_up[i] = l_t0 - 0.55F * fast_log2(1.0F + x2 * inverse_t2);
            l_n_up[i] = l_n0 - 0.75F * fast_log2((1.0F + x2 * inverse_core2) *
                                                 (1.0F + x2 * inverse_outer2));
            mach[i] = speed / (sound_1_kev * fast_exp2(0.5F * l_t_up[i])) *
                      (1.0F - mach_fall * height[i]) *
                      (1.0F + static_cast<float>(mach_strength) * strength[i] +
                       static_cast<float>(mach_ripple) * ripple[i]);
            const float to_rim = (1.0F - height[i]) * static_cast<float>(1 / rim_share);
            rim[i] = to_rim < 1.0F ? to_rim : 1.0F;
        }
    } else {
        const auto l_n = static_cast<float>(std::log2(shell_density * gas.mean_density_cm3));
        const auto l_t = static_cast<float>(std::log2(shell_temperature * square(gas.v200_km_s)));
        for (std::size_t i = 0; i < count; ++i) {
            mach[i] =
                1.5F + static_cast<float>(shell_mach) *
                           fast_exp2(static_cast<float>(shell_mach_ripple) * log2_e * ripple[i]) *
                           (1.0F - static_cast<float>(shell_mach_at_filament) * at_filament[i]);
            l_t_up[i] = l_t - 2.0F * fast_log2(mach[i]);
            l_n_up[i] = l_n;
            rim[i] = 1.0F;
        }
    }

    // Gas behind it, its field, and what it shines.
    const float radius = surface.radius_mpc;
    const auto ln_n = static_cast<float>(settings.ln_n_sigma);
    const auto ln_b = static_cast<float>(settings.ln_b_sigma);
    const double amplification = is_merger ? settings.a_dyn : settings.a_acc;
    // Both limits of the field at unit density and temperature.
    const auto l_frozen_in =
        static_cast<float>(std::log2(amplification * 1e-3 * square(1 + gas.z)) -
                           2.0 / 3 * std::log2(gas.mean_density_cm3));
    const auto l_saturated =
        static_cast<float>(std::log2(magnetic_field_ug(1, 1, gas.z, 1e30, gas.eps_b)));
    const auto l_frequency =
        static_cast<float>(std::log2(settings.frequency_hz * (1 + gas.z) / 1.4e9));
    const auto square_cmb = static_cast<float>(square(cmb_field_ug(gas.z)));
    const auto l_scale = static_cast<float>(log2_flux_scale(settings, gas, surface, total) +
                                            2 * std::log2(surface.radius_mpc));
    const auto cooling_mpc = static_cast<float>(settings.l_cool_mpc / 1000 * std::numbers::ln2);
    constexpr auto least_mach = static_cast<float>(smallest_mach);
    constexpr float l_least_kev = -13.2877124F;  // 1e-4 keV, as in shock_psi
    for (std::size_t i = 0; i < count; ++i) {
        const float m = mach[i] < least_mach ? least_mach : mach[i];
        const float m2 = m * m;
        const float l_n = l_n_up[i] + log2_e * (ln_n * mottle[i] - 0.5F * ln_n * ln_n) +
                          fast_log2(4.0F * m2 / (m2 + 3.0F));
        const float l_t = l_t_up[i] + fast_log2((5.0F * m2 - 1.0F) * (m2 + 3.0F) / (16.0F * m2));
        const float frozen_in = l_frozen_in + 0.666666667F * l_n;
        const float saturated = l_saturated + 0.5F * (l_n + l_t);
        const float l_b = (frozen_in < saturated ? frozen_in : saturated) +
                          log2_e * (ln_b * strength[i] - 0.25F * ln_b * ln_b);
        const float y = 4.0F / (m2 - 1.0F);
        const float half_s = 1.0F + 0.5F * y;
        const float ln_t =
            (l_t < l_least_kev ? l_least_kev : l_t) * static_cast<float>(std::numbers::ln2);
        const float ln_psi = -0.1288F + 0.02029F * ln_t + 5.84e-4F * ln_t * ln_t -
                             y * (0.1692F + 11.0997F * y) / (0.1731F + y) + y * ln_t;
        const float l_flux = l_scale + 2.0F * fast_log2(shape[i]) + l_n - half_s * l_frequency +
                             1.5F * l_t + (1.0F + half_s) * l_b -
                             fast_log2(square_cmb + fast_exp2(2.0F * l_b)) + ln_psi * log2_e;
        const float shining = mach[i] < least_mach ? 0.0F : weight[i] * rim[i];
        points.flux_jy[i] = shining * fast_exp2(l_flux);
        const float behind_km_s = 0.25F * m * sound_1_kev * fast_exp2(0.5F * l_t_up[i]) +
                                  static_cast<float>(least_downstream_km_s);
        const float r = radius * shape[i];
        const float way = cooling_mpc * behind_km_s * depth[i];
        const float most = 0.4F * r;
        const float seen_at = r - (way < most ? way : most);
        points.x_mpc[i] = d0[i] * seen_at;
        points.y_mpc[i] = d1[i] * seen_at;
    }
}

}  // namespace faintweb::sky
