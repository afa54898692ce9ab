// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/stretch.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/base/random.h"

namespace faintweb::report {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

TEST(stretch, position_and_value_are_inverse_and_clamped) {
    const Stretch stretch{.low = -2e-7, .high = 1e-4, .softening = 2e-7};
    EXPECT_EQ(stretch.position(-1.0), 0);
    EXPECT_EQ(stretch.position(1.0), 1);
    EXPECT_EQ(stretch.position(static_cast<double>(nan)), 0);
    for (const double t : {0.0, 0.1, 0.5, 0.9, 1.0}) {
        EXPECT_NEAR(stretch.position(stretch.value(t)), t, 1e-12);
    }
    Stretch other{.low = 1e-3, .high = 10, .kind = StretchKind::log};
    EXPECT_NEAR(other.position(0.1), 0.5, 1e-12);
    EXPECT_EQ(other.position(-1), 0);
    EXPECT_EQ(other.position(0), 0);
    EXPECT_EQ(other.position(1e3), 1);
    EXPECT_NEAR(other.value(0.25), 1e-2, 1e-12);
    other.kind = StretchKind::linear;
    EXPECT_NEAR(other.position(5.0005), 0.5, 1e-12);
    EXPECT_NEAR(other.value(0.5), 5.0005, 1e-12);
    EXPECT_EQ(other.position(static_cast<double>(nan)), 0);
}

TEST(stretch, goes_by_name_and_names_the_choices) {
    EXPECT_EQ(stretch_from_name("log"), StretchKind::log);
    EXPECT_EQ(stretch_from_name("asinh"), StretchKind::asinh);
    EXPECT_EQ(stretch_from_name("linear"), StretchKind::linear);
    try {
        stretch_from_name("sqrt");
        FAIL();
    } catch (const base::UsageError& error) {
        EXPECT_STREQ(error.what(), "stretch 'sqrt' is not known, choose linear, asinh or log");
    }
}

TEST(stretch, shows_the_noise_dark_and_the_peak_bright) {
    image::Image image = image::make_image(300, 300);
    base::RandomStream random(5, base::Purpose::test);
    for (float& pixel : image.pixels) {
        pixel = 1e-7F * static_cast<float>(random.normal());
    }
    image.at(20, 20) = 1e-4F;
    image.at(21, 20) = nan;
    const Stretch stretch = choose_stretch(image);
    EXPECT_EQ(stretch.position(1e-4), 1);
    EXPECT_NEAR(stretch.low, -2e-7, 0.1e-7);
    EXPECT_GT(stretch.position(0), 0.05);
    EXPECT_LT(stretch.position(0), 0.25);
    EXPECT_GT(stretch.position(3e-7) - stretch.position(0), 0.08) << "3 sigma must stand out";
}

TEST(stretch, of_an_image_without_negative_pixels_is_logarithmic) {
    image::Image image = image::make_image(300, 300);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        // From 1e-3 to 1, as many pixels in each decade.
        image.pixels[i] =
            static_cast<float>(std::pow(10.0, -3 + 3.0 * static_cast<double>(i) / 90'000.0));
    }
    image.at(0, 0) = 1e-9F;  // one odd pixel at each end
    image.at(0, 1) = 1e9F;
    image.at(0, 2) = nan;
    const Stretch stretch = choose_stretch(image);
    EXPECT_EQ(stretch.kind, StretchKind::log);
    EXPECT_NEAR(stretch.low, 1e-3, 1e-5);
    EXPECT_NEAR(stretch.high, 1, 1e-2);
    EXPECT_NEAR(choose_stretch(image, std::nullopt, 0.1).low, 0.1, 1e-12) << "the floor";
    EXPECT_NEAR(choose_stretch(image, std::nullopt, 50).low, 1e-3, 1e-5) << "all is below it";
    EXPECT_EQ(choose_stretch(image, StretchKind::asinh).kind, StretchKind::asinh);
    image.at(0, 0) = -1e-9F;
    EXPECT_EQ(choose_stretch(image).kind, StretchKind::asinh);
    EXPECT_EQ(choose_stretch(image, StretchKind::log).kind, StretchKind::log);
}

TEST(stretch, of_a_sky_with_empty_pixels_shows_seven_decades) {
    image::Image image = image::make_image(100, 100);
    image.at(1, 1) = 1e-3F;
    const Stretch stretch = choose_stretch(image);
    EXPECT_EQ(stretch.kind, StretchKind::log);
    EXPECT_NEAR(stretch.high / stretch.low, 1e7, 1);
}

TEST(stretch, that_is_linear_ends_at_the_bright_pixels) {
    image::Image image = image::make_image(300, 300);
    base::RandomStream random(5, base::Purpose::test);
    for (float& pixel : image.pixels) {
        pixel = 1e-7F * static_cast<float>(random.normal());
    }
    const Stretch stretch = choose_stretch(image, StretchKind::linear);
    EXPECT_EQ(stretch.kind, StretchKind::linear);
    EXPECT_NEAR(stretch.low, -2e-7, 0.1e-7);
    EXPECT_GT(stretch.high, 3e-7);
    EXPECT_LT(stretch.high, 5e-7);
}

TEST(stretch, of_an_image_without_negative_ones_in_asinh_shows_five_decades) {
    image::Image image = image::make_image(100, 100);
    image.at(1, 1) = 1e-3F;
    const Stretch stretch = choose_stretch(image, StretchKind::asinh);
    EXPECT_GT(stretch.position(1e-7), stretch.position(0) + 0.1);
}

TEST(stretch, is_valid_for_any_image) {
    for (const float value :
         {nan, 0.0F, 1.0F, -3.0F, 1e38F, -1e38F, 1e-45F, std::numeric_limits<float>::infinity()}) {
        image::Image image = image::make_image(3, 3, value);
        for (const float other : {value, 0.0F, -1e38F}) {
            image.at(1, 1) = other;
            for (const auto kind :
                 {std::optional<StretchKind>(), std::optional(StretchKind::linear),
                  std::optional(StretchKind::asinh), std::optional(StretchKind::log)}) {
                const Stretch stretch = choose_stretch(image, kind);
                EXPECT_GT(stretch.high, stretch.low) << value << ' ' << other;
                EXPECT_GT(stretch.softening, 0) << value << ' ' << other;
                EXPECT_TRUE(stretch.kind != StretchKind::log || stretch.low > 0);
                EXPECT_TRUE(std::isfinite(stretch.position(0))) << value << ' ' << other;
                EXPECT_TRUE(std::isfinite(stretch.position(static_cast<double>(value))));
                for (const double tick : colour_bar_ticks(stretch, 0.02)) {
                    EXPECT_TRUE(std::isfinite(tick));
                }
            }
        }
    }
    EXPECT_GT(choose_stretch(image::make_image(0, 0)).high, 0);
}

TEST(stretch, ticks_are_round_ascending_and_apart) {
    const Stretch stretch{.low = -2e-7, .high = 1e-4, .softening = 2e-7};
    const auto ticks = colour_bar_ticks(stretch, 0.05);
    ASSERT_GE(ticks.size(), 5U);
    bool has_zero = false;
    for (std::size_t i = 0; i < ticks.size(); ++i) {
        if (ticks[i] == 0) {
            has_zero = true;
        } else {
            const double size = std::abs(ticks[i]);
            const double lead = size / std::pow(10, std::floor(std::log10(size * (1 + 1e-9))));
            EXPECT_NEAR((lead - 1) * (lead - 2) * (lead - 5), 0, 1e-6) << ticks[i];
        }
        if (i > 0) {
            EXPECT_GE(stretch.position(ticks[i]) - stretch.position(ticks[i - 1]), 0.05 - 1e-9);
        }
    }
    EXPECT_TRUE(has_zero);
}

}  // namespace
}  // namespace faintweb::report
