#include "lib/sky/observe.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <sstream>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/parallel.h"
#include "lib/base/random.h"
#include "lib/base/units.h"
#include "lib/image/beam.h"
#include "lib/sky/separable_filter.h"

namespace faintweb::sky {
namespace {

/// Room before pixel 0 of the noise plane, so that the filter never needs a negative key.
constexpr std::int64_t plane_origin = 1 << 20;
/// What is left of the taps when they are cut, relative to the first.
constexpr double smallest_tap = 1e-6;

double sigma_px(const ObservationSettings& settings, double pixel_arcsec) {
    return settings.beam_fwhm_arcsec / base::fwhm_per_sigma / pixel_arcsec;
}

}  // namespace

void check(const ObservationSettings& settings, double pixel_arcsec) {
    std::ostringstream message;
    if (!(pixel_arcsec > 0 && std::isfinite(pixel_arcsec))) {
        message << "pixel_arcsec is " << pixel_arcsec << " (a pixel has a size), give it in arcsec";
    } else if (!(settings.beam_fwhm_arcsec > 0 && sigma_px(settings, pixel_arcsec) <= 50)) {
        message << "beam_fwhm_arcsec is " << settings.beam_fwhm_arcsec << " with pixels of "
                << pixel_arcsec << " arcsec (it must lie above 0 and below 117 pixels), change it";
    } else if (!(settings.noise_jy_beam >= 0 && std::isfinite(settings.noise_jy_beam))) {
        message << "noise_jy_beam is " << settings.noise_jy_beam
                << " (it is an rms), give 0 or more";
    } else {
        return;
    }
    throw base::UsageError(message.str());
}

double noise_rms_jy_arcsec2(const ObservationSettings& settings) {
    const image::Beam beam{settings.beam_fwhm_arcsec, settings.beam_fwhm_arcsec, 0};
    return settings.noise_jy_beam / image::beam_area_arcsec2(beam);
}

std::vector<double> noise_taps(double sigma_px) {
    FAINTWEB_EXPECTS(sigma_px > 0);
    // On a ring of n pixels the filter whose autocorrelation is c has the spectrum sqrt(DFT c); its
    // squares sum to c[0] = 1. The ring is long enough that neither c nor the taps meet themselves.
    const int n = 64 * (1 + static_cast<int>(std::ceil(sigma_px)));
    const auto correlation = [&](int i) { return std::exp(-i * i / (4 * sigma_px * sigma_px)); };
    const auto wave = [n](int k, int i) {
        return std::cos(2 * std::numbers::pi *
                        static_cast<double>((static_cast<std::int64_t>(k) * i) % n) / n);
    };
    const int half = n / 2;
    std::vector<double> amplitude;
    for (int k = 0; k <= half; ++k) {
        double spectrum = correlation(0) + correlation(half) * wave(k, half);
        for (int i = 1; i < half; ++i) {
            spectrum += 2 * correlation(i) * wave(k, i);
        }
        // Broad beams leave no power at high frequencies: there rounding decides the sign.
        amplitude.push_back(std::sqrt(std::max(0.0, spectrum)));
    }
    std::vector<double> taps;
    for (int i = 0; i < half; ++i) {
        double tap = amplitude.front() + amplitude.back() * wave(half, i);
        for (int k = 1; k < half; ++k) {
            tap += 2 * amplitude[static_cast<std::size_t>(k)] * wave(k, i);
        }
        taps.push_back(tap / n);
    }
    while (taps.size() > 1 && std::fabs(taps.back()) < smallest_tap * taps.front()) {
        taps.pop_back();
    }
    double sum_squares = -taps[0] * taps[0];
    for (const double tap : taps) {
        sum_squares += 2 * tap * tap;
    }
    for (double& tap : taps) {
        tap /= std::sqrt(sum_squares);
    }
    return taps;
}

image::Image correlated_noise(const image::Window& window,
                              double pixel_arcsec,
                              const ObservationSettings& settings,
                              std::uint64_t seed,
                              std::uint64_t realisation,
                              int n_threads) {
    check(settings, pixel_arcsec);
    FAINTWEB_EXPECTS(window.x0 >= 0 && window.y0 >= 0 && window.cols >= 0 && window.rows >= 0);
    const double rms = noise_rms_jy_arcsec2(settings);
    const std::vector<double> exact = noise_taps(sigma_px(settings, pixel_arcsec));
    const std::vector<float> taps(exact.begin(), exact.end());
    const auto reach = static_cast<std::int64_t>(taps.size()) - 1;
    image::Image noise = image::make_image(window.rows, window.cols);
    constexpr std::int64_t rows_per_job = 64;
    const std::int64_t n_jobs = (window.rows + rows_per_job - 1) / rows_per_job;
    base::parallel_for(n_threads, static_cast<std::size_t>(n_jobs), [&](std::size_t job) {
        const std::int64_t first = static_cast<std::int64_t>(job) * rows_per_job;
        const std::int64_t n_rows = std::min(rows_per_job, window.rows - first);
        const std::int64_t cols = window.cols + 2 * reach;
        image::Image white = image::make_image(n_rows + 2 * reach, cols);
        for (std::int64_t row = 0; row < white.rows; ++row) {
            const std::int64_t plane_row = plane_origin + window.y0 + first - reach + row;
            // The realisation goes above the row: both fit, as no image has 2^32 rows.
            base::fill_normal(seed,
                              base::Purpose::noise,
                              realisation << 32 | static_cast<std::uint64_t>(plane_row),
                              static_cast<std::uint64_t>(plane_origin + window.x0 - reach),
                              static_cast<std::uint64_t>(cols),
                              white.row(row).data());
        }
        const image::Image smooth = filter_separable(white, taps, 1);
        for (std::int64_t row = 0; row < n_rows; ++row) {
            const auto from = smooth.row(row + reach);
            auto to = noise.row(first + row);
            for (std::int64_t col = 0; col < window.cols; ++col) {
                to[static_cast<std::size_t>(col)] = static_cast<float>(
                    rms * static_cast<double>(from[static_cast<std::size_t>(col + reach)]));
            }
        }
    });
    return noise;
}

image::Image observe(const image::Image& sky,
                     double pixel_arcsec,
                     const ObservationSettings& settings,
                     std::uint64_t seed,
                     std::uint64_t realisation,
                     int n_threads) {
    check(settings, pixel_arcsec);
    image::Image seen =
        filter_separable(sky, gaussian_taps(sigma_px(settings, pixel_arcsec)), n_threads);
    const image::Image noise = correlated_noise(
        {0, 0, sky.cols, sky.rows}, pixel_arcsec, settings, seed, realisation, n_threads);
    for (std::size_t i = 0; i < seen.pixels.size(); ++i) {
        seen.pixels[i] += noise.pixels[i];
    }
    return seen;
}

}  // namespace faintweb::sky
