// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/smoothing.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/base/units.h"

namespace faintweb::image {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// The slow reference: the weighted mean over all valid pixels, with the weight written out in 2-D.
image::Image slow_smooth(const image::Image& image, double fwhm_px) {
    const double sigma_px = fwhm_px / base::fwhm_per_sigma;
    const auto reach = static_cast<std::int64_t>(std::ceil(4 * sigma_px));
    image::Image out = image;
    for (std::int64_t y = 0; y < image.rows; ++y) {
        for (std::int64_t x = 0; x < image.cols; ++x) {
            double sum = 0;
            double weights = 0;
            for (std::int64_t v = std::max<std::int64_t>(0, y - reach);
                 v <= std::min(image.rows - 1, y + reach); ++v) {
                for (std::int64_t u = std::max<std::int64_t>(0, x - reach);
                     u <= std::min(image.cols - 1, x + reach); ++u) {
                    if (std::isfinite(image.at(v, u))) {
                        const auto r2 = static_cast<double>((v - y) * (v - y) + (u - x) * (u - x));
                        const double weight = std::exp(-r2 / (2 * sigma_px * sigma_px));
                        sum += weight * static_cast<double>(image.at(v, u));
                        weights += weight;
                    }
                }
            }
            out.at(y, x) = std::isfinite(image.at(y, x)) ? static_cast<float>(sum / weights) : nan;
        }
    }
    return out;
}

TEST(smoothing, agrees_with_the_slow_reference_with_and_without_blanks) {
    base::RandomStream random(3, base::Purpose::test);
    for (const unsigned blanks_of_10 : {0U, 3U}) {
        for (const double fwhm_px : {0.5, 2.0, 6.25}) {
            image::Image image = image::make_image(31, 18);
            for (float& pixel : image.pixels) {
                pixel = random.below(10) < blanks_of_10 ? nan : static_cast<float>(random.normal());
            }
            const image::Image fast = smooth(image, fwhm_px);
            const image::Image slow = slow_smooth(image, fwhm_px);
            for (std::size_t i = 0; i < fast.pixels.size(); ++i) {
                if (std::isnan(slow.pixels[i])) {
                    EXPECT_TRUE(std::isnan(fast.pixels[i]));
                } else {
                    EXPECT_NEAR(fast.pixels[i], slow.pixels[i], 2e-6F);
                }
            }
        }
    }
}

TEST(smoothing, of_nothing_keeps_the_image) {
    const image::Image image = image::make_image(2, 3, 5.0F);
    EXPECT_EQ(smooth(image, 0).pixels, image.pixels);
    EXPECT_TRUE(smooth(image::make_image(0, 0), 3).pixels.empty());
}

TEST(smoothing, of_an_image_far_smaller_than_the_kernel_is_nearly_its_mean) {
    image::Image image = image::make_image(1, 3);
    image.pixels = {0.0F, 3.0F, 6.0F};
    for (const float value : smooth(image, 300).pixels) {
        EXPECT_NEAR(value, 3.0F, 1e-3F);
    }
}

}  // namespace
}  // namespace faintweb::image
