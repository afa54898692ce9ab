#include "mpi/tile_exchange.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::mpi {
namespace {

using test::world;

constexpr std::int64_t n_values = 9;

/// Fields 0..n-1 of 20 tiles each, field f on rank (f + shift) % size: as timing might deal them.
/// Every number of a sample is 100 field + tile; tiles divisible by 4 are signal.
Shard deal(std::int64_t n_fields, int shift) {
    Shard shard;
    shard.n_sample_values = n_values;
    for (std::int64_t field = n_fields - 1; field >= 0; --field) {
        if ((field + shift) % world().size() != world().rank()) {
            continue;
        }
        for (std::int64_t tile = 0; tile < 20; ++tile) {
            shard.ids.push_back(make_tile_id(field, tile));
            shard.labels.push_back(tile % 4 == 0 ? 1 : 0);
            shard.samples.insert(
                shard.samples.end(), n_values, static_cast<float>(100 * field + tile));
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
        EXPECT_EQ(directory.signal_ids()[5], make_tile_id(1, 0));
        EXPECT_EQ(directory.noise_ids()[0], make_tile_id(0, 1));
        EXPECT_EQ(directory.owner(make_tile_id(3, 7)), (3 + shift) % world().size());
        EXPECT_TRUE(directory.is_signal(make_tile_id(4, 16)));
        EXPECT_FALSE(directory.is_signal(make_tile_id(4, 17)));
    }
}

TEST(PositionsOfRank, CoverEveryBatchOnce) {
    for (const auto& [n_samples, batch] :
         {std::pair{100U, 10U}, {103U, 10U}, {5U, 64U}, {7U, 1U}, {0U, 10U}}) {
        for (const int n_ranks : {1, 2, 3, 4, 16}) {
            std::vector<std::size_t> all;
            for (int rank = 0; rank < n_ranks; ++rank) {
                const auto mine = positions_of_rank(n_samples, batch, rank, n_ranks);
                EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
                all.insert(all.end(), mine.begin(), mine.end());
            }
            std::sort(all.begin(), all.end());
            std::vector<std::size_t> expected(n_samples);
            std::iota(expected.begin(), expected.end(), std::size_t{0});
            EXPECT_EQ(all, expected);
        }
    }
}

TEST(ExchangeTiles, BringsEachRankItsSlices) {
    const Shard shard = deal(7, 1);
    const TileDirectory directory(world(), shard);
    std::vector<TileId> order;
    for (const std::uint64_t i : base::permutation(1, 0, 140)) {
        order.push_back(
            make_tile_id(static_cast<std::int64_t>(i / 20), static_cast<std::int64_t>(i % 20)));
    }
    for (const std::size_t batch :
         {std::size_t{1}, std::size_t{12}, std::size_t{50}, std::size_t{1000}}) {
        const std::vector<float> tiles = exchange_tiles(world(), shard, directory, order, batch);
        const auto positions =
            positions_of_rank(order.size(), batch, world().rank(), world().size());
        ASSERT_EQ(tiles.size(), positions.size() * n_values);
        for (std::size_t i = 0; i < positions.size(); ++i) {
            const TileId id = order[positions[i]];
            const auto expected = static_cast<float>(100 * (id >> 32U) + (id & 0xffffffffU));
            ASSERT_EQ(tiles[i * 9], expected);
            ASSERT_EQ(tiles[i * 9 + 8], expected);
        }
    }
}

}  // namespace
}  // namespace faintweb::mpi
