// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/observe/observe.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <numeric>

#include <gtest/gtest.h>

#include "lib/base/error.h"

namespace faintweb::sky {
namespace {

constexpr double askap_sigma_px = 10 / 2.3548200450309493 / 9.6;

TEST(NoiseTaps, are_those_of_the_design_for_10_arcsec_on_9_6) {
    const auto taps = noise_taps(askap_sigma_px);
    const double printed[] = {0.979148, 0.143441, -0.007596, 0.001148, -0.000204};
    ASSERT_GE(taps.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_NEAR(taps[i], printed[i], 1.5e-6) << i;
    }
}

TEST(NoiseTaps, are_those_of_the_design_for_pixels_of_3_2) {
    const auto taps = noise_taps(3 * askap_sigma_px);
    const double printed[] = {0.652011, 0.490884, 0.209425, 0.050659, 0.006930, 0.000548};
    ASSERT_GE(taps.size(), 6U);
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_NEAR(taps[i], printed[i], 1.5e-6) << i;
    }
}

TEST(NoiseTaps, give_the_correlation_of_any_beam) {
    // ASKAP, NVSS on 7.5" and 15", an oversampled and an undersampled beam.
    for (const double sigma : {askap_sigma_px, 45 / 2.35482 / 7.5, 45 / 2.35482 / 15, 12.0, 0.25}) {
        const auto taps = noise_taps(sigma);
        const auto tap = [&](int i) {
            const auto n = static_cast<std::size_t>(std::abs(i));
            return n < taps.size() ? taps[n] : 0.0;
        };
        const int reach = static_cast<int>(taps.size());
        for (int lag = 0; lag <= static_cast<int>(4 * sigma) + 2; ++lag) {
            double sum = 0;
            for (int i = -reach; i <= reach; ++i) {
                sum += tap(i) * tap(i + lag);
            }
            EXPECT_NEAR(sum, std::exp(-lag * lag / (4 * sigma * sigma)), 1e-5)
                << "sigma " << sigma << " lag " << lag;
        }
    }
}

TEST(Noise, has_the_exact_rms_and_the_correlation_of_the_beam) {
    const ObservationSettings askap;
    EXPECT_NEAR(noise_rms_jy_arcsec2(askap), 8.825e-8, 0.001e-8);
    const auto noise = correlated_noise({0, 0, 2000, 2000}, 9.6, askap, 1, 0, 2);
    double squares = 0;
    double right = 0;
    double above = 0;
    double diagonal = 0;
    double second = 0;
    const std::int64_t n = 1998;
    for (std::int64_t row = 0; row < n; ++row) {
        for (std::int64_t col = 0; col < n; ++col) {
            const auto at = [&](std::int64_t i, std::int64_t j) {
                return static_cast<double>(noise.at(row + i, col + j));
            };
            squares += at(0, 0) * at(0, 0);
            right += at(0, 0) * at(0, 1);
            above += at(0, 0) * at(1, 0);
            diagonal += at(0, 0) * at(1, 1);
            second += at(0, 0) * at(0, 2);
        }
    }
    EXPECT_NEAR(std::sqrt(squares / static_cast<double>(n * n)) / 8.825e-8, 1, 1e-3);
    EXPECT_NEAR(right / squares, 0.279, 0.005);
    EXPECT_NEAR(above / squares, 0.279, 0.005);
    EXPECT_NEAR(diagonal / squares, 0.279 * 0.279, 0.005);
    EXPECT_NEAR(second / squares, 0.006, 0.005);
}

TEST(Noise, of_a_cut_is_the_cut_of_the_noise) {
    const ObservationSettings nvss{45, 0.45e-3};
    const auto whole = correlated_noise({0, 0, 300, 200}, 7.5, nvss, 3, 5, 1);
    const auto cut = correlated_noise({41, 67, 130, 90}, 7.5, nvss, 3, 5, 4);
    for (std::int64_t row = 0; row < cut.rows; ++row) {
        for (std::int64_t col = 0; col < cut.cols; ++col) {
            ASSERT_EQ(cut.at(row, col), whole.at(row + 67, col + 41));
        }
    }
}

TEST(Noise, differs_between_realisations_and_seeds) {
    const ObservationSettings askap;
    const auto noise = correlated_noise({0, 0, 50, 50}, 9.6, askap, 1, 0, 1);
    EXPECT_NE(noise.pixels, correlated_noise({0, 0, 50, 50}, 9.6, askap, 1, 1, 1).pixels);
    EXPECT_NE(noise.pixels, correlated_noise({0, 0, 50, 50}, 9.6, askap, 2, 0, 1).pixels);
}

TEST(Observe, keeps_the_flux_and_widens_a_point_to_the_beam) {
    image::Image sky = image::make_image(101, 90);
    sky.at(50, 45) = 1;
    sky.at(0, 89) = 2;  // half of its beam hangs over the edge
    const double pixel_arcsec = 9.6;
    const auto seen = observe(sky, pixel_arcsec, {45, 0}, 1, 0, 2);
    const double sum = std::accumulate(seen.pixels.begin(), seen.pixels.end(), 0.0);
    EXPECT_NEAR(sum, 3, 1e-5);
    double second_moment = 0;
    for (std::int64_t col = 25; col < 66; ++col) {
        for (std::int64_t row = 30; row < 71; ++row) {
            second_moment += static_cast<double>((col - 45) * (col - 45)) *
                             static_cast<double>(seen.at(row, col));
        }
    }
    EXPECT_NEAR(std::sqrt(second_moment) * pixel_arcsec * 2.35482, 45, 0.01);
}

TEST(Observe, is_sky_seen_by_the_beam_plus_noise_for_any_number_of_threads) {
    image::Image sky = image::make_image(150, 140, 1e-7F);
    const auto seen = observe(sky, 9.6, {}, 4, 2, 1);
    const auto noise = correlated_noise({0, 0, 140, 150}, 9.6, {}, 4, 2, 1);
    for (std::size_t i = 0; i < seen.pixels.size(); ++i) {
        ASSERT_NEAR(seen.pixels[i], 1e-7F + noise.pixels[i], 1e-13F);
    }
    EXPECT_EQ(seen.pixels, observe(sky, 9.6, {}, 4, 2, 4).pixels);
}

TEST(Observe, blanks_stay_as_they_are_and_shine_as_0) {
    // Beam, side lobes and missing baselines all reach farther than the blanks.
    const ObservationSettings telescope{
        .beam_fwhm_arcsec = 30, .sidelobe_level = 0.02, .largest_scale_arcsec = 300};
    image::Image sky = image::make_image(64, 80);
    for (std::size_t i = 0; i < sky.pixels.size(); ++i) {
        sky.pixels[i] = 1e-7F * static_cast<float>(i % 17);
    }
    image::Image zero = sky;
    for (std::int64_t row = 20; row < 30; ++row) {
        for (std::int64_t col = 30; col < 40; ++col) {
            sky.at(row, col) = std::numeric_limits<float>::quiet_NaN();
            zero.at(row, col) = 0;
        }
    }
    const auto image = observe(sky, 10, telescope, 1, 0, 2);
    const auto expected = observe(zero, 10, telescope, 1, 0, 2);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        if (std::isnan(sky.pixels[i])) {
            EXPECT_TRUE(std::isnan(image.pixels[i])) << i;
        } else {
            EXPECT_EQ(image.pixels[i], expected.pixels[i]) << i;
        }
    }
}

