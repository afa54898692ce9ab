// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/separable_filter.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"

namespace faintweb::sky {
namespace {

constexpr std::int64_t rows_per_job = 64;

/// out[i] = taps[0] in[i] + sum_k taps[k] (in[i - k] + in[i + k]); `in` has the reach before and
/// after.
void filter_line(const float* in, std::int64_t n, const std::vector<float>& taps, float* out) {
    for (std::int64_t i = 0; i < n; ++i) {
        out[i] = taps[0] * in[i];
    }
    for (std::size_t k = 1; k < taps.size(); ++k) {
        const float tap = taps[k];
        const float* before = in - k;
        const float* after = in + k;
        for (std::int64_t i = 0; i < n; ++i) {
            out[i] += tap * (before[i] + after[i]);
        }
    }
}

}  // namespace

std::int64_t mirrored(std::int64_t i, std::int64_t n) {
    const std::int64_t period = 2 * n;
    i = ((i % period) + period) % period;
    return i < n ? i : period - 1 - i;
}

std::vector<float> gaussian_taps(double sigma_px) {
    FAINTWEB_EXPECTS(sigma_px > 0);
    const double t = sigma_px * sigma_px;
    const int reach = static_cast<int>(std::ceil(6 * sigma_px)) + 4;
    // exp(-t) I_n(t) by Miller's downward recurrence, I_{n-1} = I_{n+1} + (2 n / t) I_n, normalised
    // by I_0 + 2 sum I_n = exp(t).
    const int start = 2 * reach + 20;
    std::vector<double> bessel(static_cast<std::size_t>(start) + 2, 0);
    bessel[static_cast<std::size_t>(start)] = 1e-280;
    for (auto n = static_cast<std::size_t>(start); n > 0; --n) {
        bessel[n - 1] = bessel[n + 1] + 2 * static_cast<double>(n) / t * bessel[n];
        if (bessel[n - 1] > 1e200) {
            for (double& value : bessel) {
                value *= 1e-200;
            }
        }
    }
    std::size_t n_taps = 1;
    while (n_taps <= static_cast<std::size_t>(reach) && bessel[n_taps] > 1e-8 * bessel[0]) {
        ++n_taps;
    }
    bessel.resize(n_taps);
    const double sum = 2 * std::accumulate(bessel.begin(), bessel.end(), 0.0) - bessel[0];
    std::vector<float> taps;
    for (const double value : bessel) {
        taps.push_back(static_cast<float>(value / sum));
    }
    return taps;
}

image::Image filter_separable(const image::Image& picture,
                              const std::vector<float>& taps,
                              int n_threads) {
    const std::int64_t rows = picture.rows;
    const std::int64_t cols = picture.cols;
    const auto reach = static_cast<std::int64_t>(taps.size()) - 1;
    image::Image out = image::make_image(rows, cols);
    const std::int64_t n_jobs = (rows + rows_per_job - 1) / rows_per_job;
    base::parallel_for(n_threads, static_cast<std::size_t>(n_jobs), [&](std::size_t job) {
        const std::int64_t first = static_cast<std::int64_t>(job) * rows_per_job;
        const std::int64_t last = std::min(rows, first + rows_per_job);
        const std::int64_t n_lines = last - first + 2 * reach;
        std::vector<float> padded(static_cast<std::size_t>(cols + 2 * reach));
        std::vector<float> lines(static_cast<std::size_t>(n_lines * cols));
        for (std::int64_t line = 0; line < n_lines; ++line) {
            const auto row = picture.row(mirrored(first - reach + line, rows));
            for (std::int64_t i = 0; i < reach; ++i) {
                padded[static_cast<std::size_t>(i)] =
                    row[static_cast<std::size_t>(mirrored(i - reach, cols))];
                padded[static_cast<std::size_t>(reach + cols + i)] =
                    row[static_cast<std::size_t>(mirrored(cols + i, cols))];
            }
            std::copy(row.begin(), row.end(), padded.begin() + reach);
            filter_line(padded.data() + reach, cols, taps, lines.data() + line * cols);
        }
        for (std::int64_t row = first; row < last; ++row) {
            const float* middle = lines.data() + (row - first + reach) * cols;
            float* to = out.row(row).data();
            for (std::int64_t i = 0; i < cols; ++i) {
                to[i] = taps[0] * middle[i];
            }
            for (std::int64_t k = 1; k <= reach; ++k) {
                const float tap = taps[static_cast<std::size_t>(k)];
                const float* above = middle - k * cols;
                const float* below = middle + k * cols;
                for (std::int64_t i = 0; i < cols; ++i) {
                    to[i] += tap * (above[i] + below[i]);
                }
            }
        }
    });
    return out;
}

}  // namespace faintweb::sky
