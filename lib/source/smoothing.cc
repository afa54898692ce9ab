// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/source/smoothing.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "lib/base/units.h"

namespace faintweb::source {

namespace {

/// One half of a symmetric kernel: element i is the weight at distance i. The whole sums to 1.
std::vector<float> half_gaussian(double fwhm_px) {
    const double sigma_px = fwhm_px / base::fwhm_per_sigma;
    const auto reach = static_cast<std::size_t>(std::ceil(4 * sigma_px));
    std::vector<double> weights(reach + 1);
    double sum = 0;
    for (std::size_t i = 0; i <= reach; ++i) {
        const double x = static_cast<double>(i) / sigma_px;
        weights[i] = std::exp(-x * x / 2);
        sum += i == 0 ? weights[i] : 2 * weights[i];
    }
    std::vector<float> half(reach + 1);
    std::transform(weights.begin(), weights.end(), half.begin(), [sum](double weight) {
        return static_cast<float>(weight / sum);
    });
    return half;
}

/// out[i] += weight * in[i]; the one inner loop of both passes, which the compiler turns into
/// vectors.
void add_scaled(const float* in, float weight, std::int64_t n, float* out) {
    for (std::int64_t i = 0; i < n; ++i) {
        out[i] += weight * in[i];
    }
}

/// Convolution along the columns and then the rows; what lies beyond the edge counts as 0.
image::Image convolve(const image::Image& in, const std::vector<float>& half) {
    const auto reach = static_cast<std::int64_t>(half.size()) - 1;
    image::Image along_rows = image::make_image(in.rows, in.cols);
    for (std::int64_t y = 0; y < in.rows; ++y) {
        const float* from = in.row(y).data();
        float* to = along_rows.row(y).data();
        for (std::int64_t d = -reach; d <= reach; ++d) {
            const std::int64_t first = std::max<std::int64_t>(0, -d);
            const std::int64_t end = std::min(in.cols, in.cols - d);
            if (first < end) {
                add_scaled(from + first + d,
                           half[static_cast<std::size_t>(std::abs(d))],
                           end - first,
                           to + first);
            }
        }
    }
    image::Image out = image::make_image(in.rows, in.cols);
    for (std::int64_t y = 0; y < in.rows; ++y) {
        for (std::int64_t d = -reach; d <= reach; ++d) {
            if (y + d >= 0 && y + d < in.rows) {
                add_scaled(along_rows.row(y + d).data(),
                           half[static_cast<std::size_t>(std::abs(d))],
                           in.cols,
                           out.row(y).data());
            }
        }
    }
    return out;
}

/// 1 where the image has a value, else 0.
image::Image valid_mask(const image::Image& image) {
    image::Image mask = image::make_image(image.rows, image.cols);
    std::transform(image.pixels.begin(), image.pixels.end(), mask.pixels.begin(), [](float value) {
        return std::isfinite(value) ? 1.0F : 0.0F;
    });
    return mask;
}

/// The weight of the kernel inside an image without blanks: a product of its columns' and rows'.
image::Image edge_weights(std::int64_t rows, std::int64_t cols, const std::vector<float>& half) {
    const image::Image along_cols = convolve(image::make_image(1, cols, 1.0F), half);
    const image::Image along_rows = convolve(image::make_image(1, rows, 1.0F), half);
    // Each line was also convolved across its own single pixel, which leaves half[0] as a factor.
    const float factor = 1 / (half[0] * half[0]);
    image::Image weights = image::make_image(rows, cols);
    for (std::int64_t y = 0; y < rows; ++y) {
        for (std::int64_t x = 0; x < cols; ++x) {
            weights.at(y, x) = factor * along_rows.at(0, y) * along_cols.at(0, x);
        }
    }
    return weights;
}

}  // namespace

image::Image smooth(const image::Image& image, double fwhm_px) {
    if (fwhm_px <= 0) {
        return image;
    }
    const std::vector<float> half = half_gaussian(fwhm_px);
    const image::Image mask = valid_mask(image);
    image::Image filled = image;
    for (std::size_t i = 0; i < filled.pixels.size(); ++i) {
        filled.pixels[i] = mask.pixels[i] > 0 ? filled.pixels[i] : 0.0F;
    }
    const bool has_blanks = std::ranges::find(mask.pixels, 0.0F) != mask.pixels.end();
    const image::Image weights =
        has_blanks ? convolve(mask, half) : edge_weights(image.rows, image.cols, half);
    image::Image smoothed = convolve(filled, half);
    for (std::size_t i = 0; i < smoothed.pixels.size(); ++i) {
        smoothed.pixels[i] = mask.pixels[i] > 0 ? smoothed.pixels[i] / weights.pixels[i]
                                                : std::numeric_limits<float>::quiet_NaN();
    }
    return smoothed;
}

}  // namespace faintweb::source
