// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/half.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::learn {
namespace {

float there_and_back(float value) {
    const std::vector<std::uint16_t> half{to_half(value)};
    std::vector<float> back(1);
    from_half(half, back);
    return back[0];
}

TEST(Half, IsWithinHalfAStep) {
    base::RandomStream stream(1, base::Purpose::test);
    for (int i = 0; i < 1000; ++i) {
        const auto value = static_cast<float>(20 * stream.normal());
        const float back = there_and_back(value);
        EXPECT_LE(std::fabs(back - value), std::fabs(value) * 0x1p-11F);
        EXPECT_EQ(there_and_back(back), back);
    }
    for (const float exact : {0.0F, 1.0F, -0.5F, 1023.0F, 65504.0F, 0x1p-24F}) {
        EXPECT_EQ(there_and_back(exact), exact);
    }
    EXPECT_EQ(to_half(1), 0x3c00);
    EXPECT_EQ(there_and_back(1e30F), 65504);
    EXPECT_EQ(there_and_back(-1e30F), -65504);
}

}  // namespace
}  // namespace faintweb::learn
