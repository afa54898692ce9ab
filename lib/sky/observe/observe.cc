// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/observe/observe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/parallel.h"
#include "lib/base/random.h"
#include "lib/base/units.h"
#include "lib/image/beam.h"
#include "lib/sky/box/separable_filter.h"

namespace faintweb::sky {
namespace {

/// Room before pixel 0 of the noise plane, so that the filter never needs a negative key.
constexpr std::int64_t plane_origin = 1 << 20;
/// What is left of the taps when they are cut, relative to the first.
constexpr double smallest_tap = 1e-6;

/// Up to this width a convolution tap by tap is the faster one.
constexpr double widest_direct_px = 8;
/// Waves of the logarithm of the noise's rms, and their lengths.
constexpr int n_rms_waves = 8;
constexpr double shortest_rms_wave_arcsec = 2 * 3600;
constexpr double longest_rms_wave_arcsec = 8 * 3600;
constexpr double longest_largest_scale_arcsec = 180 * 3600;

double sigma_px(const ObservationSettings& settings, double pixel_arcsec) {
    return settings.beam_fwhm_arcsec / base::fwhm_per_sigma / pixel_arcsec;
}

double cubic_b_spline(double x) {
    x = std::fabs(x);
    if (x < 1) {
        return 2.0 / 3 - x * x * (1 - x / 2);
    }
    return x < 2 ? (2 - x) * (2 - x) * (2 - x) / 6 : 0;
}

/// One side of a sampled Gaussian that sums to 1, [0] is the middle. From a width of 0.7 on the
/// sampling does not show, and it has a Gaussian's profile, which that of gaussian_taps nears only
/// slowly: side lobes would not cancel at the peak.
std::vector<float> sampled_gaussian_taps(double sigma_px) {
    const auto reach = static_cast<int>(std::ceil(5.5 * sigma_px));
    std::vector<double> exact;
    double sum = 0;
    for (int i = 0; i <= reach; ++i) {
        exact.push_back(std::exp(-i * i / (2 * sigma_px * sigma_px)));
        sum += (i == 0 ? 1 : 2) * exact.back();
    }
    std::vector<float> taps;
    for (const double tap : exact) {
        taps.push_back(static_cast<float>(tap / sum));
    }
    return taps;
}

/// Nodes every step pixels of a line of n pixels, `margin` more than interpolation needs at each
/// end.
struct CoarseLine {
    std::int64_t n = 0;
    std::int64_t step = 0;
    std::int64_t margin = 0;

