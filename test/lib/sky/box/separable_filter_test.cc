// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/separable_filter.h"

#include <cmath>
#include <cstddef>
#include <numeric>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::sky {
namespace {

double variance(const std::vector<float>& taps) {
    double sum = 0;
    for (std::size_t n = 1; n < taps.size(); ++n) {
        sum += 2 * static_cast<double>(n * n) * static_cast<double>(taps[n]);
    }
    return sum;
}

TEST(GaussianTaps, have_unit_sum_and_the_exact_width) {
    for (const double sigma : {0.2, 0.4424, 1.33, 2.55, 8.0, 30.0}) {
        const auto taps = gaussian_taps(sigma);
        double sum = static_cast<double>(taps[0]);
        for (std::size_t n = 1; n < taps.size(); ++n) {
            sum += 2 * static_cast<double>(taps[n]);
            EXPECT_GE(taps[n], 0.0F);
            EXPECT_LE(taps[n], taps[n - 1]);
        }
        EXPECT_NEAR(sum, 1, 1e-6) << sigma;
        EXPECT_NEAR(variance(taps) / (sigma * sigma), 1, 1e-4) << sigma;
    }
}

TEST(GaussianTaps, broad_ones_are_a_gaussian) {
    const double sigma = 8;
    const auto taps = gaussian_taps(sigma);
    for (std::size_t n = 0; n < 20; ++n) {
        const auto x = static_cast<double>(n);
        EXPECT_NEAR(static_cast<double>(taps[n]) / static_cast<double>(taps[0]),
                    std::exp(-x * x / (2 * sigma * sigma)), 3e-3);
    }
}

/// The definition, pixel by pixel.
float filtered_plainly(const image::Image& in,
                       const std::vector<float>& taps,
                       std::int64_t row,
                       std::int64_t col) {
    const auto mirror = [](std::int64_t i, std::int64_t n) {
        while (i < 0 || i >= n) {
            i = i < 0 ? -1 - i : 2 * n - 1 - i;
        }
        return i;
    };
    const auto reach = static_cast<std::int64_t>(taps.size()) - 1;
    double sum = 0;
    for (std::int64_t i = -reach; i <= reach; ++i) {
        for (std::int64_t j = -reach; j <= reach; ++j) {
            sum += static_cast<double>(taps[static_cast<std::size_t>(std::abs(i))]) *
                   static_cast<double>(taps[static_cast<std::size_t>(std::abs(j))]) *
                   static_cast<double>(in.at(mirror(row + i, in.rows), mirror(col + j, in.cols)));
        }
    }
    return static_cast<float>(sum);
}

TEST(FilterSeparable, equals_the_definition_even_where_the_kernel_is_wider_than_the_image) {
    const auto taps = gaussian_taps(1.5);
    for (const auto& [rows, cols] : {std::pair{70, 9}, std::pair{3, 130}, std::pair{1, 1}}) {
        image::Image in = image::make_image(rows, cols);
        base::fill_normal(1, base::Purpose::test, 0, 0, in.pixels.size(), in.pixels.data());
        const image::Image out = filter_separable(in, taps, 2);
        for (std::int64_t row = 0; row < rows; ++row) {
            for (std::int64_t col = 0; col < cols; ++col) {
                ASSERT_NEAR(out.at(row, col), filtered_plainly(in, taps, row, col), 1e-5F);
            }
        }
    }
}

}  // namespace
}  // namespace faintweb::sky
