// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/tile_exchange.h"

#include <algorithm>
#include <concepts>

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/learn/half.h"
#include "lib/learn/sampling.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::comm {
namespace {

using test::world;

constexpr std::int64_t n_values = 9;

SampleId sample_id(std::integral auto field, std::integral auto tile) {
    return make_sample_id(catalogue::FieldId(field), tile::TileId(tile));
}

/// Fields 0..n-1 of 20 tiles each, field f on rank (f + shift) % size: as timing might deal them.
/// Every number of a sample is 100 field + tile; tiles divisible by 4 are signal
/// under two of eight label rules.
Shard deal(std::int64_t n_fields, int shift, std::size_t max_bytes = 1'000'000) {
    Shard shard{{}, {}, learn::SampleStore(n_values, max_bytes, testing::TempDir())};
    for (std::int64_t field = n_fields - 1; field >= 0; --field) {
        if ((field + shift) % world().size() != world().rank()) {
            continue;
        }
        for (std::int64_t tile = 0; tile < 20; ++tile) {
            shard.ids.push_back(sample_id(field, tile));
            shard.labels.push_back(tile % 4 == 0 ? 0x82 : 0);
            shard.samples.add(std::vector<float>(n_values, static_cast<float>(100 * field + tile)));
        }
    }
    return shard;
}

TEST(TileDirectory, DoesNotDependOnWhoHoldsWhat) {
    for (const int shift : {0, 1}) {
        const Shard shard = deal(5, shift);
        const TileDirectory directory(world(), shard);
        ASSERT_EQ(directory.signal_ids().size(), 25U);
        ASSERT_EQ(directory.noise_ids().size(), 75U);
        EXPECT_TRUE(std::is_sorted(directory.signal_ids().begin(), directory.signal_ids().end()));
        EXPECT_EQ(directory.signal_ids()[5], sample_id(1, 0));
        EXPECT_EQ(directory.noise_ids()[0], sample_id(0, 1));
        EXPECT_EQ(directory.owner(sample_id(3, 7)), (3 + shift) % world().size());
        if (directory.owner(sample_id(3, 7)) == world().rank()) {
            EXPECT_EQ(shard.ids[directory.place(sample_id(3, 7))], sample_id(3, 7));
        }
        EXPECT_EQ(directory.labels(sample_id(4, 16)), 0x82);
        EXPECT_EQ(directory.labels(sample_id(4, 17)), 0);
    }
}

/// The epoch of all tiles of seven fields, mixed.
std::vector<SampleId> mixed_order() {
    std::vector<SampleId> order;
    for (const std::uint64_t i : base::permutation(1, 0, 140)) {
        order.push_back(sample_id(i / 20, i % 20));
    }
    return order;
}

TEST(EpochSamples, BringEachRankItsSliceOfEachBatch) {
    const std::vector<SampleId> order = mixed_order();
    for (const std::size_t max_bytes : {0U, 300U, 1'000'000U}) {
        const Shard shard = deal(7, 1, max_bytes);
        const TileDirectory directory(world(), shard);
        for (const std::size_t batch : {1U, 12U, 50U, 140U, 1000U}) {
            for (const std::size_t chunk_bytes : {0U, 250U, 1'000'000U}) {
                const std::int64_t grain = batch == 12 ? 5 : 1;
                std::vector<SampleId> seen;
                EpochSamples tiles(world(), shard, directory, order, batch, grain, chunk_bytes, 0);
                std::size_t start = 0;
                for (; tiles.has_next(); start += batch) {
                    const EpochSamples::Part part = tiles.next();
                    const std::size_t n = std::min(batch, order.size() - start);
                    ASSERT_EQ(part.n_global, n);
                    const auto slice = learn::batch_part(static_cast<std::int64_t>(n),
                                                         world().rank(), world().size(), grain);
                    ASSERT_EQ(part.ids.size(), static_cast<std::size_t>(slice.n));
                    ASSERT_EQ(part.samples.size(), part.ids.size() * n_values);
                    for (std::size_t i = 0; i < part.ids.size(); ++i) {
                        const SampleId id = part.ids[i];
                        ASSERT_EQ(id, order[start + static_cast<std::size_t>(slice.first) + i]);
                        const std::uint16_t expected = learn::to_half(
                            static_cast<float>(100 * (id >> 32U) + (id & 0xffffffffU)));
                        ASSERT_EQ(part.samples[i * 9], expected);
                        ASSERT_EQ(part.samples[i * 9 + 8], expected);
                    }
                }
                EXPECT_GE(start, order.size());
            }
        }
    }
}

TEST(EpochSamples, BeginWhereTheyAreTold) {
    const Shard shard = deal(7, 1, 0);
    const TileDirectory directory(world(), shard);
    const std::vector<SampleId> order = mixed_order();
    EpochSamples whole(world(), shard, directory, order, 12, 1, 500, 0);
    for (int i = 0; i < 7; ++i) {
        whole.next();
    }
    EpochSamples rest(world(), shard, directory, order, 12, 1, 500, 7);
    while (whole.has_next()) {
        ASSERT_TRUE(rest.has_next());
        const EpochSamples::Part expected = whole.next();
        const EpochSamples::Part part = rest.next();
        EXPECT_TRUE(std::ranges::equal(part.ids, expected.ids));
        EXPECT_TRUE(std::ranges::equal(part.samples, expected.samples));
    }
    EXPECT_FALSE(rest.has_next());
    EXPECT_FALSE(EpochSamples(world(), shard, directory, order, 12, 1, 500, 12).has_next());
    EXPECT_FALSE(EpochSamples(world(), shard, directory, {}, 12, 1, 500, 0).has_next());
}

}  // namespace
}  // namespace faintweb::comm
