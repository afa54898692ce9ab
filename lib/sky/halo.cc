#include "lib/sky/halo.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/base/random.h"
#include "lib/base/units.h"
#include "lib/sky/cosmology.h"
#include "lib/sky/mass_function.h"

namespace faintweb::sky {
namespace {

constexpr double slice_depth_z = 0.01;
/// M200c / M200m for NFW haloes of clusters: the shocks are scaled by the first, counted by the
/// second.
constexpr double critical_per_mean_mass = 0.72;
constexpr double r100_per_r200 = 1.33;
/// Slice and halo share the 32 bits of a key.
constexpr std::uint32_t bits_of_index = 22;

const MassFunction& mass_function() {
    static const MassFunction function(Cosmology{});
    return function;
}

double r200_mpc(double mass_msun, double z) {
    return std::cbrt(3 * critical_per_mean_mass * mass_msun /
                     (4 * std::numbers::pi * 200 * critical_density_msun_mpc3(Cosmology{}, z)));
}

/// A thin shell of the lightcone.
struct Slice {
    double z_near, z_far;
    double distance_near_mpc, distance_far_mpc;

    double z_middle() const { return (z_near + z_far) / 2; }
    double volume_per_sr_mpc3() const {
        return (std::pow(distance_far_mpc, 3) - std::pow(distance_near_mpc, 3)) / 3;
    }
};

std::vector<Slice> make_slices(const SkySettings& settings) {
    const int n = std::max(
        1, static_cast<int>(std::lround((settings.z_max - settings.z_min) / slice_depth_z)));
    std::vector<Slice> slices;
    for (int i = 0; i < n; ++i) {
        const double step = (settings.z_max - settings.z_min) / n;
        Slice slice{};
        slice.z_near = settings.z_min + i * step;
        slice.z_far = settings.z_min + (i + 1) * step;
        slice.distance_near_mpc = comoving_distance_mpc(Cosmology{}, slice.z_near);
        slice.distance_far_mpc = comoving_distance_mpc(Cosmology{}, slice.z_far);
        slices.push_back(slice);
    }
    return slices;
}

double arcsec_per_mpc(double z) {
    return base::arcsec_per_rad * (1 + z) / comoving_distance_mpc(Cosmology{}, z);
}

/// Solid angle of a square of pixels; the few percent by which a tangent plane stretches the
/// corners of a 16 deg map are left out.
double solid_angle_sr(double edge_px, double pixel_arcsec) {
    return std::pow(edge_px * pixel_arcsec / base::arcsec_per_rad, 2);
}

/// Sky position of a pixel: tangential projection, reference in the middle of the image.
void set_position(const SkySettings& settings, Halo& halo) {
    const double middle = (static_cast<double>(settings.size_px) - 1) / 2;
    const double xi = -(halo.x_px - middle) * settings.pixel_arcsec / base::arcsec_per_rad;
    const double eta = (halo.y_px - middle) * settings.pixel_arcsec / base::arcsec_per_rad;
    const double dec0 = settings.centre_dec_deg * base::rad_per_deg;
    const double along = std::cos(dec0) - eta * std::sin(dec0);
    const double ra = settings.centre_ra_deg + std::atan2(xi, along) * base::deg_per_rad;
    halo.ra_deg = ra - 360 * std::floor(ra / 360);
    halo.dec_deg = std::atan2(std::sin(dec0) + eta * std::cos(dec0), std::hypot(xi, along)) *
                   base::deg_per_rad;
}

/// Inverts a falling cumulative table by log-log interpolation.
double mass_with_n_greater(const std::vector<double>& masses,
                           const std::vector<double>& n,
                           double value) {
    const auto below = std::lower_bound(n.begin(), n.end(), value, std::greater<>());
    const auto i =
        std::clamp<std::ptrdiff_t>(below - n.begin(), 1, static_cast<std::ptrdiff_t>(n.size()) - 1);
    const auto high = static_cast<std::size_t>(i);
    const std::size_t low = high - 1;
    const double share =
        std::clamp(std::log(value / n[low]) / std::log(n[high] / n[low]), 0.0, 1.0);
    return masses[low] * std::pow(masses[high] / masses[low], share);
}

}  // namespace

double shock_reach_mpc(const SkySettings& settings, double r200_mpc) {
    // The widest merger front (see make_surfaces), its flattening at the rim, and a 4 sigma ripple.
    constexpr double flattening = 1.3;
    const double merger = flattening * (settings.r_max + 0.05);
    const double shell = 2.2 * 1.3 * 1.1;
    return r200_mpc * std::max(merger, shell) * (1 + 4 * settings.corrugation);
}

double mean_halo_count(const SkySettings& settings) {
    double mean = 0;
    for (const Slice& slice : make_slices(settings)) {
        mean += mass_function().n_greater_per_mpc3(settings.min_mass_msun, slice.z_middle()) *
                slice.volume_per_sr_mpc3() *
                solid_angle_sr(static_cast<double>(settings.size_px), settings.pixel_arcsec);
    }
    return mean;
}

std::vector<Halo> draw_haloes(const SkySettings& settings,
                              std::uint64_t seed,
                              std::uint64_t realisation) {
    check(settings);
    const MassFunction& function = mass_function();
    const auto size = static_cast<double>(settings.size_px);
    std::vector<Halo> haloes;
    const std::vector<Slice> slices = make_slices(settings);
    for (std::uint32_t s = 0; s < slices.size(); ++s) {
        const Slice& slice = slices[s];
        const std::vector<double> n_greater = function.n_greater_table(slice.z_middle());
        const double density =
            function.n_greater_per_mpc3(settings.min_mass_msun, slice.z_middle());
        // The margin of the largest halo there can be; smaller ones beyond their own reach are
        // dropped.
        const double margin =
            shock_reach_mpc(settings, r200_mpc(function.masses_msun().back(), slice.z_near)) *
            arcsec_per_mpc(slice.z_near) / settings.pixel_arcsec;
        const double side = size + 2 * margin;
        const double mean =
            density * slice.volume_per_sr_mpc3() * solid_angle_sr(side, settings.pixel_arcsec);
        base::RandomStream counts(seed, base::Purpose::halo_count, realisation, s);
        const std::uint64_t n = counts.poisson(mean);
        for (std::uint64_t i = 0; i < n; ++i) {
            Halo halo;
            halo.id = s << bits_of_index | static_cast<std::uint32_t>(i);
            base::RandomStream random(seed, base::Purpose::halo_properties, realisation, halo.id);
            halo.x_px = side * random.uniform_double() - margin - 0.5;
            halo.y_px = side * random.uniform_double() - margin - 0.5;
            const double near3 = std::pow(slice.distance_near_mpc, 3);
            const double far3 = std::pow(slice.distance_far_mpc, 3);
            const double distance = std::cbrt(near3 + (far3 - near3) * random.uniform_double());
            halo.z = slice.z_near + (slice.z_far - slice.z_near) *
                                        (distance - slice.distance_near_mpc) /
                                        (slice.distance_far_mpc - slice.distance_near_mpc);
            halo.mass_msun =
                std::max(settings.min_mass_msun,
                         mass_with_n_greater(
                             function.masses_msun(), n_greater, density * random.uniform_double()));
            halo.r200_mpc = r200_mpc(halo.mass_msun, halo.z);
            const double scale_arcsec_per_mpc = arcsec_per_mpc(halo.z);
            const double reach = shock_reach_mpc(settings, halo.r200_mpc) * scale_arcsec_per_mpc /
                                 settings.pixel_arcsec;
            if (halo.x_px < -reach || halo.y_px < -reach || halo.x_px > size + reach ||
                halo.y_px > size + reach) {
                continue;
            }
            halo.r100_mpc = r100_per_r200 * halo.r200_mpc;
            halo.r100_arcsec = halo.r100_mpc * scale_arcsec_per_mpc;
            set_position(settings, halo);
            haloes.push_back(halo);
        }
    }
    std::sort(haloes.begin(), haloes.end(), [](const Halo& a, const Halo& b) {
        return a.mass_msun != b.mass_msun ? a.mass_msun > b.mass_msun : a.id < b.id;
    });
    return haloes;
}

}  // namespace faintweb::sky