TEST(Observe, refuses_a_telescope_that_cannot_be) {
    const image::Image sky = image::make_image(4, 4);
    EXPECT_THROW(observe(sky, 9.6, {0, 1e-5}, 1, 0, 1), base::UsageError);
    EXPECT_THROW(observe(sky, 9.6, {10, -1}, 1, 0, 1), base::UsageError);
    EXPECT_THROW(observe(sky, 9.6, {.sidelobe_level = -0.01}, 1, 0, 1), base::UsageError);
    EXPECT_THROW(observe(sky, 9.6, {.sidelobe_level = 0.2}, 1, 0, 1), base::UsageError);
    EXPECT_THROW(observe(sky, 9.6, {.sidelobe_radius_beams = 0.5}, 1, 0, 1), base::UsageError);
    EXPECT_THROW(observe(sky, 9.6, {.largest_scale_arcsec = 50}, 1, 0, 1), base::UsageError);
    EXPECT_THROW(observe(sky, 9.6, {.largest_scale_arcsec = 1e6}, 1, 0, 1), base::UsageError);
    EXPECT_THROW(observe(sky, 9.6, {.noise_scatter = 1.5}, 1, 0, 1), base::UsageError);
    EXPECT_THROW(observe(sky, 9.6, {.noise_scatter = std::nan("")}, 1, 0, 1), base::UsageError);
    EXPECT_THROW(observe(sky, 0, {}, 1, 0, 1), base::UsageError);
    EXPECT_THROW(observe(sky, std::nan(""), {}, 1, 0, 1), base::UsageError);
}

