#include "lib/sky/settings.h"

#include <cmath>
#include <cstddef>
#include <numbers>
#include <sstream>

#include "lib/base/error.h"
#include "lib/base/units.h"

namespace faintweb::sky {
namespace {

void check_range(const char* name, double value, double low, double high) {
    if (!(value >= low && value <= high)) {
        std::ostringstream message;
        message << "sky setting " << name << " is " << value << " (it must lie in " << low << " .. "
                << high << "), change it";
        throw base::UsageError(message.str());
    }
}

/// The smallest halo that gets shocks must be found in the box, at its true place.
void check_mass_resolution(const Cosmology& cosmology,
                           const SkySettings& sky,
                           const BoxSettings& boxes,
                           double edge_mpc,
                           double z) {
    constexpr double fewest_particles = 20;
    constexpr double cells_per_r200 = 0.5;
    const double box_mass_msun = cosmology.matter_density_msun_mpc3() * std::pow(edge_mpc, 3);
    const double n_needed = std::cbrt(fewest_particles * box_mass_msun / sky.min_mass_msun);
    if (boxes.n_particles < n_needed) {
        std::ostringstream message;
        message << "sky setting n_particles is " << boxes.n_particles << " (in a box of "
                << edge_mpc << " Mpc a halo of min_mass_msun = " << sky.min_mass_msun
                << " has fewer than " << fewest_particles << " particles then), set at least "
                << std::ceil(n_needed) << " or raise min_mass_msun";
        throw base::UsageError(message.str());
    }
    const double r200_mpc =
        std::cbrt(3 * critical_per_mean_mass * sky.min_mass_msun /
                  (4 * std::numbers::pi * 200 * critical_density_msun_mpc3(cosmology, z))) *
        (1 + z);
    const double cells_needed = cells_per_r200 * edge_mpc / r200_mpc;
    if (boxes.n_mesh < cells_needed) {
        std::ostringstream message;
        message << "sky setting n_mesh is " << boxes.n_mesh << " (in a box of " << edge_mpc
                << " Mpc a cell is wider then than a halo of min_mass_msun = " << sky.min_mass_msun
                << "), set at least " << std::ceil(cells_needed) << " or raise min_mass_msun";
        throw base::UsageError(message.str());
    }
}

/// Stretching a map over more pixels than it has would show its pixels.
void check_map_resolution(const SkySettings& sky,
                          const BoxSettings& boxes,
                          double edge_mpc,
                          double distance_mpc) {
    constexpr double widest_in_sky_pixels = 1.2;
    const double edge_arcsec = edge_mpc / distance_mpc * base::arcsec_per_rad;
    const double needed = edge_arcsec / (widest_in_sky_pixels * sky.pixel_arcsec);
    if (boxes.map_px < needed) {
        std::ostringstream message;
        message << "sky setting map_px is " << boxes.map_px << " (the nearest box of " << edge_mpc
                << " Mpc spans " << edge_arcsec
                << " arcsec, too coarse for pixel_arcsec = " << sky.pixel_arcsec
                << "), set at least " << std::ceil(needed) << " or raise pixel_arcsec";
        throw base::UsageError(message.str());
    }
}

}  // namespace

void check(const SkySettings& s) {
    check_range("size_px", static_cast<double>(s.size_px), 1, 40000);
    check_range("pixel_arcsec", s.pixel_arcsec, 0.1, 600);
    check_range("centre_ra_deg", s.centre_ra_deg, -360, 360);
    check_range("centre_dec_deg", s.centre_dec_deg, -90, 90);
    check_range("size_px * pixel_arcsec (field width)",
                static_cast<double>(s.size_px) * s.pixel_arcsec,
                s.pixel_arcsec,
                40 * 3600.0);
    check_range("z_min", s.z_min, 0.01, 2);
    check_range("z_max", s.z_max, s.z_min + 0.001, 3);
    check_range("frequency_hz", s.frequency_hz, 1e7, 1e11);
    check_range("min_mass_msun", s.min_mass_msun, 1e12, 1e15);
    check_range("xi_e", s.xi_e, 1e-9, 1);
    check_range("f_merge", s.f_merge, 0, 100);
    check_range("xi_min", s.xi_min, 1e-3, 0.9);
    check_range("vs_mu", s.vs_mu, 0.1, 10);
    check_range("vs_sigma", s.vs_sigma, 0, 2);
    check_range("r_max", s.r_max, 0.1, 5);
    check_range("eps_b", s.eps_b, 1e-9, 1);
    check_range("r_dyn_mpc", s.r_dyn_mpc, 0.01, 100);
    check_range("a_dyn", s.a_dyn, 1e-3, 1e6);
    check_range("a_acc", s.a_acc, 1e-3, 1e6);
    check_range("ln_b_sigma", s.ln_b_sigma, 0, 3);
    check_range("ln_n_sigma", s.ln_n_sigma, 0, 3);
    check_range("corrugation", s.corrugation, 0, 0.15);
    check_range("l_cool_mpc", s.l_cool_mpc, 0, 2);
    // Below about two pixels the smoothing could not carry the samples of a surface to its
    // neighbours.
    check_range(
        "resolution_arcsec", s.resolution_arcsec, 1.5 * s.pixel_arcsec, 100 * s.pixel_arcsec);
    check_range("points_per_beam", s.points_per_beam, 1, 10000);
    check_range("floor_jy_arcsec2", s.floor_jy_arcsec2, 1e-16, 1e-3);
    check_range("p_inlet", s.p_inlet, 0, 1);
    check_range("p_core", s.p_core, 0, 1);
    check_range("core_mach", s.core_mach, 1, 10);
    check_range("min_sheath_mass_msun", s.min_sheath_mass_msun, 1e12, 1e16);
    check_range("a_fil", s.a_fil, 1e-3, 1e6);
    check_range("a_web", s.a_web, 1e-3, 1e6);
}

void check(const Cosmology& cosmology, const SkySettings& sky, const BoxSettings& boxes) {
    check(sky);
    if (boxes.edges_mpc.empty() || boxes.n_slabs.size() != boxes.edges_mpc.size()) {
        std::ostringstream message;
        message << "sky setting n_slabs has " << boxes.n_slabs.size() << " numbers for the "
                << boxes.edges_mpc.size()
                << " boxes of edges_mpc (each class of boxes needs its own), give one per class";
        throw base::UsageError(message.str());
    }
    check_range("n_realisations", boxes.n_realisations, 1, 1000);
    check_range("n_test_realisations", boxes.n_test_realisations, 0, boxes.n_realisations);
    check_range("n_particles", boxes.n_particles, 8, 4096);
    check_range("n_mesh", boxes.n_mesh, 8, 1024);
    check_range("n_steps", boxes.n_steps, 1, 10000);
    check_range("a_start", boxes.a_start, 0.005, 0.3);
    check_range("n_sheet", boxes.n_sheet, 1, 8);
    check_range("map_px", boxes.map_px, 16, 20000);
    check_range("web_map_px", boxes.web_map_px, 16, 20000);
    // A group of ranks may be nearly twice as large, and each needs a plane of particles.
    check_range("ranks_per_box", boxes.ranks_per_box, 1, boxes.n_particles / 2);
    double near_mpc = comoving_distance_mpc(cosmology, sky.z_min);
    for (std::size_t i = 0; i < boxes.edges_mpc.size(); ++i) {
        const double edge_mpc = boxes.edges_mpc[i];
        // Shock surfaces of the heaviest cluster must not wrap around the box.
        check_range("edges_mpc", edge_mpc, 25, 5000);
        check_range("n_slabs", boxes.n_slabs[i], 1, 1000);
        const double distance_mpc = near_mpc + edge_mpc / 2;
        check_mass_resolution(
            cosmology, sky, boxes, edge_mpc, redshift_at_distance(cosmology, distance_mpc));
        check_map_resolution(sky, boxes, edge_mpc, distance_mpc);
        near_mpc += edge_mpc * boxes.n_slabs[i];
    }
    const double far_mpc = comoving_distance_mpc(cosmology, sky.z_max);
    if (near_mpc < far_mpc) {
        const double missing = std::ceil((far_mpc - near_mpc) / boxes.edges_mpc.back());
        std::ostringstream message;
        message << "the slabs of the boxes end at " << near_mpc
                << " Mpc, before z_max = " << sky.z_max << " at " << far_mpc
                << " Mpc (the sky beyond would be empty), add " << missing
                << " to the last number of n_slabs or lower z_max";
        throw base::UsageError(message.str());
    }
}

}  // namespace faintweb::sky
