// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/colour_map.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace faintweb::report {
namespace {

/// CIE lightness L* of an sRGB colour.
double lightness(const Colour& colour) {
    const auto linear = [](double c) {
        return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    };
    const double y =
        0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue);
    return y > 0.008856 ? 116 * std::cbrt(y) - 16 : 903.3 * y;
}

TEST(colour_map, lightness_grows_evenly_from_black_to_nearly_white) {
    EXPECT_LT(lightness(inferno(0)), 1);
    EXPECT_GT(lightness(inferno(1)), 97);
    for (int i = 0; i < 100; ++i) {
        const double step = lightness(inferno((i + 1) / 100.0)) - lightness(inferno(i / 100.0));
        EXPECT_GT(step, 0.4) << i;
        EXPECT_LT(step, 1.7) << i;
    }
}

TEST(colour_map, is_clamped) {
    const auto green = [](double t) { return inferno(t).green; };
    EXPECT_EQ(green(-1), green(0));
    EXPECT_EQ(green(7), green(1));
    EXPECT_EQ(green(std::numeric_limits<double>::quiet_NaN()), green(0));
    EXPECT_EQ(green(std::numeric_limits<double>::infinity()), green(1));
}

}  // namespace
}  // namespace faintweb::report
