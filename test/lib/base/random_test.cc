// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/random.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace faintweb::base {
namespace {

using Words4 = std::array<std::uint32_t, 4>;

// Known answers of Random123 1.09 (kat_vectors, philox4x32 with 10 rounds).
TEST(Philox, KnownAnswers) {
    EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
              (Words4{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    EXPECT_EQ(
        philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
        (Words4{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    EXPECT_EQ(
        philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
        (Words4{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, IsAFunctionOfItsKey) {
    const auto first = [](RandomStream stream) { return stream.next_uint32(); };
    const RandomStream stream(1, Purpose::noise, 2, 3);
    EXPECT_EQ(first(stream), first(RandomStream(1, Purpose::noise, 2, 3)));
    const std::set<std::uint32_t> others{
        first(stream), first(RandomStream(2, Purpose::noise, 2, 3)),
        first(RandomStream(1, Purpose::dropout, 2, 3)),
        first(RandomStream(1, Purpose::noise, 3, 3)), first(RandomStream(1, Purpose::noise, 2, 4))};
    EXPECT_EQ(others.size(), 5U);
}

TEST(RandomStream, UniformStaysInside) {
    RandomStream stream(7, Purpose::test);
    double sum = 0;
    constexpr int n = 100000;
    for (int i = 0; i < n; ++i) {
        const float value = stream.uniform();
        ASSERT_GT(value, 0.0F);
        ASSERT_LT(value, 1.0F);
        sum += static_cast<double>(value);
    }
    EXPECT_NEAR(sum / n, 0.5, 5 * std::sqrt(1.0 / 12 / n));
}

TEST(RandomStream, BelowIsInRangeAndEven) {
    RandomStream stream(7, Purpose::test);
    std::array<int, 5> counts{};
    constexpr int n = 50000;
    for (int i = 0; i < n; ++i) {
        ++counts.at(stream.below(5));
    }
    for (const int count : counts) {
        EXPECT_NEAR(count, n / 5, 5 * std::sqrt(n / 5.0));
    }
    EXPECT_EQ(stream.below(1), 0U);
}

class PoissonTest : public testing::TestWithParam<double> {};

TEST_P(PoissonTest, HasItsMeanAndVariance) {
    RandomStream stream(11, Purpose::test);
    const double mean = GetParam();
    constexpr int n = 40000;
    double sum = 0;
    double sum_squares = 0;
    for (int i = 0; i < n; ++i) {
        const auto value = static_cast<double>(stream.poisson(mean));
        sum += value;
        sum_squares += value * value;
    }
    const double found = sum / n;
    EXPECT_NEAR(found, mean, 5 * std::sqrt(mean / n) + 1e-12);
    EXPECT_NEAR(sum_squares / n - found * found, mean,
                5 * std::sqrt((mean + 2 * mean * mean) / n) + 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Means,
                         PoissonTest,
                         testing::Values(0.0, 0.3, 5.0, 29.9, 30.1, 400.0, 1e5));

TEST(FillNormal, IsTheSameForEveryCut) {
    std::vector<float> whole(1003);
    fill_normal(3, Purpose::noise, 17, 0, whole.size(), whole.data());
    for (const auto& [first, n] :
         {std::pair{0U, 1U}, {1U, 5U}, {2U, 1U}, {3U, 998U}, {1002U, 1U}}) {
        std::vector<float> part(n);
        fill_normal(3, Purpose::noise, 17, first, n, part.data());
        EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + first)) << first;
    }
}

TEST(FillNormal, IsUnitNormal) {
    std::vector<float> values(1000000);
    fill_normal(5, Purpose::noise, 0, 0, values.size(), values.data());
    double sum = 0;
    double squares = 0;
    double fourths = 0;
    double largest = 0;
    for (const float value : values) {
        const auto v = static_cast<double>(value);
        sum += v;
        squares += v * v;
        fourths += v * v * v * v;
        largest = std::max(largest, std::fabs(v));
    }
    const auto n = static_cast<double>(values.size());
    EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
    EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2 / n));
    EXPECT_NEAR(fourths / n, 3, 5 * std::sqrt(96 / n));
    EXPECT_GT(largest, 4.0);
    EXPECT_LT(largest, 6.8);
}

TEST(Permutation, HoldsEachOnceAndDependsOnItsKey) {
    const std::vector<std::uint64_t> order = permutation(1, 2, 1000);
    EXPECT_EQ(std::set<std::uint64_t>(order.begin(), order.end()).size(), 1000U);
    EXPECT_EQ(order, permutation(1, 2, 1000));
    EXPECT_NE(order, permutation(1, 3, 1000));
    EXPECT_NE(order, permutation(2, 2, 1000));
    EXPECT_TRUE(permutation(1, 2, 0).empty());
}

}  // namespace
}  // namespace faintweb::base
