// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/sampling.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

namespace faintweb::learn {
namespace {

using Ids = std::vector<std::uint64_t>;

Ids ids(std::uint64_t first, std::size_t n) {
    Ids result(n);
    std::iota(result.begin(), result.end(), first);
    return result;
}

Ids noise_of(const Ids& samples) {
    Ids noise;
    std::copy_if(samples.begin(), samples.end(), std::back_inserter(noise),
                 [](std::uint64_t id) { return id >= 1000; });
    return noise;
}

TEST(EpochSamples, HaveEverySignalTileOnceAndAsMuchNoise) {
    const Ids samples = epoch_samples(7, 3, ids(0, 50), ids(1000, 400), 1.5);
    EXPECT_EQ(samples.size(), 50U + 75U);
    const std::set<std::uint64_t> distinct(samples.begin(), samples.end());
    EXPECT_EQ(distinct.size(), samples.size());
    for (const std::uint64_t id : ids(0, 50)) {
        EXPECT_TRUE(distinct.contains(id)) << id;
    }
    EXPECT_LT(*distinct.rbegin(), 1400U);
}

TEST(EpochSamples, MixSignalAndNoise) {
    const Ids samples = epoch_samples(7, 3, ids(0, 200), ids(1000, 4000), 1);
    const auto n_signal_first_half = std::count_if(samples.begin(), samples.begin() + 200,
                                                   [](std::uint64_t id) { return id < 1000; });
    // Hypergeometric: mean 100, standard deviation 5.
    EXPECT_GT(n_signal_first_half, 70);
    EXPECT_LT(n_signal_first_half, 130);
}

TEST(EpochSamples, ArePureAndDifferByEpochAndSeed) {
    const Ids signal = ids(0, 50);
    const Ids noise = ids(1000, 400);
    const Ids samples = epoch_samples(7, 3, signal, noise, 1);
    EXPECT_EQ(samples, epoch_samples(7, 3, signal, noise, 1));
    Ids next_noise = noise_of(epoch_samples(7, 4, signal, noise, 1));
    Ids noise_now = noise_of(samples);
    std::sort(next_noise.begin(), next_noise.end());
    std::sort(noise_now.begin(), noise_now.end());
    EXPECT_NE(noise_now, next_noise);
    EXPECT_NE(samples, epoch_samples(8, 3, signal, noise, 1));
}

TEST(EpochSamples, TakeAllNoiseWhereThereIsTooLittle) {
    EXPECT_EQ(epoch_samples(1, 0, ids(0, 50), ids(1000, 20), 1).size(), 70U);
    EXPECT_EQ(epoch_samples(1, 0, ids(0, 50), {}, 1).size(), 50U);
    EXPECT_EQ(epoch_samples(1, 0, ids(0, 50), ids(1000, 20), 0).size(), 50U);
    EXPECT_TRUE(epoch_samples(1, 0, {}, ids(1000, 20), 1).empty());
}

TEST(BatchPart, CoversTheBatchOnceInOrder) {
    for (const std::int64_t n : {0, 1, 3, 4, 99, 100}) {
        for (const int n_parts : {1, 2, 3, 7}) {
            std::int64_t next = 0;
            for (int part = 0; part < n_parts; ++part) {
                const BatchPart piece = batch_part(n, part, n_parts);
                EXPECT_EQ(piece.first, next);
                EXPECT_GE(piece.n, n / n_parts);
                EXPECT_LE(piece.n, n / n_parts + 1);
                next += piece.n;
            }
            EXPECT_EQ(next, n);
        }
    }
}

TEST(BatchPart, BeginsAtAGrain) {
    for (const std::int64_t n : {0, 1, 5, 24, 37, 100}) {
        for (const int n_parts : {1, 2, 4}) {
            std::int64_t next = 0;
            for (int part = 0; part < n_parts; ++part) {
                const BatchPart piece = batch_part(n, part, n_parts, 25);
                EXPECT_EQ(piece.first, next);
                EXPECT_TRUE(piece.first % 25 == 0 || piece.n == 0);
                EXPECT_LE(piece.n, 25 * ((4 + n_parts - 1) / n_parts));
                next += piece.n;
            }
            EXPECT_EQ(next, n);
        }
    }
}

TEST(sampling, a_limited_training_has_a_keyed_choice_of_tiles) {
    std::vector<std::uint64_t> ids;
    for (std::uint64_t i = 0; i < 100; ++i) {
        ids.push_back(7 * i);
    }
    EXPECT_EQ(choose_tiles(1, ids, 100), ids);
    EXPECT_EQ(choose_tiles(1, ids, 1000), ids);
    EXPECT_TRUE(choose_tiles(1, ids, 0).empty());
    const auto chosen = choose_tiles(1, ids, 40);
    EXPECT_EQ(std::set<std::uint64_t>(chosen.begin(), chosen.end()).size(), 40);
    EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
    EXPECT_TRUE(std::includes(ids.begin(), ids.end(), chosen.begin(), chosen.end()));
    EXPECT_EQ(choose_tiles(1, ids, 40), chosen);
    EXPECT_NE(choose_tiles(2, ids, 40), chosen);
}

}  // namespace
}  // namespace faintweb::learn
