#include "lib/sky/settings.h"

#include <sstream>

#include "lib/base/error.h"

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
}

}  // namespace faintweb::sky
