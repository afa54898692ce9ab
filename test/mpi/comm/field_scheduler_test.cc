// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/field_scheduler.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

namespace faintweb::comm {
namespace {

constexpr double now_s = 0;

std::vector<std::int64_t> numbers_up_to(std::int64_t n) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    return order;
}

/// The rank that the next field was given to, -1 for none.
int give_next(FieldScheduler& scheduler) {
    const auto next = scheduler.next();
    if (!next) {
        return -1;
    }
    scheduler.given(next->rank, now_s);
    return next->rank;
}

/// Ranks in the order in which they were given all that they may hold.
std::vector<int> give_all(FieldScheduler& scheduler) {
    std::vector<int> takers;
    for (int rank = give_next(scheduler); rank >= 0; rank = give_next(scheduler)) {
        takers.push_back(rank);
    }
    return takers;
}

TEST(FieldScheduler, FieldsGoInTheGivenOrderEachOnce) {
    const std::vector<std::int64_t> order{7, 3, 9, 1};
    FieldScheduler scheduler(order, {.credits = 1}, {1});
    std::vector<std::int64_t> fields;
    while (const auto next = scheduler.next()) {
        fields.push_back(next->field);
        scheduler.given(next->rank, now_s);
        scheduler.ended(next->rank);
    }
    EXPECT_EQ(fields, order);
    EXPECT_EQ(scheduler.n_ended(), 4U);
    EXPECT_TRUE(scheduler.is_closing());
}

TEST(FieldScheduler, EqualRanksAreServedInTurnRank0Last) {
    const auto order = numbers_up_to(100);
    FieldScheduler scheduler(order, {.credits = 2}, {1, 1, 1});
    EXPECT_EQ(give_all(scheduler), (std::vector<int>{2, 1, 0, 2, 1, 0}));
}

TEST(FieldScheduler, TheHungriestHoldsFewestForWhatItWorksOn) {
    const auto order = numbers_up_to(100);
    FieldScheduler scheduler(order, {.credits = 1}, {1, 3});
    EXPECT_EQ(give_all(scheduler), (std::vector<int>{1, 0, 1, 1}));
    scheduler.ended(1);
    EXPECT_EQ(give_next(scheduler), 1);
    scheduler.ended(0);
    scheduler.ended(1);
    // None of one is hungrier than two of three.
    EXPECT_EQ(give_all(scheduler), (std::vector<int>{0, 1}));
}

TEST(FieldScheduler, NoRankHoldsMoreThanItsCredits) {
    const auto order = numbers_up_to(1000);
    for (const int credits : {1, 2, 3}) {
        FieldScheduler scheduler(order, {.credits = credits}, {2, 1, 5});
        const std::vector<int> takers = give_all(scheduler);
        EXPECT_EQ(std::ranges::count(takers, 0), 2 * credits);
        EXPECT_EQ(std::ranges::count(takers, 1), credits);
        EXPECT_EQ(std::ranges::count(takers, 2), 5 * credits);
        scheduler.ended(1);
        EXPECT_EQ(give_all(scheduler), std::vector<int>{1});
    }
}

TEST(FieldScheduler, ARankThatDoesNotWorkGetsNothing) {
    const auto order = numbers_up_to(100);
    FieldScheduler scheduler(order, {.credits = 2}, {0, 1});
    EXPECT_EQ(give_all(scheduler), (std::vector<int>{1, 1}));
}

TEST(FieldScheduler, TheFirstAreAlone) {
    const auto order = numbers_up_to(10);
    FieldScheduler scheduler(order, {.credits = 3, .n_alone = 2}, {1, 1});
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(give_all(scheduler), std::vector<int>{1});
        scheduler.ended(1);
    }
    EXPECT_EQ(give_all(scheduler).size(), 6U);
}

TEST(FieldScheduler, ClosesWhenTheLastFieldHasEnded) {
    const auto order = numbers_up_to(2);
    FieldScheduler scheduler(order, {}, {1, 1});
    EXPECT_FALSE(scheduler.is_closing());
    EXPECT_EQ(give_all(scheduler), (std::vector<int>{1, 0}));
    scheduler.ended(0);
    EXPECT_FALSE(scheduler.is_closing());
    scheduler.ended(1);
    EXPECT_TRUE(scheduler.is_closing());
    EXPECT_FALSE(scheduler.is_over());
    scheduler.reported_last(1);
    EXPECT_TRUE(scheduler.is_over());
    EXPECT_TRUE(FieldScheduler({}, {}, {1}).is_closing());
}

TEST(FieldScheduler, StoppingWaitsForWhatIsOut) {
    const auto order = numbers_up_to(100);
    FieldScheduler scheduler(order, {.credits = 1}, {0, 1, 1});
    EXPECT_EQ(give_all(scheduler).size(), 2U);
    scheduler.stop();
    scheduler.ended(1);
    EXPECT_EQ(give_next(scheduler), -1);
    EXPECT_FALSE(scheduler.is_closing());
    scheduler.ended(2);
    EXPECT_TRUE(scheduler.is_closing());
    EXPECT_EQ(scheduler.n_ended(), 2U);
}

TEST(FieldScheduler, AnUnreadableFieldHasEndedAndNobodyHoldsIt) {
    const auto order = numbers_up_to(3);
    FieldScheduler scheduler(order, {.credits = 1, .n_alone = 1}, {0, 1});
    ASSERT_TRUE(scheduler.next());
    scheduler.unreadable();
    EXPECT_EQ(scheduler.n_ended(), 1U);
    // It was to be alone and no longer is at work; its rank's credit is free.
    EXPECT_EQ(give_all(scheduler), std::vector<int>{1});
    scheduler.ended(1);
    ASSERT_TRUE(scheduler.next());
    EXPECT_FALSE(scheduler.is_closing());
    scheduler.unreadable();
    EXPECT_TRUE(scheduler.is_closing());
}

TEST(FieldScheduler, ARankThatHoldsFieldsMayNotBeSilentForLong) {
    const auto order = numbers_up_to(2);
    FieldScheduler scheduler(order, {.credits = 1, .lease_s = 10}, {1, 1, 1});
    // Those that hold nothing may; rank 0 is the one who asks.
    EXPECT_FALSE(scheduler.silent(100));
    ASSERT_EQ(scheduler.next()->rank, 2);
    scheduler.given(2, 100);
    EXPECT_FALSE(scheduler.silent(110));
    EXPECT_EQ(scheduler.silent(111), 2);
    scheduler.heard(2, 105);
    EXPECT_FALSE(scheduler.silent(111));
    EXPECT_EQ(scheduler.silent(116), 2);
    scheduler.ended(2);
    EXPECT_FALSE(scheduler.silent(1000));
}

TEST(FieldScheduler, AtTheEndAllOweTheirLastReport) {
    FieldScheduler scheduler({}, {.lease_s = 10}, {1, 1, 1});
    scheduler.heard(1, 50);
    scheduler.heard(2, 50);
    EXPECT_FALSE(scheduler.silent(60));
    scheduler.reported_last(1);
    EXPECT_EQ(scheduler.silent(61), 2);
    scheduler.reported_last(2);
    EXPECT_FALSE(scheduler.silent(61));
    EXPECT_TRUE(scheduler.is_over());
}

TEST(FieldScheduler, WithoutALeaseSilenceIsNoMatter) {
    const auto order = numbers_up_to(2);
    FieldScheduler scheduler(order, {}, {0, 1});
    EXPECT_EQ(give_next(scheduler), 1);
    EXPECT_FALSE(scheduler.silent(1e9));
}

}  // namespace
}  // namespace faintweb::comm