TEST(SmoothWide, is_a_gaussian_wherever_the_point_stands) {
    for (const double sigma : {4.0, 7.9, 8.1, 21.7}) {
        const std::int64_t n = 2 * static_cast<std::int64_t>(5 * sigma) + 20;
        const double peak = 1 / (2 * std::numbers::pi * sigma * sigma);
        for (std::int64_t phase = 0; phase < 5; ++phase) {
            const std::int64_t x = n / 2 + phase;
            const std::int64_t y = n / 2 - 2 * phase;
            image::Image sky = image::make_image(n - 3, n);
            sky.at(y, x) = 1;
            const auto smooth = smooth_wide(sky, sigma, 2);
            double worst = 0;
            for (std::int64_t row = 0; row < sky.rows; ++row) {
                for (std::int64_t col = 0; col < sky.cols; ++col) {
                    const auto square =
                        static_cast<double>((row - y) * (row - y) + (col - x) * (col - x));
                    const double exact = peak * std::exp(-square / (2 * sigma * sigma));
                    worst = std::max(worst,
                                     std::fabs(static_cast<double>(smooth.at(row, col)) - exact));
                }
            }
            EXPECT_LT(worst / peak, 1e-3) << "sigma " << sigma << " phase " << phase;
        }
    }
}

TEST(SmoothWide, mirrors_the_edge_even_where_it_is_wider_than_the_picture) {
    for (const double sigma : {9.0, 100.0}) {
        image::Image sky = image::make_image(37, 61);
        sky.at(0, 60) = 3;
        const auto smooth = smooth_wide(sky, sigma, 1);
        EXPECT_NEAR(std::accumulate(smooth.pixels.begin(), smooth.pixels.end(), 0.0), 3, 1e-4);
        const auto flat = smooth_wide(image::make_image(37, 61, 2), sigma, 1);
        for (const float value : flat.pixels) {
            ASSERT_NEAR(value, 2, 1e-5);
        }
    }
}

