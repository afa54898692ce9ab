#include "lib/sky/linear_power.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace faintweb::sky {
namespace {

/// Scales and shape parameters of the fit that depend on the cosmology alone.
struct TransferScales {
    double equality_wavenumber, sound_horizon, silk_wavenumber;
    double alpha_c, beta_c, alpha_b, beta_b, beta_node;
};

TransferScales make_scales(const Cosmology& cosmology) {
    const double matter = cosmology.omega_matter * cosmology.h * cosmology.h;
    const double baryon = cosmology.omega_baryon * cosmology.h * cosmology.h;
    const double theta = cosmology.t_cmb_k / 2.7;
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

double matter_transfer(const Cosmology& cosmology, double k_per_mpc) {
    const TransferScales s = make_scales(cosmology);
    const double baryon_share = cosmology.omega_baryon / cosmology.omega_matter;
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

LinearPower::LinearPower(const Cosmology& cosmology) : cosmology_(cosmology) {
    amplitude_ = std::pow(cosmology.sigma8 / sigma(8 / cosmology.h), 2);
}

double LinearPower::power_mpc3(double k_per_mpc) const {
    const double transfer = matter_transfer(cosmology_, k_per_mpc);
    return amplitude_ * std::pow(k_per_mpc, cosmology_.spectral_index) * transfer * transfer;
}

double LinearPower::sigma(double radius_mpc) const {
    return rms_in_spheres([this](double k) { return power_mpc3(k); }, radius_mpc);
}

}  // namespace faintweb::sky
