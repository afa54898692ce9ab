// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/observe/source_counts.h"

#include <cmath>
#include <numbers>
#include <utility>

#include <gtest/gtest.h>

namespace faintweb::sky {
namespace {

constexpr double sr_per_deg2 = std::numbers::pi * std::numbers::pi / (180.0 * 180.0);

double per_deg2(const SourceCounts& counts, double from_jy) {
    return sr_per_deg2 * counts.between(from_jy, counts.brightest_jy);
}

TEST(SourceCounts, integrals_are_those_of_the_papers_fits) {
    // Integrated apart from this code, with steps of 5e-4 in ln S.
    for (const auto& [flux_jy, n] :
         {std::pair{5e-5, 2089.5}, std::pair{1e-4, 981.2}, std::pair{1e-3, 88.49},
          std::pair{1e-2, 16.604}, std::pair{1e-1, 1.9460}}) {
        EXPECT_NEAR(per_deg2(counts_at_1400_mhz(), flux_jy), n, 1e-3 * n) << flux_jy;
    }
    for (const auto& [flux_jy, n] :
         {std::pair{2e-4, 3219.7}, std::pair{1e-3, 336.21}, std::pair{1e-2, 42.049},
          std::pair{1e-1, 8.2979}, std::pair{1.0, 0.72623}}) {
        EXPECT_NEAR(per_deg2(counts_at_150_mhz(), flux_jy), n, 1e-3 * n) << flux_jy;
    }
}

TEST(SourceCounts, goes_on_below_the_fits_as_a_power_law_without_a_step) {
    const SourceCounts& counts = counts_at_1400_mhz();
    // 1.3 Jy^1.5/sr at 10 uJy is what fluctuations at 3 GHz give (Condon et al. 2012).
    EXPECT_NEAR(counts.differential(1e-5) * std::pow(1e-5, 2.5), 1.30, 0.01);
    EXPECT_NEAR(per_deg2(counts, 1e-5), 11162, 30);
    for (const SourceCounts& of : {counts, counts_at_150_mhz()}) {
        EXPECT_NEAR(of.differential(0.98 * of.faintest_jy) / of.differential(of.faintest_jy),
                    std::pow(0.98, -2.17), 1e-9);
    }
}

TEST(SourceCounts, nearest_in_frequency) {
    EXPECT_EQ(counts_near(1.4e9).frequency_hz, 1.4e9);
    EXPECT_EQ(counts_near(8.9e8).frequency_hz, 1.4e9);
    EXPECT_EQ(counts_near(1.44e8).frequency_hz, 1.5e8);
}

}  // namespace
}  // namespace faintweb::sky
