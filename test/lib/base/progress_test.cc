// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/progress.h"

#include <gtest/gtest.h>

namespace faintweb::base {
namespace {

TEST(DurationText, PicksTheUnit) {
    EXPECT_EQ(duration_text(0.4), "0 s");
    EXPECT_EQ(duration_text(59.4), "59 s");
    EXPECT_EQ(duration_text(250), "4 min 10 s");
    EXPECT_EQ(duration_text(7500), "2 h 5 min");
    EXPECT_EQ(duration_text(-3), "0 s");
}

}  // namespace
}  // namespace faintweb::base
