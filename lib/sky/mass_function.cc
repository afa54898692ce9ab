#include "lib/sky/mass_function.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/base/contract.h"
#include "lib/sky/cosmology.h"

namespace faintweb::sky {
namespace {

constexpr double collapse_threshold = 1.686;
constexpr int n_masses = 201;
constexpr double ln_mass_first = 25.328436022934504;  // 1e11
constexpr double ln_mass_step = 5 * std::numbers::ln10 / (n_masses - 1);

/// Scales and shape parameters of the fit that depend on the cosmology alone.
struct TransferScales {
    double equality_wavenumber, sound_horizon, silk_wavenumber;
    double alpha_c, beta_c, alpha_b, beta_b, beta_node;
};

TransferScales make_scales() {
    const double matter = Cosmology::omega_matter * Cosmology::h * Cosmology::h;
    const double baryon = Cosmology::omega_baryon * Cosmology::h * Cosmology::h;
    const double theta = Cosmology::t_cmb_k / 2.7;
    const double baryon_share = baryon / matter;
    const double cold_share = 1 - baryon_share;
    TransferScales s{};
    // Equations 2-6: equality, drag epoch, sound horizon.
    const double z_equality = 2.5e4 * matter * std::pow(theta, -4);
    s.equality_wavenumber = 7.46e-2 * matter / (theta * theta);
    const double b1 = 0.313 * std::pow(matter, -0.419) * (1 + 0.607 * std::pow(matter, 0.674));
    const double b2 = 0.238 * std::pow(matter, 0.223);
    const double z_drag = 1291 * std::pow(matter, 0.251) / (1 + 0.659 * std::pow(matter, 0.828)) *
                          (1 + b1 * std::pow(baryon, b2));
    const auto momentum_ratio = [&](double z) {
        return 31.5 * baryon * std::pow(theta, -4) * (1000 / z);
    };
    const double r_drag = momentum_ratio(z_drag);
    const double r_equality = momentum_ratio(z_equality);
    s.sound_horizon = 2 / (3 * s.equality_wavenumber) * std::sqrt(6 / r_equality) *
                      std::log((std::sqrt(1 + r_drag) + std::sqrt(r_drag + r_equality)) /
                               (1 + std::sqrt(r_equality)));
    s.silk_wavenumber = 1.6 * std::pow(baryon, 0.52) * std::pow(matter, 0.73) *
                        (1 + std::pow(10.4 * matter, -0.95));
    // Equations 11-12: cold dark matter.
    const double a1 = std::pow(46.9 * matter, 0.670) * (1 + std::pow(32.1 * matter, -0.532));
    const double a2 = std::pow(12.0 * matter, 0.424) * (1 + std::pow(45.0 * matter, -0.582));
    s.alpha_c = std::pow(a1, -baryon_share) * std::pow(a2, -std::pow(baryon_share, 3));
    const double c1 = 0.944 / (1 + std::pow(458 * matter, -0.708));
    const double c2 = std::pow(0.395 * matter, -0.0266);
    s.beta_c = 1 / (1 + c1 * (std::pow(cold_share, c2) - 1));
    // Equations 14-15, 23-24: baryons.
    const double y = (1 + z_equality) / (1 + z_drag);
    const double root = std::sqrt(1 + y);
    const double g = y * (-6 * root + (2 + 3 * y) * std::log((root + 1) / (root - 1)));
    s.alpha_b = 2.07 * s.equality_wavenumber * s.sound_horizon * std::pow(1 + r_drag, -0.75) * g;
    s.beta_node = 8.41 * std::pow(matter, 0.435);
    s.beta_b =
        0.5 + baryon_share + (3 - 2 * baryon_share) * std::sqrt(std::pow(17.2 * matter, 2) + 1);
    return s;
}

/// Fourier transform of a unit sphere.
double sphere_window(double x) {
    return x < 1e-3 ? 1 - x * x / 10 : 3 * (std::sin(x) - x * std::cos(x)) / (x * x * x);
}

/// Rms density contrast in spheres of radius R for P(k) = power(k).
template <typename Power>
double rms_in_spheres(Power power, double radius_mpc) {
    // Beyond k R = 60 the window leaves less than 1e-6 of the variance.
    const double from = std::log(1e-4);
    const double to = std::log(std::max(1.0, 60 / radius_mpc));
    constexpr int n = 3000;
    const double step = (to - from) / n;
    double sum = 0;
    for (int i = 0; i <= n; ++i) {
        const double k = std::exp(from + i * step);
        const double window = sphere_window(k * radius_mpc);
        const double weight = i == 0 || i == n ? 0.5 : 1;
        sum += weight * k * k * k * power(k) * window * window;
    }
    return std::sqrt(sum * step / (2 * std::numbers::pi * std::numbers::pi));
}

}  // namespace

double matter_transfer(double k_per_mpc) {
    static const TransferScales s = make_scales();
    constexpr double baryon_share = Cosmology::omega_baryon / Cosmology::omega_matter;
    const double k = k_per_mpc;
    const double q = k / (13.41 * s.equality_wavenumber);
    const auto pressureless = [q](double alpha, double beta) {
        const double c = 14.2 / alpha + 386 / (1 + 69.9 * std::pow(q, 1.08));
        const double l = std::log(std::numbers::e + 1.8 * beta * q);
        return l / (l + c * q * q);
    };
    const double ks = k * s.sound_horizon;
    const double f = 1 / (1 + std::pow(ks / 5.4, 4));
    const double cold = f * pressureless(1, s.beta_c) + (1 - f) * pressureless(s.alpha_c, s.beta_c);
    const double x = ks / std::cbrt(1 + std::pow(s.beta_node / ks, 3));
    const double wiggle = x < 1e-4 ? 1 : std::sin(x) / x;
    const double baryons = wiggle * (pressureless(1, 1) / (1 + std::pow(ks / 5.2, 2)) +
                                     s.alpha_b / (1 + std::pow(s.beta_b / ks, 3)) *
                                         std::exp(-std::pow(k / s.silk_wavenumber, 1.4)));
    return baryon_share * baryons + (1 - baryon_share) * cold;
}

MassFunction::MassFunction() {
    const double unnormalised = sigma(8 / Cosmology::h);
    amplitude_ = std::pow(Cosmology::sigma8 / unnormalised, 2);
    // One point past each end, so that the slope is a central difference everywhere.
    std::vector<double> ln_sigmas;
    for (int i = -1; i <= n_masses; ++i) {
        const double mass = std::exp(ln_mass_first + i * ln_mass_step);
        const double radius =
            std::cbrt(3 * mass / (4 * std::numbers::pi * Cosmology::matter_density_msun_mpc3));
        ln_sigmas.push_back(std::log(sigma(radius)));
        if (i >= 0 && i < n_masses) {
            masses_msun_.push_back(mass);
            sigmas_.push_back(std::exp(ln_sigmas.back()));
        }
    }
    for (std::size_t i = 0; i < masses_msun_.size(); ++i) {
        minus_dln_sigma_dln_mass_.push_back((ln_sigmas[i] - ln_sigmas[i + 2]) / (2 * ln_mass_step));
    }
}

double MassFunction::power_mpc3(double k_per_mpc) const {
    const double transfer = matter_transfer(k_per_mpc);
    return amplitude_ * std::pow(k_per_mpc, Cosmology::spectral_index) * transfer * transfer;
}

double MassFunction::sigma(double radius_mpc) const {
    return rms_in_spheres([this](double k) { return power_mpc3(k); }, radius_mpc);
}

std::vector<double> MassFunction::n_greater_table(double z) const {
    constexpr double a = 0.707;
    constexpr double p = 0.3;
    constexpr double norm = 0.3222;
    const double growth = growth_factor(z);
    const auto density_per_ln_mass = [&](std::size_t i) {
        const double nu = collapse_threshold / (sigmas_[i] * growth);
        const double a_nu2 = a * nu * nu;
        const double share = norm * std::sqrt(2 * a / std::numbers::pi) *
                             (1 + std::pow(a_nu2, -p)) * nu * std::exp(-a_nu2 / 2);
        return share * Cosmology::matter_density_msun_mpc3 / masses_msun_[i] *
               minus_dln_sigma_dln_mass_[i];
    };
    std::vector<double> n(masses_msun_.size(), 0);
    for (std::size_t i = n.size() - 1; i > 0; --i) {
        // Between two masses the density falls like a power law; integrated as one.
        const double low = density_per_ln_mass(i - 1);
        const double high = density_per_ln_mass(i);
        const double slope = std::log(low / high);
        n[i - 1] = n[i] + ln_mass_step * (low - high) / slope;
    }
    n.back() = n[n.size() - 2] * 1e-3;  // never 0: its logarithm is interpolated
    return n;
}

double MassFunction::n_greater_per_mpc3(double mass_msun, double z) const {
    FAINTWEB_EXPECTS(mass_msun >= masses_msun_.front() && mass_msun <= masses_msun_.back());
    const std::vector<double> table = n_greater_table(z);
    const double place = (std::log(mass_msun) - ln_mass_first) / ln_mass_step;
    const auto i = std::min(static_cast<std::size_t>(std::max(0.0, place)), table.size() - 2);
    const double share = place - static_cast<double>(i);
    return std::exp((1 - share) * std::log(table[i]) + share * std::log(table[i + 1]));
}

}  // namespace faintweb::sky
