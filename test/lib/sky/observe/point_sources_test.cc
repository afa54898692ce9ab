// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/observe/point_sources.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/sky/observe/source_counts.h"

namespace faintweb::sky {
namespace {

constexpr double sr_per_deg2 = std::numbers::pi * std::numbers::pi / (180.0 * 180.0);

/// Sources per square degree between two fluxes in Jy, by the midpoint rule in ln S.
double sources_per_deg2(double from_jy, double to_jy) {
    constexpr int n = 20000;
    const double step = std::log(to_jy / from_jy) / n;
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        const double flux = from_jy * std::exp((i + 0.5) * step);
        sum += step * flux * counts_at_1400_mhz().differential(flux);
    }
    return sum * sr_per_deg2;
}

/// d ln(S^2.5 dN/dS) / d ln S between two fluxes: 0 where the counts are Euclidean.
double slope(double from_jy, double to_jy) {
    return 2.5 + std::log(counts_at_1400_mhz().differential(to_jy) /
                          counts_at_1400_mhz().differential(from_jy)) /
                     std::log(to_jy / from_jy);
}

TEST(PointSources, counts_agree_with_surveys) {
    // NVSS (Condon et al. 1998, AJ 115, 1693) lists 1.8e6 sources above about 2.5 mJy over
    // 10.3 sr, that is 53 per square degree, the parts of double sources apart; FIRST (Becker et
    // al. 1995, ApJ 450, 559) about 90 per square degree above 1 mJy.
    EXPECT_NEAR(sources_per_deg2(2.5e-3, 1), 53, 0.2 * 53);
    EXPECT_NEAR(sources_per_deg2(1e-3, 1), 90, 0.1 * 90);
    // Normalised counts at 1 mJy: 10^0.859 Jy^1.5/sr.
    EXPECT_NEAR(counts_at_1400_mhz().differential(1e-3) * std::pow(1e-3, 2.5), 7.23, 0.01);
}

TEST(PointSources, counts_are_euclidean_when_bright_and_flatten_when_faint) {
    EXPECT_NEAR(slope(0.3, 1), 0, 0.3);
    EXPECT_NEAR(slope(5e-3, 5e-2), 0.8, 0.2);
    EXPECT_LT(slope(1e-4, 1e-3), 0.5 * slope(5e-3, 5e-2));
}

TEST(PointSources, numbers_and_fluxes_follow_the_counts) {
    const std::int64_t rows = 1500;
    const std::int64_t cols = 2000;
    const double area_deg2 = 3e6 * 9.6 * 9.6 / (3600.0 * 3600.0);
    const auto sources = draw_point_sources({}, rows, cols, 9.6, 1.4e9, 7, 0);
    for (const auto& [low, high] : {std::pair{1e-4, 3e-4}, std::pair{3e-4, 1e-3},
                                    std::pair{1e-3, 1e-2}, std::pair{1e-2, 1.0}}) {
        const double expected = area_deg2 * sources_per_deg2(low, high);
        const auto n =
            std::count_if(sources.begin(), sources.end(), [&](const PointSource& source) {
                return source.flux_jy >= low && source.flux_jy < high;
            });
        EXPECT_NEAR(static_cast<double>(n), expected, 4 * std::sqrt(expected))
            << low << " .. " << high << " Jy";
    }
    double mean_x = 0;
    double mean_y = 0;
    for (const PointSource& source : sources) {
        ASSERT_TRUE(source.x_px >= -0.5 && source.x_px <= cols - 0.5);
        ASSERT_TRUE(source.y_px >= -0.5 && source.y_px <= rows - 0.5);
        ASSERT_TRUE(source.flux_jy > 0.99999e-4 && source.flux_jy < 1.00001);
        mean_x += source.x_px;
        mean_y += source.y_px;
    }
    const auto n = static_cast<double>(sources.size());
    EXPECT_NEAR(mean_x / n, 0.5 * (cols - 1), 4 * cols / std::sqrt(12 * n));
    EXPECT_NEAR(mean_y / n, 0.5 * (rows - 1), 4 * rows / std::sqrt(12 * n));
}

TEST(PointSources, number_is_poisson) {
    // 400 images of about 0.9 square degree and 4.2 sources above 10 mJy each.
    PointSourceSettings settings;
    settings.min_flux_jy = 1e-2;
    const double expected = 350.0 * 350 * 9.6 * 9.6 / (3600.0 * 3600.0) * sources_per_deg2(1e-2, 1);
    constexpr int n_images = 400;
    double sum = 0;
    double sum_squares = 0;
    for (std::uint64_t realisation = 0; realisation < n_images; ++realisation) {
        const auto n = static_cast<double>(
            draw_point_sources(settings, 350, 350, 9.6, 1.4e9, 7, realisation).size());
        sum += n;
        sum_squares += n * n;
    }
    const double mean = sum / n_images;
    EXPECT_NEAR(mean, expected, 4 * std::sqrt(expected / n_images));
    EXPECT_NEAR((sum_squares / n_images - mean * mean) / expected, 1, 0.3);
}

TEST(PointSources, keys_and_frequency) {
    const auto draw = [](std::uint64_t seed, std::uint64_t realisation, double frequency_hz) {
        return draw_point_sources({}, 300, 300, 9.6, frequency_hz, seed, realisation);
    };
    const auto first = draw(7, 3, 1.4e9);
    const auto again = draw(7, 3, 1.4e9);
    const auto lower = draw(7, 3, 1.4e8);
    ASSERT_EQ(first.size(), again.size());
    ASSERT_EQ(first.size(), lower.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
        EXPECT_EQ(first[i].x_px, again[i].x_px);
        EXPECT_EQ(first[i].flux_jy, again[i].flux_jy);
        EXPECT_NEAR(lower[i].flux_jy / first[i].flux_jy, std::pow(10, 0.7), 1e-12);
    }
    EXPECT_NE(first.front().x_px, draw(8, 3, 1.4e9).front().x_px);
    EXPECT_NE(first.front().x_px, draw(7, 4, 1.4e9).front().x_px);
}

TEST(PointSources, flux_is_kept_and_lies_in_the_nearest_pixel) {
    image::Image sky = image::make_image(20, 30, 1e-7F);
    add_point_sources(sky, 9.6, {{12.4, 3.6, 0.5}, {-0.5, 19.5, 0.25}, {12.0, 4.0, 0.1}});
    EXPECT_NEAR(sky.at(4, 12), 1e-7 + 0.6 / 92.16, 1e-9);
    EXPECT_NEAR(sky.at(19, 0), 1e-7 + 0.25 / 92.16, 1e-9);
    EXPECT_EQ(std::count(sky.pixels.begin(), sky.pixels.end(), 1e-7F), 20 * 30 - 2);
}

TEST(PointSources, fluxes_outside_the_counts_are_refused) {
    PointSourceSettings settings;
    EXPECT_NO_THROW(check(settings));
    settings.min_flux_jy = 1e-5;
    EXPECT_THROW(check(settings), base::UsageError);
    settings.min_flux_jy = 0.5;
    settings.max_flux_jy = 0.5;
    EXPECT_THROW(check(settings), base::UsageError);
    settings.max_flux_jy = 2;
    EXPECT_THROW(check(settings), base::UsageError);
    settings.max_flux_jy = std::nan("");
    EXPECT_THROW(check(settings), base::UsageError);
}

}  // namespace
}  // namespace faintweb::sky
