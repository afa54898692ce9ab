// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/observe/point_sources.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/base/units.h"
#include "lib/sky/observe/source_counts.h"

namespace faintweb::sky {
namespace {

/// Numbers of sources brighter than each of a row of fluxes, per steradian.
struct CumulativeCounts {
    std::vector<double> ln_fluxes;  ///< falling, evenly spaced
    std::vector<double> n_per_sr;   ///< rising from 0
};

CumulativeCounts cumulative_counts(double min_flux_jy, double max_flux_jy) {
    constexpr int n_steps = 1024;
    const double step = std::log(max_flux_jy / min_flux_jy) / n_steps;
    const auto per_ln_flux = [&](double ln_flux) {
        const double flux_jy = std::exp(ln_flux);
        return flux_jy * counts_at_1400_mhz().differential(flux_jy);
    };
    CumulativeCounts counts;
    counts.ln_fluxes.push_back(std::log(max_flux_jy));
    counts.n_per_sr.push_back(0);
    for (int i = 1; i <= n_steps; ++i) {
        const double bright = counts.ln_fluxes.back();
        const double faint = std::log(max_flux_jy) - i * step;
        const double n =
            step / 6 *
            (per_ln_flux(bright) + 4 * per_ln_flux((bright + faint) / 2) + per_ln_flux(faint));
        counts.ln_fluxes.push_back(faint);
        counts.n_per_sr.push_back(counts.n_per_sr.back() + n);
    }
    return counts;
}

/// The flux above which n_per_sr sources lie, 0 < n_per_sr < all of them.
double flux_at(const CumulativeCounts& counts, double n_per_sr) {
    const auto above =
        std::upper_bound(counts.n_per_sr.begin(), counts.n_per_sr.end() - 1, n_per_sr);
    const auto i = static_cast<std::size_t>(above - counts.n_per_sr.begin());
    const double share =
        (n_per_sr - counts.n_per_sr[i - 1]) / (counts.n_per_sr[i] - counts.n_per_sr[i - 1]);
    return std::exp(counts.ln_fluxes[i - 1] +
                    share * (counts.ln_fluxes[i] - counts.ln_fluxes[i - 1]));
}

}  // namespace

void check(const PointSourceSettings& settings) {
    const double faintest_jy = counts_at_1400_mhz().faintest_jy;
    const double brightest_jy = counts_at_1400_mhz().brightest_jy;
    const double low = settings.min_flux_jy;
    const double high = settings.max_flux_jy;
    if (!(low >= faintest_jy && low < high && high <= brightest_jy)) {
        throw base::UsageError(
            fmt::format("fluxes of point sources {:g} .. {:g} Jy (the source counts are known from "
                        "{:g} to {:g} Jy at 1.4 GHz), give a rising pair within them",
                        low, high, faintest_jy, brightest_jy));
    }
    if (!std::isfinite(settings.spectral_index)) {
        throw base::UsageError(fmt::format(
            "spectral index of point sources {:g} (not a number), give one such as -0.7",
            settings.spectral_index));
    }
}

std::vector<PointSource> draw_point_sources(const PointSourceSettings& settings,
                                            std::int64_t rows,
                                            std::int64_t cols,
                                            double pixel_arcsec,
                                            double frequency_hz,
                                            std::uint64_t seed,
                                            std::uint64_t realisation) {
    check(settings);
    const CumulativeCounts counts = cumulative_counts(settings.min_flux_jy, settings.max_flux_jy);
    const double pixel_rad = pixel_arcsec / base::arcsec_per_rad;
    const double solid_angle_sr =
        static_cast<double>(rows) * static_cast<double>(cols) * pixel_rad * pixel_rad;
    const double to_frequency =
        std::pow(frequency_hz / counts_at_1400_mhz().frequency_hz, settings.spectral_index);
    base::RandomStream random(seed, base::Purpose::point_sources, realisation);
    std::vector<PointSource> sources(random.poisson(counts.n_per_sr.back() * solid_angle_sr));
    for (PointSource& source : sources) {
        source.x_px = random.uniform_double() * static_cast<double>(cols) - 0.5;
        source.y_px = random.uniform_double() * static_cast<double>(rows) - 0.5;
        source.flux_jy =
            to_frequency * flux_at(counts, random.uniform_double() * counts.n_per_sr.back());
    }
    return sources;
}

void add_point_sources(image::Image& sky,
                       double pixel_arcsec,
                       const std::vector<PointSource>& sources) {
    const double per_pixel = 1 / (pixel_arcsec * pixel_arcsec);
    for (const PointSource& source : sources) {
        // Rounding may put a source at the far edge onto the line of the next pixel.
        const auto col = std::min(static_cast<std::int64_t>(source.x_px + 0.5), sky.cols - 1);
        const auto row = std::min(static_cast<std::int64_t>(source.y_px + 0.5), sky.rows - 1);
        sky.at(row, col) += static_cast<float>(source.flux_jy * per_pixel);
    }
}

}  // namespace faintweb::sky