TEST(SideLobes, have_the_depth_and_radius_asked_for_and_keep_peak_and_flux) {
    const double pixel_arcsec = 1;
    const double fwhm_px = 12;
    // The widest Gaussian is tap by tap for the first radius, through the coarse grid after it.
    for (const double radius : {1.1, 1.5, 2.5}) {
        const ObservationSettings lobes{.beam_fwhm_arcsec = fwhm_px,
                                        .noise_jy_beam = 0,
                                        .sidelobe_level = 0.02,
                                        .sidelobe_radius_beams = radius};
        image::Image sky = image::make_image(501, 501);
        sky.at(250, 250) = 1;
        const auto clean = seen_sky(sky, pixel_arcsec, {fwhm_px, 0}, 2);
        const auto dirty = seen_sky(sky, pixel_arcsec, lobes, 2);
        const double sigma_px = fwhm_px / 2.3548200450309493;
        const double peak = 1 / (2 * std::numbers::pi * sigma_px * sigma_px);
        double lowest = 0;
        double highest = 0;
        std::int64_t lowest_at = 0;
        std::int64_t highest_at = 0;
        for (std::int64_t r = 0; r <= 250; ++r) {
            const double lobe = (dirty.at(250, 250 + r) - clean.at(250, 250 + r)) / peak;
            if (lobe < lowest) {
                lowest = lobe;
                lowest_at = r;
            }
            if (lobe > highest) {
                highest = lobe;
                highest_at = r;
            }
        }
        EXPECT_NEAR(dirty.at(250, 250) / clean.at(250, 250), 1, 1e-3) << radius;
        EXPECT_NEAR(lowest, -0.02, 2e-4) << radius;
        EXPECT_NEAR(static_cast<double>(lowest_at), radius * fwhm_px, 1) << radius;
        EXPECT_NEAR(highest, 0.278 * 0.02, 2e-4) << radius;
        EXPECT_NEAR(static_cast<double>(highest_at), 2.563 * radius * fwhm_px, 2) << radius;
        EXPECT_NEAR(std::accumulate(dirty.pixels.begin(), dirty.pixels.end(), 0.0), 1, 1e-3);
    }
}

TEST(SideLobes, follow_their_formula_on_the_pixels_of_the_survey) {
    const ObservationSettings lobes{.noise_jy_beam = 0, .sidelobe_level = 0.02};
    const double peak = 1 / (2 * std::numbers::pi * askap_sigma_px * askap_sigma_px);
    // The first lobe lies where y = cos 40 deg.
    const double radius_px = lobes.sidelobe_radius_beams * 10 / 9.6;
    image::Image sky = image::make_image(41, 41);
    sky.at(20, 20) = 1;
    const auto clean = seen_sky(sky, 9.6, {10, 0}, 1);
    const auto dirty = seen_sky(sky, 9.6, lobes, 1);
    for (std::int64_t row = 0; row < 41; ++row) {
        for (std::int64_t col = 0; col < 41; ++col) {
            const auto square =
                static_cast<double>((row - 20) * (row - 20) + (col - 20) * (col - 20));
            const double y = std::pow(0.766044443, square / (radius_px * radius_px));
            const double expected = 0.02 * (2 * std::pow(y, 4) - 3 * y * y + y) / 0.305703;
            EXPECT_NEAR((dirty.at(row, col) - clean.at(row, col)) / peak, expected, 1e-5);
        }
    }
}

TEST(ShortBaselines, halve_the_wave_of_the_largest_scale_and_take_the_mean) {
    const double pixel_arcsec = 9.6;
    const double scale_px = 120;
    const ObservationSettings missing{.noise_jy_beam = 0,
                                      .largest_scale_arcsec = scale_px * pixel_arcsec};
    for (const double waves_per_scale : {0.5, 1.0, 2.0, 6.0}) {
        // Even about both edges, so that the mirror continues the wave; 7 is the mean.
        image::Image sky = image::make_image(30, 480);
        for (std::int64_t row = 0; row < sky.rows; ++row) {
            for (std::int64_t col = 0; col < sky.cols; ++col) {
                sky.at(row, col) =
                    static_cast<float>(7 + std::cos(2 * std::numbers::pi * waves_per_scale *
                                                    (static_cast<double>(col) + 0.5) / scale_px));
            }
        }
        const auto all = seen_sky(sky, pixel_arcsec, {10, 0}, 1);
        const auto seen = seen_sky(sky, pixel_arcsec, missing, 1);
        const double kept = 1 - std::pow(2, -waves_per_scale * waves_per_scale);
        for (std::size_t i = 0; i < seen.pixels.size(); ++i) {
            ASSERT_NEAR(seen.pixels[i], kept * (all.pixels[i] - 7), 1e-3) << waves_per_scale;
        }
    }
}

