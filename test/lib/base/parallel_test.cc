// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/parallel.h"

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace faintweb::base {
namespace {

TEST(ParallelFor, CallsEachOnce) {
    for (const int n_threads : {1, 2, 7}) {
        for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{1000}}) {
            std::vector<std::atomic<int>> n_calls(n);
            parallel_for(n_threads, n, [&](std::size_t i) { ++n_calls[i]; });
            for (const auto& calls : n_calls) {
                EXPECT_EQ(calls, 1);
            }
        }
    }
}

TEST(ParallelFor, RethrowsAndStops) {
    std::atomic<int> n_calls{0};
    EXPECT_THROW(parallel_for(2, 100000,
                              [&](std::size_t) {
                                  ++n_calls;
                                  throw std::runtime_error("no");
                              }),
                 std::runtime_error);
    EXPECT_LE(n_calls, 2);
}

TEST(AvailableCores, IsAtLeastOne) {
    EXPECT_GE(n_available_cores(), 1);
}

}  // namespace
}  // namespace faintweb::base