    std::int64_t n_nodes() const { return (n - 1) / step + 4 + 2 * margin; }
    std::int64_t pixel(std::int64_t node) const { return (node - 1 - margin) * step; }
    /// The first of the four nodes that a pixel lies between.
    std::int64_t first_node(std::int64_t pixel) const { return pixel / step + margin; }
};

/// The nodes' means of a picture, weighted by cubic B-splines; it is mirrored at its edges.
image::Image coarsened(const image::Image& picture,
                       const CoarseLine& across,
                       const CoarseLine& up,
                       int n_threads) {
    const std::int64_t step = across.step;
    const auto step_px = static_cast<double>(step);
    std::vector<float> averaging;  // weights of the pixels around a node
    for (std::int64_t i = 1 - 2 * step; i < 2 * step; ++i) {
        averaging.push_back(
            static_cast<float>(cubic_b_spline(static_cast<double>(i) / step_px) / step_px));
    }
    const auto count = [](std::int64_t n) { return static_cast<std::size_t>(n); };
    image::Image narrow = image::make_image(picture.rows, across.n_nodes());
    base::parallel_for(n_threads, count(picture.rows), [&](std::size_t job) {
        const auto row = static_cast<std::int64_t>(job);
        const auto from = picture.row(row);
        const std::int64_t first = across.pixel(0) + 1 - 2 * step;
        std::vector<float> line(count(across.n_nodes() * step + 3 * step));
        for (std::size_t i = 0; i < line.size(); ++i) {
            line[i] = from[count(mirrored(first + static_cast<std::int64_t>(i), picture.cols))];
        }
        auto to = narrow.row(row);
        for (std::size_t node = 0; node < to.size(); ++node) {
            const float* pixels = line.data() + node * count(step);
            double sum = 0;
            for (std::size_t i = 0; i < averaging.size(); ++i) {
                sum += static_cast<double>(averaging[i] * pixels[i]);
            }
            to[node] = static_cast<float>(sum);
        }
    });

    image::Image coarse = image::make_image(up.n_nodes(), across.n_nodes());
    base::parallel_for(n_threads, count(coarse.rows), [&](std::size_t node) {
        std::vector<double> sums(count(coarse.cols), 0);
        for (std::size_t i = 0; i < averaging.size(); ++i) {
            const std::int64_t row = up.pixel(static_cast<std::int64_t>(node)) + 1 - 2 * step +
                                     static_cast<std::int64_t>(i);
            const auto from = narrow.row(mirrored(row, picture.rows));
            for (std::size_t col = 0; col < sums.size(); ++col) {
                sums[col] += static_cast<double>(averaging[i] * from[col]);
            }
        }
        std::transform(sums.begin(), sums.end(),
                       coarse.row(static_cast<std::int64_t>(node)).begin(),
                       [](double sum) { return static_cast<float>(sum); });
    });
    return coarse;
}

/// The picture that nodes stand for: cubic B-splines between them.
image::Image refined(const image::Image& coarse,
                     const CoarseLine& across,
                     const CoarseLine& up,
                     int n_threads) {
    const std::int64_t step = across.step;
    const auto step_px = static_cast<double>(step);
    std::vector<std::array<float, 4>> between;  // weights of the nodes around a pixel
    for (std::int64_t i = 0; i < step; ++i) {
        const double x = static_cast<double>(i) / step_px;
        between.push_back(
            {static_cast<float>(cubic_b_spline(x + 1)), static_cast<float>(cubic_b_spline(x)),
             static_cast<float>(cubic_b_spline(1 - x)), static_cast<float>(cubic_b_spline(2 - x))});
    }
    const auto count = [](std::int64_t n) { return static_cast<std::size_t>(n); };
    image::Image smooth = image::make_image(up.n, across.n);
    base::parallel_for(n_threads, count(up.n), [&](std::size_t job) {
        const auto row = static_cast<std::int64_t>(job);
        const auto& weights = between[count(row % step)];
        std::vector<float> line(count(coarse.cols), 0);
        for (std::int64_t i = 0; i < 4; ++i) {
            const auto from = coarse.row(up.first_node(row) + i);
            for (std::size_t col = 0; col < line.size(); ++col) {
                line[col] += weights[count(i)] * from[col];
            }
        }
        auto to = smooth.row(row);
        for (std::size_t first = 0; first < to.size(); first += count(step)) {
            const float* nodes = line.data() + across.first_node(static_cast<std::int64_t>(first));
            const std::size_t n = std::min(count(step), to.size() - first);
            for (std::size_t i = 0; i < n; ++i) {
                const auto& weight = between[i];
                to[first + i] = weight[0] * nodes[0] + weight[1] * nodes[1] + weight[2] * nodes[2] +
                                weight[3] * nodes[3];
            }
        }
    });
    return smooth;
}

/// The logarithm of the noise's rms, relative to its median, of a range of columns of the plane.
class RmsWaves {
  public:
    RmsWaves(double pixel_arcsec,
             const ObservationSettings& settings,
             std::uint64_t seed,
             std::uint64_t realisation,
             std::int64_t first_col,
             std::int64_t cols)
        : scatter_(settings.noise_scatter), cols_(static_cast<std::size_t>(cols)) {
        if (scatter_ == 0) {
            return;
        }
        // b is the upper half of a column's number in fill_normal, where it is 0.
        base::RandomStream random(seed, base::Purpose::noise, realisation << 32, 1);
        for (Wave& wave : waves_) {
            const double direction = 2 * std::numbers::pi * random.uniform_double();
            const double length_px = shortest_rms_wave_arcsec / pixel_arcsec *
                                     std::pow(longest_rms_wave_arcsec / shortest_rms_wave_arcsec,
                                              random.uniform_double());
            wave.per_col = 2 * std::numbers::pi / length_px * std::cos(direction);
            wave.per_row = 2 * std::numbers::pi / length_px * std::sin(direction);
            wave.phase = 2 * std::numbers::pi * random.uniform_double();
            for (std::int64_t col = first_col; col < first_col + cols; ++col) {
                wave.cosines.push_back(std::cos(wave.per_col * static_cast<double>(col)));
                wave.sines.push_back(std::sin(wave.per_col * static_cast<double>(col)));
            }
        }
    }

    /// Rms over median rms of a row.
    void fill(std::int64_t row, std::vector<double>& factors) const {
        factors.assign(cols_, scatter_ == 0 ? 1 : 0);
        if (scatter_ == 0) {
            return;
        }
        const double amplitude = scatter_ * std::sqrt(2.0 / n_rms_waves);
        for (const Wave& wave : waves_) {
            const double angle = wave.per_row * static_cast<double>(row) + wave.phase;
            const double cosine = amplitude * std::cos(angle);
            const double sine = amplitude * std::sin(angle);
            for (std::size_t i = 0; i < cols_; ++i) {
                factors[i] += cosine * wave.cosines[i] - sine * wave.sines[i];
            }
        }
        for (double& factor : factors) {
            factor = std::exp(factor);
        }
    }

