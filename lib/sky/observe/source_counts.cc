// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/observe/source_counts.h"

#include <array>
#include <cmath>
#include <cstddef>

#include "lib/base/contract.h"

namespace faintweb::sky {
namespace {

constexpr double faint_slope = -2.17;
/// Fluxes that are the fit's end but for rounding are within it.
constexpr double rounding = 1e-3;

}  // namespace

double SourceCounts::differential(double flux_jy) const {
    FAINTWEB_EXPECTS(flux_jy > 0 && flux_jy <= (1 + rounding) * brightest_jy);
    if (flux_jy < (1 - rounding) * faintest_jy) {
        return differential(faintest_jy) * std::pow(flux_jy / faintest_jy, faint_slope);
    }
    const double x = std::log10(flux_jy * 1e3);
    double log_counts = 0;
    for (std::size_t i = coefficients.size(); i > 0; --i) {
        log_counts = log_counts * x + coefficients[i - 1];
    }
    return std::pow(10, log_counts) * std::pow(flux_jy, -2.5);
}

double SourceCounts::between(double from_jy, double to_jy) const {
    FAINTWEB_EXPECTS(from_jy > 0 && from_jy <= to_jy);
    // Simpson's rule in ln S.
    constexpr int n_steps = 2048;
    const double step = std::log(to_jy / from_jy) / n_steps;
    double sum = 0;
    for (int i = 0; i <= n_steps; ++i) {
        const double flux_jy = i == n_steps ? to_jy : from_jy * std::exp(i * step);
        const double weight = i == 0 || i == n_steps ? 1 : i % 2 == 1 ? 4 : 2;
        sum += weight * flux_jy * differential(flux_jy);
    }
    return sum * step / 3;
}

const SourceCounts& counts_at_1400_mhz() {
    static constexpr std::array coefficients{0.859, 0.508, 0.376, -0.049, -0.121, 0.057, -0.008};
    static constexpr SourceCounts counts{1.4e9, 5e-5, 1, coefficients};
    return counts;
}

const SourceCounts& counts_at_150_mhz() {
    static constexpr std::array coefficients{1.655,     -0.1150,  0.2272,    0.51788,
                                             -0.449661, 0.160265, -0.028541, 0.002041};
    static constexpr SourceCounts counts{1.5e8, 2e-4, 10, coefficients};
    return counts;
}

const SourceCounts& counts_near(double frequency_hz) {
    constexpr double least_of_1400_mhz = 5e8;
    return frequency_hz >= least_of_1400_mhz ? counts_at_1400_mhz() : counts_at_150_mhz();
}

}  // namespace faintweb::sky
