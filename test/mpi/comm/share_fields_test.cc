// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/share_fields.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <mutex>
#include <numeric>
#include <set>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::comm {
namespace {

using test::world;

std::vector<std::int64_t> numbers_up_to(std::int64_t n) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    return order;
}

/// What all ranks worked on, sorted.
std::vector<std::int64_t> all_of(const std::vector<std::int64_t>& mine) {
    std::string text;
    for (const std::int64_t field : mine) {
        text += std::to_string(field) + " ";
    }
    std::vector<std::int64_t> all;
    for (const std::string& part : world().all_gather(text)) {
        std::istringstream stream(part);
        for (std::int64_t field = 0; stream >> field;) {
            all.push_back(field);
        }
    }
    std::sort(all.begin(), all.end());
    return all;
}

/// The pixels of field i: i, i + 1, ... of a length that differs from field to field.
std::vector<float> pixels_of(std::int64_t field) {
    std::vector<float> pixels(static_cast<std::size_t>(1000 * (field % 7)));
    std::iota(pixels.begin(), pixels.end(), static_cast<float>(field));
    return pixels;
}

class ShareFieldsTest : public testing::TestWithParam<std::int64_t> {};

TEST_P(ShareFieldsTest, EveryFieldIsWorkedOnceWithItsPixels) {
    const std::int64_t n = GetParam();
    for (ShareSettings settings :
         {ShareSettings{.schedule = {.credits = 1}}, ShareSettings{.schedule = {.credits = 2}},
          ShareSettings{.schedule = {.credits = 3}, .is_rank0_dedicated = true},
          ShareSettings{.n_at_once = 3},
          // Ranks need not be alike.
          ShareSettings{.schedule = {.credits = 1}, .n_at_once = 1 + world().rank()}}) {
        std::int64_t n_ended = 0;
        settings.progress = [&](std::int64_t ended) { n_ended = ended; };
        std::atomic<bool> are_pixels_right = true;
        const auto mine = share_fields(world(), numbers_up_to(n), settings,
                                       {.read = pixels_of,
                                        .work =
                                            [&](std::int64_t field, std::vector<float> pixels) {
                                                if (pixels != pixels_of(field)) {
                                                    are_pixels_right = false;
                                                }
                                            },
                                        .fail = [](std::int64_t, const std::string&) { FAIL(); }});
        EXPECT_TRUE(are_pixels_right);
        EXPECT_EQ(all_of(mine), numbers_up_to(n));
        if (world().is_root()) {
            EXPECT_EQ(n_ended, n);
        }
        if (settings.is_rank0_dedicated && world().size() > 1 && world().is_root()) {
            EXPECT_TRUE(mine.empty());
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Counts, ShareFieldsTest, testing::Values(0, 1, 3, 9, 100));

TEST(ShareFields, NoRankGoesEmptyWhenThereIsEnough) {
    // Slow work, so that timing cannot hide an unfair hand-out.
    const auto mine =
        share_fields(world(), numbers_up_to(9), {},
                     {.read = [](std::int64_t) { return std::vector<float>(10); },
                      .work =
                          [](std::int64_t, const std::vector<float>&) {
                              std::this_thread::sleep_for(std::chrono::milliseconds(30));
                          },
                      .fail = nullptr});
    EXPECT_GE(mine.size(), 1U);
}

TEST(ShareFields, UnreadableFieldCostsItselfOnly) {
    std::set<std::int64_t> failed;
    const auto mine = share_fields(world(), numbers_up_to(20), {},
                                   {.read =
                                        [](std::int64_t field) {
                                            if (field % 5 == 0) {
                                                throw base::InputError("cut short");
                                            }
                                            return pixels_of(field);
                                        },
                                    .work = [](std::int64_t, const std::vector<float>&) {},
                                    .fail =
                                        [&](std::int64_t field, const std::string& reason) {
                                            EXPECT_EQ(reason, "cut short");
                                            failed.insert(field);
                                        }});
    EXPECT_EQ(all_of(mine).size(), 16U);
    if (world().is_root()) {
        EXPECT_EQ(failed, (std::set<std::int64_t>{0, 5, 10, 15}));
    }
}

TEST(ShareFields, ARankWorksOnSeveralFieldsAtATime) {
    constexpr int n_at_once = 3;
    // Nobody gets through it alone.
    std::barrier all_are_at_work(n_at_once);
    const auto mine =
        share_fields(Communicator(), numbers_up_to(4 * n_at_once), {.n_at_once = n_at_once},
                     {.read = [](std::int64_t) { return std::vector<float>(); },
                      .work = [&](std::int64_t,
                                  const std::vector<float>&) { all_are_at_work.arrive_and_wait(); },
                      .fail = nullptr});
    EXPECT_EQ(mine.size(), static_cast<std::size_t>(4 * n_at_once));
}

TEST(ShareFields, WorkThatThrowsIsRethrownOnTheCallingThread) {
    // Alone: with more ranks an exception has to end the job (session.throwing_rank_ends_the_job).
    EXPECT_THROW(
        share_fields(Communicator(), numbers_up_to(3), {},
                     {.read = pixels_of,
                      .work = [](std::int64_t,
                                 const std::vector<float>&) { throw std::runtime_error("broken"); },
                      .fail = nullptr}),
        std::runtime_error);
}

/// Writes down what the ledger is told.
class FirstAlone : public NoLedger {
  public:
    explicit FirstAlone(std::int64_t n_alone) : n_alone_(n_alone) {}
    void begun(std::int64_t field, int) override {
        if (field < n_alone_) {
            EXPECT_EQ(n_ended, field);
        }
        fields.insert(field);
    }
    std::int64_t n_ended = 0;
    std::set<std::int64_t> fields;

  private:
    std::int64_t n_alone_;
};

TEST(ShareFields, TheFirstAreWorkedOnWithNothingElseAtWork) {
    FirstAlone ledger(4);
    share_fields(world(), numbers_up_to(12),
                 {.schedule = {.credits = 3, .n_alone = 4},
                  .progress = [&](std::int64_t ended) { ledger.n_ended = ended; }},
                 {.read = pixels_of,
                  .work = [](std::int64_t, const std::vector<float>&) {},
                  .fail = nullptr},
                 ledger);
    if (world().is_root()) {
        EXPECT_EQ(ledger.fields.size(), 12U);
    }
}

/// Reports the numbers of fields.
class Numbers : public NoLedger {
  public:
    void add(std::int64_t field) {
        const std::scoped_lock lock(mutex_);
        waiting_.push_back(field);
    }
    std::string report(bool is_last) override {
        const std::scoped_lock lock(mutex_);
        // By twos, so that one may be left for the end.
        std::string report;
        while (waiting_.size() >= 2 || (is_last && !waiting_.empty())) {
            report += std::to_string(waiting_.back()) + " ";
            waiting_.pop_back();
        }
        return report;
    }
    void take_reports(const std::string& reports) override { all += reports; }
    std::string all;

  private:
    std::mutex mutex_;
    std::vector<std::int64_t> waiting_;
};

TEST(ShareFields, ReportsOfAllRanksArriveTheLastOnesToo) {
    Numbers ledger;
    const auto worked = share_fields(
        world(), numbers_up_to(20), {},
        {.read = pixels_of,
         .work = [&](std::int64_t field, const std::vector<float>&) { ledger.add(field); },
         .fail = nullptr},
        ledger);
    EXPECT_EQ(all_of(worked), numbers_up_to(20));
    if (world().is_root()) {
        std::istringstream stream(ledger.all);
        std::set<std::int64_t> reported;
        for (std::int64_t field = 0; stream >> field;) {
            reported.insert(field);
        }
        EXPECT_EQ(reported.size(), 20U);
    }
}

TEST(ShareFields, WhereOneRankIsAskedToStopNoMoreIsHandedOut) {
    std::atomic<bool> is_asked = false;
    const auto mine = share_fields(
        world(), numbers_up_to(1000), {.is_asked_to_stop = [&] { return is_asked.load(); }},
        {.read = [](std::int64_t) { return std::vector<float>(1); },
         .work =
             [&](std::int64_t, const std::vector<float>&) {
                 std::this_thread::sleep_for(std::chrono::milliseconds(5));
                 is_asked = world().rank() == world().size() - 1;
             },
         .fail = nullptr});
    const std::vector<std::int64_t> all = all_of(mine);
    EXPECT_GE(all.size(), 1U);
    EXPECT_LT(all.size(), 1000U);
    EXPECT_EQ(all, numbers_up_to(static_cast<std::int64_t>(all.size())));
}

TEST(LargestFirst, IsStable) {
    const std::vector<std::int64_t> sizes{4, 9, 4, 16, 9};
    EXPECT_EQ(largest_first(sizes), (std::vector<std::int64_t>{3, 1, 4, 0, 2}));
}

}  // namespace
}  // namespace faintweb::comm
