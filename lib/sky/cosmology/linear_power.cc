// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/cosmology/linear_power.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/base/contract.h"

namespace faintweb::sky {
namespace {

constexpr double k_first_per_mpc = 1e-4;
constexpr double k_last_per_mpc = 1e4;
constexpr int n_wavenumbers = 4001;
/// Beyond this k R the window of a sphere leaves less than 1e-6 of the variance.
constexpr double largest_phase = 60;

double square(double x) {
    return x * x;
}
double cube(double x) {
    return x * x * x;
}

/// Fourier transform of a unit sphere.
double sphere_window(double x) {
    return x < 1e-3 ? 1 - x * x / 10 : 3 * (std::sin(x) - x * std::cos(x)) / cube(x);
}

}  // namespace

MatterTransfer::MatterTransfer(const Cosmology& cosmology) {
    const double matter = cosmology.omega_matter * cosmology.h * cosmology.h;
    const double baryon = cosmology.omega_baryon * cosmology.h * cosmology.h;
    const double theta = cosmology.t_cmb_k / 2.7;
    baryon_share_ = baryon / matter;
    const double cold_share = 1 - baryon_share_;
    // Equations 2-6: equality, drag epoch, sound horizon.
    const double z_equality = 2.5e4 * matter * std::pow(theta, -4);
    equality_wavenumber_ = 7.46e-2 * matter / (theta * theta);
    const double b1 = 0.313 * std::pow(matter, -0.419) * (1 + 0.607 * std::pow(matter, 0.674));
    const double b2 = 0.238 * std::pow(matter, 0.223);
    const double z_drag = 1291 * std::pow(matter, 0.251) / (1 + 0.659 * std::pow(matter, 0.828)) *
                          (1 + b1 * std::pow(baryon, b2));
    const auto momentum_ratio = [&](double z) {
        return 31.5 * baryon * std::pow(theta, -4) * (1000 / z);
    };
    const double r_drag = momentum_ratio(z_drag);
    const double r_equality = momentum_ratio(z_equality);
    sound_horizon_mpc_ = 2 / (3 * equality_wavenumber_) * std::sqrt(6 / r_equality) *
                         std::log((std::sqrt(1 + r_drag) + std::sqrt(r_drag + r_equality)) /
                                  (1 + std::sqrt(r_equality)));
    silk_wavenumber_ = 1.6 * std::pow(baryon, 0.52) * std::pow(matter, 0.73) *
                       (1 + std::pow(10.4 * matter, -0.95));
    // Equations 11-12: cold dark matter.
    const double a1 = std::pow(46.9 * matter, 0.670) * (1 + std::pow(32.1 * matter, -0.532));
    const double a2 = std::pow(12.0 * matter, 0.424) * (1 + std::pow(45.0 * matter, -0.582));
    alpha_c_ = std::pow(a1, -baryon_share_) * std::pow(a2, -std::pow(baryon_share_, 3));
    const double c1 = 0.944 / (1 + std::pow(458 * matter, -0.708));
    const double c2 = std::pow(0.395 * matter, -0.0266);
    beta_c_ = 1 / (1 + c1 * (std::pow(cold_share, c2) - 1));
    // Equations 14-15, 23-24: baryons.
    const double y = (1 + z_equality) / (1 + z_drag);
    const double root = std::sqrt(1 + y);
    const double g = y * (-6 * root + (2 + 3 * y) * std::log((root + 1) / (root - 1)));
    alpha_b_ = 2.07 * equality_wavenumber_ * sound_horizon_mpc_ * std::pow(1 + r_drag, -0.75) * g;
    beta_node_ = 8.41 * std::pow(matter, 0.435);
    beta_b_ =
        0.5 + baryon_share_ + (3 - 2 * baryon_share_) * std::sqrt(std::pow(17.2 * matter, 2) + 1);
}

double MatterTransfer::operator()(double k_per_mpc) const {
    const double q = k_per_mpc / (13.41 * equality_wavenumber_);
    const double q_power = 386 / (1 + 69.9 * std::pow(q, 1.08));
    const auto pressureless = [&](double alpha, double log_term) {
        return log_term / (log_term + (14.2 / alpha + q_power) * q * q);
    };
    const double cold_log = std::log(std::numbers::e + 1.8 * beta_c_ * q);
    const double ks = k_per_mpc * sound_horizon_mpc_;
    const double f = 1 / (1 + square(square(ks / 5.4)));
    const double cold = f * pressureless(1, cold_log) + (1 - f) * pressureless(alpha_c_, cold_log);
    const double x = ks / std::cbrt(1 + cube(beta_node_ / ks));
    const double wiggle = x < 1e-4 ? 1 : std::sin(x) / x;
    const double smooth =
        pressureless(1, std::log(std::numbers::e + 1.8 * q)) / (1 + square(ks / 5.2));
    const double damped = alpha_b_ / (1 + cube(beta_b_ / ks)) *
                          std::exp(-std::pow(k_per_mpc / silk_wavenumber_, 1.4));
    return baryon_share_ * wiggle * (smooth + damped) + (1 - baryon_share_) * cold;
}

LinearPower::LinearPower(const Cosmology& cosmology)
    : transfer_(cosmology), spectral_index_(cosmology.spectral_index) {
    const double step = std::log(k_last_per_mpc / k_first_per_mpc) / (n_wavenumbers - 1);
    for (int i = 0; i < n_wavenumbers; ++i) {
        const double k = k_first_per_mpc * std::exp(i * step);
        k_per_mpc_.push_back(k);
        variances_.push_back(step * cube(k) * power_mpc3(k) / (2 * square(std::numbers::pi)));
    }
    const double amplitude = square(cosmology.sigma8 / sigma(8 / cosmology.h));
    amplitude_ = amplitude;
    for (double& variance : variances_) {
        variance *= amplitude;
    }
}

double LinearPower::power_mpc3(double k_per_mpc) const {
    return amplitude_ * std::pow(k_per_mpc, spectral_index_) * square(transfer_(k_per_mpc));
}

double LinearPower::sigma(double radius_mpc) const {
    FAINTWEB_EXPECTS(radius_mpc * k_last_per_mpc >= largest_phase);
    const auto end = std::upper_bound(k_per_mpc_.begin(), k_per_mpc_.end(),
                                      std::max(1.0, largest_phase / radius_mpc));
    const auto n = static_cast<std::size_t>(end - k_per_mpc_.begin());
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
        sum += variances_[i] * square(sphere_window(k_per_mpc_[i] * radius_mpc));
    }
    return std::sqrt(sum);
}

}  // namespace faintweb::sky
