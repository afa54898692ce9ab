// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/fast_math.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace faintweb::base {
namespace {

TEST(FastMath, log2_agrees_with_the_library) {
    for (double x = 1e-30; x < 1e30; x *= 1.0037) {
        const auto f = static_cast<float>(x);
        const double exact = std::log2(static_cast<double>(f));
        ASSERT_NEAR(static_cast<double>(fast_log2(f)), exact, 4e-7 + 2e-7 * std::fabs(exact)) << x;
    }
}

TEST(FastMath, exp2_agrees_with_the_library) {
    for (double x = -120; x < 120; x += 0.0173) {
        const auto f = static_cast<float>(x);
        const double exact = std::exp2(static_cast<double>(f));
        ASSERT_NEAR(static_cast<double>(fast_exp2(f)) / exact, 1, 1e-6) << x;
    }
    EXPECT_GT(fast_exp2(-1000), 0.0F);
    EXPECT_LT(fast_exp2(1000), INFINITY);
}

TEST(FastMath, sine_agrees_with_the_library) {
    for (double t = -0.75; t <= 0.75; t += 0.00093) {
        const auto f = static_cast<float>(t);
        ASSERT_NEAR(static_cast<double>(fast_sin_turns(f)),
                    std::sin(2 * std::numbers::pi * static_cast<double>(f)), 2e-6)
            << t;
    }
}

TEST(FastMath, unit_interval_is_open) {
    EXPECT_GT(unit_interval(0), 0.0F);
    EXPECT_LT(unit_interval(0xffffffffU), 1.0F);
    EXPECT_NEAR(unit_interval(0x80000000U), 0.5F, 1e-6F);
}

}  // namespace
}  // namespace faintweb::base
