// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/cosmology/mass_function.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "lib/base/contract.h"
#include "lib/sky/cosmology/linear_power.h"

namespace faintweb::sky {
namespace {

constexpr double collapse_threshold = 1.686;
constexpr int n_masses = 201;
constexpr double ln_mass_first = 25.328436022934504;  // 1e11
constexpr double ln_mass_step = 5 * std::numbers::ln10 / (n_masses - 1);

}  // namespace

MassFunction::MassFunction(const Cosmology& cosmology) : cosmology_(cosmology) {
    const LinearPower power(cosmology);
    // One point past each end, so that the slope is a central difference everywhere.
    std::vector<double> ln_sigmas;
    for (int i = -1; i <= n_masses; ++i) {
        const double mass = std::exp(ln_mass_first + i * ln_mass_step);
        const double radius =
            std::cbrt(3 * mass / (4 * std::numbers::pi * cosmology.matter_density_msun_mpc3()));
        ln_sigmas.push_back(std::log(power.sigma(radius)));
        if (i >= 0 && i < n_masses) {
            masses_msun_.push_back(mass);
            sigmas_.push_back(std::exp(ln_sigmas.back()));
        }
    }
    for (std::size_t i = 0; i < masses_msun_.size(); ++i) {
        minus_dln_sigma_dln_mass_.push_back((ln_sigmas[i] - ln_sigmas[i + 2]) / (2 * ln_mass_step));
    }
}

std::vector<double> MassFunction::n_greater_table(double z) const {
    constexpr double a = 0.707;
    constexpr double p = 0.3;
    constexpr double norm = 0.3222;
    const double growth = growth_factor(cosmology_, z);
    const auto density_per_ln_mass = [&](std::size_t i) {
        const double nu = collapse_threshold / (sigmas_[i] * growth);
        const double a_nu2 = a * nu * nu;
        const double share = norm * std::sqrt(2 * a / std::numbers::pi) *
                             (1 + std::pow(a_nu2, -p)) * nu * std::exp(-a_nu2 / 2);
        return share * cosmology_.matter_density_msun_mpc3() / masses_msun_[i] *
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

std::vector<double> MassFunction::masses_at_n_greater(const std::vector<double>& n_per_mpc3,
                                                      double z) const {
    const std::vector<double> table = n_greater_table(z);
    std::vector<double> masses;
    masses.reserve(n_per_mpc3.size());
    for (const double n : n_per_mpc3) {
        const auto below = std::lower_bound(table.begin(), table.end(), n, std::greater<>());
        const auto high = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(
            below - table.begin(), 1, static_cast<std::ptrdiff_t>(table.size()) - 1));
        const double share = std::clamp(
            std::log(n / table[high - 1]) / std::log(table[high] / table[high - 1]), 0.0, 1.0);
        masses.push_back(masses_msun_[high - 1] *
                         std::pow(masses_msun_[high] / masses_msun_[high - 1], share));
    }
    return masses;
}

}  // namespace faintweb::sky