  private:
    struct Wave {
        double per_col = 0;
        double per_row = 0;
        double phase = 0;
        std::vector<double> cosines;
        std::vector<double> sines;
    };
    double scatter_;
    std::size_t cols_;
    std::array<Wave, n_rms_waves> waves_;
};

}  // namespace

void check(const ObservationSettings& settings, double pixel_arcsec) {
    if (!(pixel_arcsec > 0 && std::isfinite(pixel_arcsec))) {
        throw base::UsageError(fmt::format(
            "pixel_arcsec is {:g} (a pixel has a size), give it in arcsec", pixel_arcsec));
    }
    if (!(settings.beam_fwhm_arcsec > 0 && sigma_px(settings, pixel_arcsec) <= 50)) {
        throw base::UsageError(
            fmt::format("beam_fwhm_arcsec is {:g} with pixels of {:g} arcsec (it must lie above 0 "
                        "and below 117 pixels), change it",
                        settings.beam_fwhm_arcsec, pixel_arcsec));
    }
    if (!(settings.noise_jy_beam >= 0 && std::isfinite(settings.noise_jy_beam))) {
        throw base::UsageError(fmt::format("noise_jy_beam is {:g} (it is an rms), give 0 or more",
                                           settings.noise_jy_beam));
    }
    if (!(settings.sidelobe_level >= 0 && settings.sidelobe_radius_beams >= 1 &&
          settings.sidelobe_level * settings.sidelobe_radius_beams *
                  settings.sidelobe_radius_beams <=
              0.17)) {
        throw base::UsageError(fmt::format(
            "sidelobe_level is {:g} with sidelobe_radius_beams of {:g} (the radius must "
            "be 1 or more, level x radius^2 must lie within 0 and 0.17: more would give "
            "baselines a negative weight), change one",
            settings.sidelobe_level, settings.sidelobe_radius_beams));
    }
    if (!(settings.largest_scale_arcsec == 0 ||
          (settings.largest_scale_arcsec >=
               std::max(10 * pixel_arcsec, 2 * settings.beam_fwhm_arcsec) &&
           settings.largest_scale_arcsec <= longest_largest_scale_arcsec))) {
        throw base::UsageError(fmt::format(
            "largest_scale_arcsec is {:g} (it must be at least 2 beams and 10 pixels, at "
            "most {:g}), change it, or give 0 for all scales",
            settings.largest_scale_arcsec, longest_largest_scale_arcsec));
    }
    if (!(settings.noise_scatter >= 0 && settings.noise_scatter <= 1)) {
        throw base::UsageError(fmt::format(
            "noise_scatter is {:g} (it is the scatter of ln rms), give a value within 0 "
            "and 1",
            settings.noise_scatter));
    }
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

image::Image correlated_noise(const image::MapWindow& window,
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
    const RmsWaves waves(pixel_arcsec, settings, seed, realisation, window.x0, window.cols);
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
            base::fill_normal(seed, base::Purpose::noise,
                              realisation << 32 | static_cast<std::uint64_t>(plane_row),
                              static_cast<std::uint64_t>(plane_origin + window.x0 - reach),
                              static_cast<std::uint64_t>(cols), white.row(row).data());
        }
        const image::Image smooth = filter_separable(white, taps, 1);
        std::vector<double> factors;
        for (std::int64_t row = 0; row < n_rows; ++row) {
            const auto from = smooth.row(row + reach);
            auto to = noise.row(first + row);
            waves.fill(window.y0 + first + row, factors);
            for (std::size_t col = 0; col < to.size(); ++col) {
                to[col] = static_cast<float>(
                    rms * factors[col] *
                    static_cast<double>(from[col + static_cast<std::size_t>(reach)]));
            }
        }
    });
    return noise;
}

image::Image noise_rms_map(const image::MapWindow& window,
                           double pixel_arcsec,
                           const ObservationSettings& settings,
                           std::uint64_t seed,
                           std::uint64_t realisation,
                           int n_threads) {
    check(settings, pixel_arcsec);
    FAINTWEB_EXPECTS(window.x0 >= 0 && window.y0 >= 0 && window.cols >= 0 && window.rows >= 0);
    const double rms = noise_rms_jy_arcsec2(settings);
    const RmsWaves waves(pixel_arcsec, settings, seed, realisation, window.x0, window.cols);
    image::Image map = image::make_image(window.rows, window.cols);
    base::parallel_for(n_threads, static_cast<std::size_t>(window.rows), [&](std::size_t job) {
        const auto row = static_cast<std::int64_t>(job);
        std::vector<double> factors;
        waves.fill(window.y0 + row, factors);
        std::transform(factors.begin(), factors.end(), map.row(row).begin(),
                       [&](double factor) { return static_cast<float>(rms * factor); });
    });
    return map;
}

