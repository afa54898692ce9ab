// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/gradient_reducer.h"

#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "test/mpi/mpi_test_main.h"

namespace faintweb::comm {
namespace {

/// Whole numbers that every sum of them and bf16 (8 bits) hold exactly, so that the sum has the
/// same bits in any order.
float exact_value(std::size_t i, int rank) {
    return static_cast<float>(static_cast<int>((i * 7 + static_cast<std::size_t>(rank) * 13) % 31) -
                              15);
}

/// The slow, obvious rounding to bf16: the nearer of the two neighbours, the even one of equals.
float nearest_bf16(float value) {
    const auto below = std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) & 0xFFFF0000U);
    const auto above =
        std::bit_cast<float>((std::bit_cast<std::uint32_t>(value) & 0xFFFF0000U) + 0x10000U);
    const double to_below = std::fabs(static_cast<double>(value) - below);
    const double to_above = std::fabs(static_cast<double>(above) - value);
    if (to_below != to_above) {
        return to_below < to_above ? below : above;
    }
    return (std::bit_cast<std::uint32_t>(below) & 0x10000U) == 0 ? below : above;
}

struct Case {
    const char* kind;
    Wire wire;
};
class GradientReducerOf : public testing::TestWithParam<Case> {
  protected:
    std::unique_ptr<GradientReducer> reducer_ =
        make_gradient_reducer(test::world(), {.kind = GetParam().kind, .wire = GetParam().wire});
};
INSTANTIATE_TEST_SUITE_P(Kinds,
                         GradientReducerOf,
                         testing::Values(Case{"auto", Wire::fp32},
                                         Case{"shared", Wire::fp32},
                                         Case{"shared", Wire::bf16},
                                         Case{"mpi", Wire::fp32},
                                         Case{"mpi", Wire::bf16}));

/// Awkward sizes: nothing, one number, fewer than ranks, more than pass at once.
TEST_P(GradientReducerOf, GivesTheExactSumOfEveryPieceAgainAndAgain) {
    for (int step = 0; step < 3; ++step) {
        std::vector<std::vector<float>> pieces;
        for (const std::size_t size : {0UL, 1UL, 3UL, 1000UL, 2'500'001UL, 17UL}) {
            std::vector<float>& piece = pieces.emplace_back(size);
            for (std::size_t i = 0; i < size; ++i) {
                piece[i] = exact_value(i + static_cast<std::size_t>(step), test::world().rank());
            }
        }
        for (std::vector<float>& piece : pieces) {
            reducer_->add(piece);
        }
        reducer_->finish();
        for (const std::vector<float>& piece : pieces) {
            for (std::size_t i = 0; i < piece.size(); ++i) {
                float sum = 0;
                for (int rank = 0; rank < test::world().size(); ++rank) {
                    sum += exact_value(i + static_cast<std::size_t>(step), rank);
                }
                ASSERT_EQ(piece[i], sum) << piece.size() << " values, " << i << ", step " << step;
            }
        }
    }
}

