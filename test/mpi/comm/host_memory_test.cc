// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/host_memory.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>
#include <sys/statvfs.h>

#include "test/mpi/mpi_test_main.h"

namespace faintweb::comm {
namespace {

class HostMemory : public testing::Test {
  protected:
    void SetUp() override {
        if (test::world().size() == 1) {
            GTEST_SKIP() << "one rank shares with none";
        }
        memory_ = make_host_memory(test::world());
    }
    int rank_ = test::world().rank();
    std::unique_ptr<learn::SharedMemory> memory_;
};

/// Each rank writes its part of each block, again and again, and sees all parts.
TEST_F(HostMemory, ShowsEveryRankWhatAllHaveWritten) {
    EXPECT_EQ(memory_->part(), rank_);
    EXPECT_EQ(memory_->n_parts(), test::world().size());
    const auto n_ranks = static_cast<std::size_t>(memory_->n_parts());
    for (const std::size_t n : {1UL, 3UL, 100'003UL}) {
        const std::span<std::byte> block = memory_->allocate(n * n_ranks);
        ASSERT_EQ(block.size(), n * n_ranks);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block.data()) % 64, 0U);
        for (int round = 0; round < 3; ++round) {
            const auto value = [&](std::size_t r) {
                return static_cast<std::byte>(r * 10 + static_cast<std::size_t>(round));
            };
            const auto mine = static_cast<std::size_t>(rank_);
            std::ranges::fill(block.subspan(n * mine, n), value(mine));
            memory_->meet();
            for (std::size_t r = 0; r < n_ranks; ++r) {
                const auto theirs = block.subspan(n * r, n);
                EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(theirs, value(r))), n);
            }
            memory_->meet();
        }
    }
}

TEST_F(HostMemory, SaysToEveryRankThatThereIsTooLittle) {
    struct statvfs space {};
    ASSERT_EQ(::statvfs("/dev/shm", &space), 0);
    const std::size_t n_bytes = space.f_blocks * space.f_frsize;
    if (n_bytes > 0) {  // else it has no bound
        EXPECT_TRUE(memory_->allocate(n_bytes + 1).empty());
    }
    EXPECT_FALSE(memory_->allocate(100).empty());
}

}  // namespace
}  // namespace faintweb::comm
