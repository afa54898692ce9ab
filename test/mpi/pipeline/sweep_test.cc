// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// Groups of ranks share out the trainings of a sweep, and a training that fails is recorded.

#include <algorithm>
#include <filesystem>
#include <numeric>

#include <gtest/gtest.h>

#include "mpi/pipeline/output_lock.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/sweep/claims.h"
#include "mpi/pipeline/sweep/trainings.h"
#include "test/mpi/pipeline/small_campaign.h"

namespace faintweb::pipeline {
namespace {

namespace fs = std::filesystem;
using campaign::Campaign;
using campaign::SweepRun;
using test::shared_folder;
using test::small_campaign;
using test::world;

TEST(SweepClaims, EachRunIsClaimedOnce) {
    constexpr std::size_t n_runs = 20;
    const std::string claims = shared_folder("sweep_claims");
    if (world().is_root()) {
        fs::create_directory(claims + "/7");  // finished before
    }
    world().barrier();
    // Groups of two ranks, or one where there is no second.
    const comm::Communicator group = world().split(world().rank() / 2);
    std::vector<std::size_t> mine;
    std::size_t next = 0;
    while (const auto taken = claim(group, claims, next, n_runs)) {
        EXPECT_GE(*taken, next);
        next = *taken + 1;
        if (group.is_root()) {
            mine.push_back(*taken);
        }
    }
    std::vector<std::size_t> all;
    for (const std::vector<std::size_t>& theirs : world().all_gather(mine)) {
        all.insert(all.end(), theirs.begin(), theirs.end());
    }
    std::ranges::sort(all);
    std::vector<std::size_t> expected(n_runs);
    std::iota(expected.begin(), expected.end(), 0);
    std::erase(expected, 7);
    EXPECT_EQ(all, expected);
}

TEST(SweepClaims, NothingIsClaimedOnceAGroupWasAskedToStop) {
    const std::string claims = shared_folder("sweep_stop");
    if (world().is_root()) {
        close_claims(comm::Communicator(), claims);
    }
    world().barrier();
    EXPECT_FALSE(claim(world(), claims, 0, 3));
}

TEST(SweepTrainings, OneThatFailsIsRecordedAndCostsItselfOnly) {
    // No tile is signal above the higher threshold.
    const Campaign campaign = small_campaign(
        shared_folder("sweep_trainings"),
        {"sweep.flux_threshold_jy_arcsec2=[1e-7, 1e-3]", "train.validation_skies=0"});
    const std::vector<SweepRun> runs = campaign::sweep_runs(campaign);
    ASSERT_EQ(runs.size(), 2U);
    EXPECT_EQ(trainings_of(runs).size(), 2U);
    prepare_folder(world(), campaign.output + "/runs");
    train_all(world(), campaign, runs);
    EXPECT_EQ(failure_of(runs[0]), "");
    EXPECT_TRUE(fs::exists(model_path(runs[0].training)));
    EXPECT_NE(failure_of(runs[1]).find("cannot train"), std::string::npos) << failure_of(runs[1]);
    EXPECT_FALSE(fs::exists(model_path(runs[1].training)));
    world().barrier();

    // Neither is tried again, but under other settings.
    const auto written = fs::last_write_time(model_path(runs[0].training));
    train_all(world(), campaign, runs);
    EXPECT_EQ(fs::last_write_time(model_path(runs[0].training)), written);
    SweepRun other = runs[1];
    other.training.train.learning_rate *= 2;
    EXPECT_EQ(failure_of(other), "");
}

}  // namespace
}  // namespace faintweb::pipeline
