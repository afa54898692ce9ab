// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/communicator.h"

#include <chrono>
#include <cstring>
#include <numeric>
#include <thread>

#include <gtest/gtest.h>

#include "mpi/comm/gradient_reducer.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::comm {
namespace {

using test::world;

TEST(Communicator, KnowsItsRanks) {
    EXPECT_GE(world().rank(), 0);
    EXPECT_LT(world().rank(), world().size());
    // All ranks of the test run on one host.
    EXPECT_EQ(world().local_size(), world().size());
    EXPECT_EQ(world().local_rank(), world().rank());
    EXPECT_GE(world().n_sharing_cores(), 1);
    EXPECT_LE(world().n_sharing_cores(), world().size());
}

TEST(Communicator, BroadcastsAnyBytes) {
    std::string text = world().is_root() ? std::string("a\0b", 3) : "something longer before";
    world().broadcast(text);
    EXPECT_EQ(text, std::string("a\0b", 3));
    std::string empty = world().is_root() ? "" : "x";
    world().broadcast(empty);
    EXPECT_EQ(empty, "");
}

TEST(Communicator, GathersInRankOrder) {
    const std::string mine(static_cast<std::size_t>(world().rank()),
                           static_cast<char>('a' + world().rank()));
    const std::vector<std::string> all = world().all_gather(mine);
    ASSERT_EQ(all.size(), static_cast<std::size_t>(world().size()));
    for (int r = 0; r < world().size(); ++r) {
        EXPECT_EQ(all[static_cast<std::size_t>(r)],
                  std::string(static_cast<std::size_t>(r), static_cast<char>('a' + r)));
    }
    EXPECT_EQ(world().gather(mine).size(), world().is_root() ? all.size() : 0U);
}

TEST(Communicator, GathersVectorsThatAreJoinedInRankOrder) {
    const std::vector<int> mine(static_cast<std::size_t>(world().rank()), world().rank());
    std::vector<int> expected;
    for (int r = 0; r < world().size(); ++r) {
        expected.insert(expected.end(), static_cast<std::size_t>(r), r);
    }
    EXPECT_EQ(joined(world().all_gather(mine)), expected);
    EXPECT_EQ(joined(world().gather(mine)), world().is_root() ? expected : std::vector<int>());
}

TEST(Communicator, SumsExactly) {
    const auto rank = static_cast<float>(world().rank());
    // Whole numbers: the sum is exact in any order.
    std::vector<float> values{rank, 1, 1000 * rank};
    world().sum(std::span(values));
    const auto n = static_cast<float>(world().size());
    const float sum = n * (n - 1) / 2;
    EXPECT_EQ(values, (std::vector<float>{sum, n, 1000 * sum}));
    std::vector<std::int64_t> counts{std::int64_t{1} << 40};
    world().sum(std::span(counts));
    EXPECT_EQ(counts[0], (std::int64_t{1} << 40) * world().size());
    EXPECT_EQ(world().max(world().rank()), world().size() - 1);
}

TEST(Communicator, ExchangesUnevenParts) {
    // Rank a sends (a + 2 b) bytes of value a to rank b.
    const int rank = world().rank();
    std::vector<std::vector<std::byte>> parts;
    for (int to = 0; to < world().size(); ++to) {
        parts.emplace_back(static_cast<std::size_t>(rank + 2 * to), static_cast<std::byte>(rank));
    }
    const auto received = world().exchange(parts);
    ASSERT_EQ(received.size(), parts.size());
    for (int from = 0; from < world().size(); ++from) {
        EXPECT_EQ(received[static_cast<std::size_t>(from)],
                  std::vector<std::byte>(static_cast<std::size_t>(from + 2 * rank),
                                         static_cast<std::byte>(from)));
    }
}

TEST(Communicator, SplitsIntoGroups) {
    // Even and odd ranks.
    const Communicator group = world().split(world().rank() % 2);
    EXPECT_EQ(group.rank(), world().rank() / 2);
    EXPECT_EQ(group.size(), (world().size() + 1 - world().rank() % 2) / 2);
    EXPECT_EQ(group.max(world().rank()) % 2, world().rank() % 2);
    std::vector<std::int64_t> ones{1};
    group.sum(std::span(ones));
    EXPECT_EQ(ones[0], group.size());
    EXPECT_EQ(group.local_rank(), world().local_rank());
    EXPECT_EQ(group.local_size(), world().local_size());
    EXPECT_EQ(group.n_sharing_cores(), world().n_sharing_cores());
    EXPECT_EQ(Communicator().split(3).size(), 1);
}

TEST(Communicator, WaitsForTheLast) {
    using Clock = std::chrono::steady_clock;
    world().barrier();
    const Clock::time_point start = Clock::now();
    if (world().rank() == world().size() - 1) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    world().wait_for_all();
    EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(world().size() > 1 ? 50 : 0));
    Communicator().wait_for_all();
}

TEST(Communicator, DefaultIsAWorldOfOne) {
    const Communicator alone;
    EXPECT_EQ(alone.rank(), 0);
    EXPECT_EQ(alone.size(), 1);
    std::vector<float> values{2};
    alone.sum(std::span(values));
    EXPECT_EQ(values[0], 2);
    EXPECT_EQ(alone.exchange({{std::byte{7}}}).at(0).at(0), std::byte{7});
    EXPECT_EQ(alone.all_gather(std::string("x")), std::vector<std::string>{"x"});
    EXPECT_EQ(alone.native(), nullptr);
}

TEST(FromRoot, GivesTheRootsTextToAll) {
    const std::string text =
        from_root(world(), [] { return "from " + std::to_string(world().rank()); });
    EXPECT_EQ(text, "from 0");
}

TEST(FromRoot, ThrowsTheRootsErrorOnAll) {
    try {
        from_root(world(), []() -> std::string { throw base::UsageError("bad key"); });
        FAIL();
    } catch (const CollectiveError& error) {
        EXPECT_EQ(error.code(), base::ExitCode::usage);
        EXPECT_STREQ(error.what(), "bad key");
    }
}

TEST(Together, GivesEveryRankTheErrorOfOne) {
    collectively(world(), [] {});
    try {
        collectively(world(), [] {
            if (world().rank() == world().size() - 1) {
                throw base::DiskError("full");
            }
        });
        FAIL();
    } catch (const CollectiveError& error) {
        EXPECT_EQ(error.code(), base::ExitCode::disk);
        EXPECT_STREQ(error.what(), "full");
    }
}

TEST(GradientReducer, SumsPiecesExactly) {
    const auto reducer = make_gradient_reducer(world());
    const auto n = static_cast<float>(world().size());
    for (int step = 0; step < 3; ++step) {
        std::vector<float> gradients(100003);
        for (std::size_t i = 0; i < gradients.size(); ++i) {
            gradients[i] = static_cast<float>(world().rank()) + static_cast<float>(i % 1000);
        }
        reducer->add(std::span(gradients).subspan(90000));
        reducer->add(std::span(gradients).first(90000));
        reducer->finish();
        for (std::size_t i = 0; i < gradients.size(); ++i) {
            ASSERT_EQ(gradients[i], n * (n - 1) / 2 + n * static_cast<float>(i % 1000));
        }
    }
}

}  // namespace
}  // namespace faintweb::comm
