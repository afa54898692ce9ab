// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/mesh.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"
#include "lib/base/vector_clones.h"

namespace faintweb::sky {
namespace {

/// Cell below a position and the share of the next one.
struct Place {
    int low = 0;
    int high = 0;
    float share = 0;
};

Place place_of(float position, int n) {
    // Truncation and a step down, as std::floor is a library call on the oldest processors.
    auto cell = static_cast<std::int64_t>(position);
    cell -= static_cast<float>(cell) > position ? 1 : 0;
    const float share = position - static_cast<float>(cell);
    if (cell < 0 || cell >= n) {
        cell = ((cell % n) + n) % n;
    }
    const auto low = static_cast<int>(cell);
    return {low, low + 1 == n ? 0 : low + 1, share};
}

/// One side of a Gaussian, sampled at the cells out to four standard deviations; [0] is the middle;
/// sums to 1.
std::vector<float> sampled_gaussian(double sigma_cells) {
    const auto reach = static_cast<std::size_t>(4 * sigma_cells + 0.5);
    std::vector<double> weights;
    double sum = 0;
    for (std::size_t k = 0; k <= reach; ++k) {
        const double distance = static_cast<double>(k) / sigma_cells;
        weights.push_back(std::exp(-0.5 * distance * distance));
        sum += (k == 0 ? 1 : 2) * weights.back();
    }
    std::vector<float> taps;
    double rest = 1;
    for (const double weight : weights) {
        taps.push_back(static_cast<float>(weight / sum));
        rest -= (taps.size() == 1 ? 1 : 2) * static_cast<double>(taps.back());
    }
    // What rounding left over goes to the middle, so that the mass of many cells is kept.
    taps[0] = static_cast<float>(taps[0] + rest);
    return taps;
}

/// out[i] = taps[0] in[i] + sum_k taps[k] (in[i - k step] + in[i + k step]) for i in [0, n).
FAINTWEB_VECTOR_CLONES void convolve(const float* in,
                                     std::ptrdiff_t step,
                                     std::ptrdiff_t n,
                                     const float* taps,
                                     std::ptrdiff_t n_taps,
                                     float* out) {
    constexpr std::ptrdiff_t width = 32;  // sums that stay in registers
    std::ptrdiff_t i = 0;
    for (; i + width <= n; i += width) {
        float sums[width];
        for (std::ptrdiff_t w = 0; w < width; ++w) {
            sums[w] = taps[0] * in[i + w];
        }
        for (std::ptrdiff_t k = 1; k < n_taps; ++k) {
            const float* before = in + i - k * step;
            const float* after = in + i + k * step;
            const float tap = taps[k];
            for (std::ptrdiff_t w = 0; w < width; ++w) {
                sums[w] += tap * (before[w] + after[w]);
            }
        }
        for (std::ptrdiff_t w = 0; w < width; ++w) {
            out[i + w] = sums[w];
        }
    }
    for (; i < n; ++i) {
        float sum = taps[0] * in[i];
        for (std::ptrdiff_t k = 1; k < n_taps; ++k) {
            sum += taps[k] * (in[i - k * step] + in[i + k * step]);
        }
        out[i] = sum;
    }
}

/// Filters n rows of n along the first index; row r of the mesh starts at rows + r * row_stride.
/// @param padded  [n + 2 reach, n] of scratch.
void filter_columns(float* rows,
                    std::ptrdiff_t row_stride,
                    std::ptrdiff_t n,
                    const std::vector<float>& taps,
                    std::vector<float>& padded) {
    const auto n_taps = static_cast<std::ptrdiff_t>(taps.size());
    const std::ptrdiff_t reach = n_taps - 1;
    for (std::ptrdiff_t row = -reach; row < n + reach; ++row) {
        const std::ptrdiff_t from = ((row % n) + n) % n;
        std::copy_n(rows + from * row_stride, n, padded.begin() + (row + reach) * n);
    }
    for (std::ptrdiff_t row = 0; row < n; ++row) {
        convolve(padded.data() + (row + reach) * n, n, n, taps.data(), n_taps,
                 rows + row * row_stride);
    }
}

/// Filters n rows of n along the second index.
/// @param padded  [n + 2 reach] of scratch.
void filter_rows(float* rows,
                 std::ptrdiff_t n,
                 const std::vector<float>& taps,
                 std::vector<float>& padded) {
    const auto n_taps = static_cast<std::ptrdiff_t>(taps.size());
    const std::ptrdiff_t reach = n_taps - 1;
    for (std::ptrdiff_t row = 0; row < n; ++row) {
        float* const line = rows + row * n;
        std::copy_n(line, n, padded.begin() + reach);
        for (std::ptrdiff_t i = 0; i < reach; ++i) {
            padded[static_cast<std::size_t>(i)] = line[(((i - reach) % n) + n) % n];
            padded[static_cast<std::size_t>(reach + n + i)] = line[i % n];
        }
        convolve(padded.data() + reach, 1, n, taps.data(), n_taps, line);
    }
}

}  // namespace

float Mesh::interpolate(float x, float y, float z) const {
    const Place i = place_of(x, n);
    const Place j = place_of(y, n);
    const Place k = place_of(z, n);
    const auto along_z = [&](int row_i, int row_j) {
        const float* const row = &cells[index(row_i, row_j, 0)];
        return row[k.low] + k.share * (row[k.high] - row[k.low]);
    };
    const float low_x = along_z(i.low, j.low) * (1 - j.share) + along_z(i.low, j.high) * j.share;
    const float high_x = along_z(i.high, j.low) * (1 - j.share) + along_z(i.high, j.high) * j.share;
    return low_x * (1 - i.share) + high_x * i.share;
}

Mesh make_mesh(int n, float value) {
    FAINTWEB_EXPECTS(n > 0);
    const auto edge = static_cast<std::size_t>(n);
    return {n, std::vector<float>(edge * edge * edge, value)};
}

void smooth_periodic(Mesh& mesh, double sigma_cells, int n_threads) {
    FAINTWEB_EXPECTS(sigma_cells >= 0);
    if (sigma_cells == 0) {
        return;
    }
    const std::vector<float> taps = sampled_gaussian(sigma_cells);
    const auto n = static_cast<std::ptrdiff_t>(mesh.n);
    const std::size_t n_padded =
        static_cast<std::size_t>(n) * (static_cast<std::size_t>(n) + 2 * (taps.size() - 1));
    // Planes of two indices fit in a processor's own cache: one pass through memory for z and y,
    // one for x.
    const auto for_planes = [&](const auto& work) {
        constexpr std::ptrdiff_t per_job = 4;
        const auto n_jobs = static_cast<std::size_t>((n + per_job - 1) / per_job);
        base::parallel_for(n_threads, n_jobs, [&](std::size_t job) {
            std::vector<float> padded(n_padded);
            const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(job) * per_job;
            for (std::ptrdiff_t plane = first; plane < std::min(n, first + per_job); ++plane) {
                work(plane, padded);
            }
        });
    };
    for_planes([&](std::ptrdiff_t i, std::vector<float>& padded) {
        float* const plane = mesh.cells.data() + i * n * n;
        filter_rows(plane, n, taps, padded);
        filter_columns(plane, n, n, taps, padded);
    });
    for_planes([&](std::ptrdiff_t j, std::vector<float>& padded) {
        filter_columns(mesh.cells.data() + j * n, n * n, n, taps, padded);
    });
}

}  // namespace faintweb::sky