/// The same bits everywhere, or the ranks' weights would drift apart.
TEST_P(GradientReducerOf, GivesEveryRankTheSameBits) {
    std::vector<float> piece(10'001);
    for (std::size_t i = 0; i < piece.size(); ++i) {
        piece[i] = static_cast<float>(
            std::sin(static_cast<double>(i) * (1.7 + test::world().rank())) * 1e-3);
    }
    reducer_->add(piece);
    reducer_->finish();
    const std::string mine(reinterpret_cast<const char*>(piece.data()), 4 * piece.size());
    for (const std::string& theirs : test::world().all_gather(mine)) {
        ASSERT_EQ(theirs, mine);
    }
}

TEST_P(GradientReducerOf, CarriesWhatIsNoNumber) {
    const bool is_bad_rank = test::world().rank() == test::world().size() - 1;
    std::vector<float> piece{is_bad_rank ? std::numeric_limits<float>::quiet_NaN() : 1.0F,
                             is_bad_rank ? std::numeric_limits<float>::infinity() : 1.0F};
    reducer_->add(piece);
    reducer_->finish();
    EXPECT_TRUE(std::isnan(piece[0]));
    EXPECT_TRUE(std::isinf(piece[1]));
}

TEST_P(GradientReducerOf, CountsItsTime) {
    std::vector<float> piece(100'000, 1.0F);
    for (int i = 0; i < 10; ++i) {
        reducer_->add(piece);
        reducer_->finish();
    }
    EXPECT_GT(reducer_->times().exposed_s, 0);
    EXPECT_GE(reducer_->times().hidden_s, 0);
}

/// What one rank sends and what all get is rounded to nearest even, against the obvious rounding.
TEST(GradientReducerWire, Bf16RoundsOnceOnTheWayAndTheSumOnce) {
    if (test::world().size() == 1) {
        GTEST_SKIP() << "one rank sends nothing";
    }
    const auto reducer = make_gradient_reducer(test::world(), {"shared", Wire::bf16});
    const auto value_of = [](std::size_t i, int rank) {
        const float spread = static_cast<float>(i) * 0.37F + 0.001F * static_cast<float>(rank);
        // Every fourth lies half-way between two neighbours.
        return i % 4 == 0 ? std::bit_cast<float>(0x3F808000U + (static_cast<unsigned>(i) << 16U))
                          : spread;
    };
    std::vector<float> piece(120);
    for (std::size_t i = 0; i < piece.size(); ++i) {
        piece[i] = value_of(i, test::world().rank());
    }
    reducer->add(piece);
    reducer->finish();
    int n_rounded = 0;
    for (std::size_t i = 0; i < piece.size(); ++i) {
        float sum = 0;
        float unrounded = 0;
        for (int rank = 0; rank < test::world().size(); ++rank) {
            sum += nearest_bf16(value_of(i, rank));
            unrounded += value_of(i, rank);
        }
        EXPECT_EQ(piece[i], nearest_bf16(sum)) << i;
        n_rounded += piece[i] != unrounded;
    }
    EXPECT_GT(n_rounded, 60);
}

TEST(GradientReducerKinds, ThatCannotBeAreRefusedOnEveryRank) {
    EXPECT_THROW(make_gradient_reducer(test::world(), {.kind = "carrier pigeon"}), CollectiveError);
    EXPECT_THROW(make_gradient_reducer(test::world(), {.kind = "nccl"}), CollectiveError);
}

TEST(GradientReducerKinds, HaveMemoryToShareOnOneHostOnly) {
    const auto has_memory = [](const char* kind) {
        return make_gradient_reducer(test::world(), {.kind = kind})->shared_memory() != nullptr;
    };
    EXPECT_TRUE(has_memory("auto"));
    EXPECT_TRUE(has_memory("shared"));
    EXPECT_FALSE(has_memory("mpi"));
}

TEST(GradientReducerGroups, ShareTheMemoryOfTheirHost) {
    const Communicator group = test::world().split(test::world().rank() / 2);
    EXPECT_TRUE(group.is_one_host());
    for (const char* const kind : {"shared", "auto"}) {
        const auto reducer = make_gradient_reducer(group, {.kind = kind});
        std::vector<float> piece{1.0F + static_cast<float>(group.rank())};
        reducer->add(piece);
        // Only sums of MPI's own go on in the background.
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        reducer->finish();
        EXPECT_EQ(piece[0], group.size() == 1 ? 1.0F : 3.0F);
        EXPECT_EQ(reducer->times().hidden_s, 0) << kind;
    }
}

TEST(GradientReducerAlone, ChangesNothing) {
    const auto reducer = make_gradient_reducer(Communicator());
    std::vector<float> piece{1.5F, -2.25F};
    reducer->add(piece);
    reducer->finish();
    EXPECT_EQ(piece, (std::vector<float>{1.5F, -2.25F}));
}

}  // namespace
}  // namespace faintweb::comm
