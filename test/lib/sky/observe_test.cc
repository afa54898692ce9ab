#include "lib/sky/observe.h"

#include <cmath>
#include <cstddef>
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

TEST(Observe, refuses_a_telescope_that_cannot_be) {
    const image::Image sky = image::make_image(4, 4);
    EXPECT_THROW(observe(sky, 9.6, {0, 1e-5}, 1, 0, 1), base::UsageError);
    EXPECT_THROW(observe(sky, 9.6, {10, -1}, 1, 0, 1), base::UsageError);
    EXPECT_THROW(observe(sky, 0, {}, 1, 0, 1), base::UsageError);
    EXPECT_THROW(observe(sky, std::nan(""), {}, 1, 0, 1), base::UsageError);
}

}  // namespace
}  // namespace faintweb::sky