TEST(NoiseRmsMap, is_the_factor_on_the_noise_and_a_cut_of_one_plane) {
    const ObservationSettings even{10, 1e-5};
    const ObservationSettings uneven{.noise_scatter = 0.3};
    const image::MapWindow window{500, 20, 150, 100};
    const auto map = noise_rms_map(window, 9.6, uneven, 6, 2, 2);
    const auto noise = correlated_noise(window, 9.6, uneven, 6, 2, 1);
    const auto plain = correlated_noise(window, 9.6, even, 6, 2, 1);
    const double rms = noise_rms_jy_arcsec2(even);
    for (std::size_t i = 0; i < map.pixels.size(); ++i) {
        ASSERT_GT(map.pixels[i], 0);
        ASSERT_NEAR(noise.pixels[i] / rms, plain.pixels[i] / rms * map.pixels[i] / rms, 1e-5);
    }
    const auto cut = noise_rms_map({530, 33, 40, 30}, 9.6, uneven, 6, 2, 1);
    for (std::int64_t row = 0; row < cut.rows; ++row) {
        for (std::int64_t col = 0; col < cut.cols; ++col) {
            ASSERT_EQ(cut.at(row, col), map.at(row + 13, col + 30));
        }
    }
    EXPECT_NE(map.pixels, noise_rms_map(window, 9.6, uneven, 6, 3, 1).pixels);
    EXPECT_NE(map.pixels, noise_rms_map(window, 9.6, uneven, 7, 2, 1).pixels);
    const auto flat = noise_rms_map(window, 9.6, even, 6, 2, 1);
    EXPECT_EQ(flat.pixels, image::make_image(100, 150, static_cast<float>(rms)).pixels);
}

TEST(NoiseRmsMap, scatters_as_asked_for_and_is_smooth) {
    const ObservationSettings uneven{.noise_scatter = 0.2};
    // Fields of 5 degrees on coarse pixels; a beam must not be undersampled for a map of the rms.
    double sum = 0;
    double squares = 0;
    double steepest = 0;
    double n = 0;
    const double pixel_arcsec = 300;
    for (std::uint64_t realisation = 0; realisation < 300; ++realisation) {
        const auto map = noise_rms_map({0, 0, 60, 60}, pixel_arcsec, uneven, 1, realisation, 1);
        for (std::int64_t row = 0; row < map.rows; ++row) {
            for (std::int64_t col = 1; col < map.cols; ++col) {
                const double log_factor =
                    std::log(static_cast<double>(map.at(row, col)) / noise_rms_jy_arcsec2(uneven));
                sum += log_factor;
                squares += log_factor * log_factor;
                steepest = std::max(steepest,
                                    std::fabs(std::log(static_cast<double>(map.at(row, col)) /
                                                       static_cast<double>(map.at(row, col - 1)))));
                ++n;
            }
        }
    }
    EXPECT_NEAR(sum / n, 0, 0.02);
    EXPECT_NEAR(std::sqrt(squares / n), 0.2, 0.02);
    // All eight waves at their shortest and steepest at once.
    EXPECT_LT(steepest, 0.2 * 4 * 2 * std::numbers::pi * pixel_arcsec / 7200);
}

TEST(Observe, with_all_options_is_the_same_for_any_number_of_threads) {
    const ObservationSettings all{.sidelobe_level = 0.02,
                                  .sidelobe_radius_beams = 2,
                                  .largest_scale_arcsec = 900,
                                  .noise_scatter = 0.2};
    const auto sky = correlated_noise({0, 0, 190, 230}, 9.6, {}, 9, 9, 1);
    const auto seen = observe(sky, 9.6, all, 4, 2, 1);
    EXPECT_EQ(seen.pixels, observe(sky, 9.6, all, 4, 2, 2).pixels);
    EXPECT_EQ(seen.pixels, observe(sky, 9.6, all, 4, 2, 5).pixels);
    EXPECT_NE(seen.pixels, observe(sky, 9.6, {}, 4, 2, 1).pixels);
}

}  // namespace
}  // namespace faintweb::sky