std::array<KernelGaussian, 3> side_lobe_gaussians(const ObservationSettings& settings,
                                                  double pixel_arcsec) {
    // y at the first extremum, and what 2 y^4 - 3 y^2 + y is there.
    const double y = std::cos(std::numbers::pi * 40 / 180);
    const double depth = y * (1 - y) * (2 * y * y + 2 * y - 1);
    const double beam_px = sigma_px(settings, pixel_arcsec);
    const double widest_px = settings.sidelobe_radius_beams * base::fwhm_per_sigma * beam_px /
                             std::sqrt(-2 * std::log(y));
    const double relative = widest_px / beam_px;
    const double flux = settings.sidelobe_level / depth * relative * relative;
    return {KernelGaussian{flux / 2, widest_px / 2},
            KernelGaussian{-1.5 * flux, widest_px / std::numbers::sqrt2},
            KernelGaussian{flux, widest_px}};
}

image::Image smooth_wide(const image::Image& picture, double sigma_px, int n_threads) {
    FAINTWEB_EXPECTS(sigma_px >= 4 && picture.rows > 0 && picture.cols > 0);
    const auto step = std::max<std::int64_t>(1, static_cast<std::int64_t>(sigma_px / 4));
    const auto step_px = static_cast<double>(step);
    // Both splines together widen by 2/3 of a node squared.
    const std::vector<float> taps =
        sampled_gaussian_taps(std::sqrt(sigma_px * sigma_px / (step_px * step_px) - 2.0 / 3));
    const auto margin = static_cast<std::int64_t>(taps.size()) - 1;
    const CoarseLine across{picture.cols, step, margin};
    const CoarseLine up{picture.rows, step, margin};
    const image::Image coarse =
        filter_separable(coarsened(picture, across, up, n_threads), taps, n_threads);
    return refined(coarse, across, up, n_threads);
}

namespace {

image::Image smooth(const image::Image& picture, double sigma_px, int n_threads) {
    return sigma_px > widest_direct_px
               ? smooth_wide(picture, sigma_px, n_threads)
               : filter_separable(picture, sampled_gaussian_taps(sigma_px), n_threads);
}

}  // namespace

image::Image seen_sky(const image::Image& sky,
                      double pixel_arcsec,
                      const ObservationSettings& settings,
                      int n_threads) {
    check(settings, pixel_arcsec);
    const auto is_blank = [](float pixel) { return !std::isfinite(pixel); };
    if (std::ranges::any_of(sky.pixels, is_blank)) {
        image::Image filled = sky;
        std::ranges::replace_if(filled.pixels, is_blank, 0.0F);
        image::Image seen = seen_sky(filled, pixel_arcsec, settings, n_threads);
        for (std::size_t i = 0; i < seen.pixels.size(); ++i) {
            if (is_blank(sky.pixels[i])) {
                seen.pixels[i] = std::numeric_limits<float>::quiet_NaN();
            }
        }
        return seen;
    }
    image::Image seen =
        filter_separable(sky, gaussian_taps(sigma_px(settings, pixel_arcsec)), n_threads);
    if (settings.sidelobe_level > 0) {
        for (const KernelGaussian& part : side_lobe_gaussians(settings, pixel_arcsec)) {
            const image::Image spread = smooth(sky, part.sigma_px, n_threads);
            const auto flux = static_cast<float>(part.flux);
            for (std::size_t i = 0; i < seen.pixels.size(); ++i) {
                seen.pixels[i] += flux * spread.pixels[i];
            }
        }
    }
    if (settings.largest_scale_arcsec > 0) {
        const double sigma_arcsec =
            settings.largest_scale_arcsec * std::sqrt(std::numbers::ln2 / 2) / std::numbers::pi;
        const image::Image wide = smooth(seen, sigma_arcsec / pixel_arcsec, n_threads);
        for (std::size_t i = 0; i < seen.pixels.size(); ++i) {
            seen.pixels[i] -= wide.pixels[i];
        }
    }
    return seen;
}

image::Image observe(const image::Image& sky,
                     double pixel_arcsec,
                     const ObservationSettings& settings,
                     std::uint64_t seed,
                     std::uint64_t realisation,
                     int n_threads) {
    image::Image seen = seen_sky(sky, pixel_arcsec, settings, n_threads);
    const image::Image noise = correlated_noise({0, 0, sky.cols, sky.rows}, pixel_arcsec, settings,
                                                seed, realisation, n_threads);
    for (std::size_t i = 0; i < seen.pixels.size(); ++i) {
        seen.pixels[i] += noise.pixels[i];
    }
    return seen;
}

}  // namespace faintweb::sky
