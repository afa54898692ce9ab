// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/lightcone/coded_map.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::sky {
namespace {

/// Values over `decades` below 1e-5, every fifth pixel zero.
image::Image wide_map(std::int64_t n, double decades) {
    image::Image map = image::make_image(n, n);
    base::RandomStream random(1, base::Purpose::test);
    for (std::size_t i = 0; i < map.pixels.size(); ++i) {
        const double value = 1e-5 * std::pow(10.0, -decades * random.uniform_double());
        map.pixels[i] = i % 5 == 0 ? 0.0F : static_cast<float>(value);
    }
    return map;
}

TEST(CodedMap, keeps_eleven_decades_to_2e_4_and_zero_exactly) {
    const image::Image map = wide_map(200, 11);
    const image::Image back = decode(encode(map, 1), 1);
    ASSERT_EQ(back.pixels.size(), map.pixels.size());
    for (std::size_t i = 0; i < map.pixels.size(); ++i) {
        if (map.pixels[i] == 0) {
            ASSERT_EQ(back.pixels[i], 0);
        } else {
            ASSERT_NEAR(back.pixels[i] / map.pixels[i], 1, 2.2e-4);
        }
    }
}

TEST(CodedMap, what_was_decoded_is_coded_the_same_again) {
    const CodedMap once = encode(wide_map(200, 12.5), 1);
    const CodedMap twice = encode(decode(once, 1), 1);
    EXPECT_EQ(once.codes, twice.codes);
    EXPECT_NEAR(once.low / twice.low, 1, 1e-6);
}

TEST(CodedMap, uses_the_range_of_its_own_map) {
    const image::Image map = wide_map(64, 3);
    const CodedMap coded = encode(map, 1);
    const auto brightest = std::max_element(map.pixels.begin(), map.pixels.end());
    EXPECT_EQ(coded.codes[static_cast<std::size_t>(brightest - map.pixels.begin())], 65535);
    EXPECT_DOUBLE_EQ(coded.low, *brightest * 1e-12);
}

TEST(CodedMap, values_below_the_lowest_code_are_dropped) {
    image::Image map = image::make_image(2, 2);
    map.pixels = {1e-5F, 0.9e-17F, 1.1e-17F, 0};
    // ln(1.1) is 226.05 steps of ln(1e12) / 65534.
    EXPECT_EQ(encode(map, 1).codes, (std::vector<std::uint16_t>{65535, 0, 227, 0}));
    map.pixels = {1e-10F, 0.9e-18F, 1.1e-18F, 0};
    const CodedMap faint = encode(map, 1);
    EXPECT_EQ(faint.low, 1e-18);
    EXPECT_EQ(faint.codes[1], 0);
    EXPECT_GT(faint.codes[2], 0);
}

TEST(CodedMap, a_map_of_zeros_stays_one) {
    const CodedMap coded = encode(image::make_image(8, 8), 1);
    EXPECT_EQ(coded.codes, std::vector<std::uint16_t>(64, 0));
    EXPECT_EQ(decode(coded, 1).pixels, std::vector<float>(64, 0.0F));
}

TEST(CodedMap, is_the_same_for_any_number_of_threads) {
    const image::Image map = wide_map(150, 11);
    const CodedMap coded = encode(map, 1);
    const image::Image decoded = decode(coded, 1);
    for (const int n_threads : {2, 3}) {
        EXPECT_EQ(encode(map, n_threads).codes, coded.codes);
        EXPECT_EQ(decode(coded, n_threads).pixels, decoded.pixels);
    }
}

}  // namespace
}  // namespace faintweb::sky
