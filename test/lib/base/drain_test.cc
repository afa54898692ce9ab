// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/drain.h"

#include <csignal>

#include <gtest/gtest.h>

namespace faintweb::base {
namespace {

TEST(DrainSignals, RemembersEachSignal) {
    for (const int signal : {SIGUSR1, SIGUSR2, SIGTERM, SIGINT}) {
        const DrainSignals drain;
        EXPECT_FALSE(is_asked_to_stop());
        std::raise(signal);
        EXPECT_TRUE(is_asked_to_stop());
    }
    // USR1 may come many times (a scheduler repeats it).
    const DrainSignals drain;
    std::raise(SIGUSR1);
    std::raise(SIGUSR1);
    EXPECT_TRUE(is_asked_to_stop());
}

TEST(DrainSignals, OneWithinAnotherForgetsNothing) {
    const DrainSignals outer;
    std::raise(SIGUSR1);
    {
        const DrainSignals inner;
        EXPECT_TRUE(is_asked_to_stop());
    }
    EXPECT_TRUE(is_asked_to_stop());
    std::raise(SIGUSR1);  // still caught
}

TEST(DrainSignalsDeathTest, SecondTermEndsTheProcess) {
    EXPECT_EXIT(
        {
            const DrainSignals drain;
            std::raise(SIGTERM);
            std::raise(SIGTERM);
        },
        testing::KilledBySignal(SIGTERM), "");
    EXPECT_EXIT(
        {
            { const DrainSignals drain; }
            std::raise(SIGUSR1);
        },
        testing::KilledBySignal(SIGUSR1), "");
}

}  // namespace
}  // namespace faintweb::base
