// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/smoothing.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "lib/base/units.h"
#include "lib/base/vector.h"
#include "lib/base/vector_clones.h"

namespace faintweb::image {

namespace {

/// One half of a symmetric kernel: element i is the weight at distance i. The whole sums to 1.
std::vector<float> half_gaussian(double fwhm_px) {
    const double sigma_px = fwhm_px / base::fwhm_per_sigma;
    const auto reach = static_cast<std::size_t>(smoothing_reach_px(fwhm_px));
    std::vector<double> weights(reach + 1);
    double sum = 0;
    for (std::size_t i = 0; i <= reach; ++i) {
        const double x = static_cast<double>(i) / sigma_px;
        weights[i] = std::exp(-x * x / 2);
        sum += i == 0 ? weights[i] : 2 * weights[i];
    }
    std::vector<float> half(reach + 1);
    std::transform(weights.begin(), weights.end(), half.begin(),
                   [sum](double weight) { return static_cast<float>(weight / sum); });
    return half;
}

constexpr int n_lanes = 8;
using Floats = base::Vector<float, n_lanes>;

/// One line of a convolution: out[i] = sum over k of weights[k] lines[k * stride + i], in the order
/// of k.
///
/// @param weights  [n_weights].
/// @param lines    n_weights lines of n values, each `stride` behind the one before.
FAINTWEB_VECTOR_CLONES void add_lines(const float* weights,
                                      std::int64_t n_weights,
                                      const float* lines,
                                      std::int64_t stride,
                                      std::int64_t n,
                                      float* out) {
    // Sums of so many vectors stay in registers.
    constexpr std::int64_t n_sums = 4;
    std::int64_t i = 0;
    for (; i + n_sums * n_lanes <= n; i += n_sums * n_lanes) {
        Floats sums[n_sums] = {};
        for (std::int64_t k = 0; k < n_weights; ++k) {
            const float* const line = lines + k * stride + i;
            for (std::int64_t s = 0; s < n_sums; ++s) {
                sums[s] += weights[k] * base::load<float, n_lanes>(line + s * n_lanes);
            }
        }
        for (std::int64_t s = 0; s < n_sums; ++s) {
            base::store<float, n_lanes>(sums[s], out + i + s * n_lanes);
        }
    }
    for (; i < n; ++i) {
        float sum = 0;
        for (std::int64_t k = 0; k < n_weights; ++k) {
            sum += weights[k] * lines[k * stride + i];
        }
        out[i] = sum;
    }
}

/// Convolution along the rows and then the columns; what lies beyond the edge counts as 0.
Image convolve(const Image& in, const std::vector<float>& half) {
    const auto reach = static_cast<std::int64_t>(half.size()) - 1;
    std::vector<float> weights(half.rbegin(), half.rend());
    weights.insert(weights.end(), half.begin() + 1, half.end());
    Image along_rows = make_image(in.rows, in.cols);
    std::vector<float> line(static_cast<std::size_t>(in.cols + 2 * reach), 0.0F);
    for (std::int64_t y = 0; y < in.rows; ++y) {
        std::ranges::copy(in.row(y), line.begin() + reach);
        add_lines(weights.data(), 2 * reach + 1, line.data(), 1, in.cols, along_rows.row(y).data());
    }
    Image out = make_image(in.rows, in.cols);
    // So many columns at once that all lines of a sum stay in the nearest cache.
    constexpr std::int64_t n_cols = 64;
    for (std::int64_t x = 0; x < in.cols; x += n_cols) {
        for (std::int64_t y = 0; y < in.rows; ++y) {
            const std::int64_t first = std::max<std::int64_t>(0, y - reach);
            const std::int64_t last = std::min(in.rows - 1, y + reach);
            add_lines(weights.data() + first - (y - reach), last - first + 1,
                      along_rows.row(first).data() + x, in.cols, std::min(n_cols, in.cols - x),
                      out.row(y).data() + x);
        }
    }
    return out;
}

/// 1 where the image has a value, else 0.
Image valid_mask(const Image& image) {
    Image mask = make_image(image.rows, image.cols);
    std::transform(image.pixels.begin(), image.pixels.end(), mask.pixels.begin(),
                   [](float value) { return std::isfinite(value) ? 1.0F : 0.0F; });
    return mask;
}

/// The weight of the kernel that lies inside a line of n pixels without blanks, around each, times
/// half[0]: the line is also convolved across its own single pixel.
std::vector<float> weights_inside(std::int64_t n, const std::vector<float>& half) {
    return convolve(make_image(1, n, 1.0F), half).pixels;
}

FAINTWEB_VECTOR_CLONES void divide(std::span<float> values,
                                   std::span<const float> divisors,
                                   float factor) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] /= factor * divisors[i];
    }
}

}  // namespace

std::int64_t smoothing_reach_px(double fwhm_px) {
    return static_cast<std::int64_t>(std::ceil(4 * fwhm_px / base::fwhm_per_sigma));
}

Image smooth(const Image& image, double fwhm_px) {
    if (fwhm_px <= 0) {
        return image;
    }
    const std::vector<float> half = half_gaussian(fwhm_px);
    const auto is_blank = [](float value) { return !std::isfinite(value); };
    if (std::ranges::none_of(image.pixels, is_blank)) {
        Image smoothed = convolve(image, half);
        const std::vector<float> in_row = weights_inside(image.cols, half);
        const std::vector<float> in_col = weights_inside(image.rows, half);
        const float factor = 1 / (half[0] * half[0]);
        for (std::int64_t y = 0; y < image.rows; ++y) {
            divide(smoothed.row(y), in_row, factor * in_col[static_cast<std::size_t>(y)]);
        }
        return smoothed;
    }
    Image filled = image;
    std::ranges::replace_if(filled.pixels, is_blank, 0.0F);
    Image smoothed = convolve(filled, half);
    const Image weights = convolve(valid_mask(image), half);
    for (std::size_t i = 0; i < smoothed.pixels.size(); ++i) {
        smoothed.pixels[i] = is_blank(image.pixels[i]) ? std::numeric_limits<float>::quiet_NaN()
                                                       : smoothed.pixels[i] / weights.pixels[i];
    }
    return smoothed;
}

}  // namespace faintweb::image
