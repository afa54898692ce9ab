// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/launch.h"

#include <cstdlib>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "lib/base/error.h"

namespace faintweb::comm {
namespace {

/// What is read in an environment that has these of the variables that launchers set.
Launch launch_in(const std::map<std::string, std::string>& environment) {
    for (const char* name :
         {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_STEP_NUM_TASKS"}) {
        ::unsetenv(name);
    }
    for (const auto& [name, value] : environment) {
        ::setenv(name.c_str(), value.c_str(), 1);
    }
    return read_launch();
}

TEST(Launch, NobodyMakesAWorldOfOne) {
    const Launch launch = launch_in({});
    EXPECT_FALSE(launch.has_world);
    EXPECT_EQ(launch.rank, 0);
    EXPECT_NO_THROW(expect_one_world(launch));
}

TEST(Launch, LaunchersTellTheRank) {
    for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
        // Slurm's own variables are there as well.
        const Launch launch = launch_in({{name, "3"}, {"SLURM_STEP_NUM_TASKS", "8"}});
        EXPECT_TRUE(launch.has_world) << name;
        EXPECT_EQ(launch.rank, 3) << name;
        EXPECT_NO_THROW(expect_one_world(launch)) << name;
    }
}

TEST(Launch, TasksThatKnowNothingOfEachOtherAreRefused) {
    EXPECT_NO_THROW(expect_one_world(launch_in({{"SLURM_STEP_NUM_TASKS", "1"}})));
    EXPECT_NO_THROW(expect_one_world(launch_in({{"SLURM_STEP_NUM_TASKS", "many"}})));
    EXPECT_THROW(expect_one_world(launch_in({{"SLURM_STEP_NUM_TASKS", "2"}})), base::UsageError);
    EXPECT_THROW(
        expect_one_world(launch_in({{"SLURM_STEP_NUM_TASKS", "2"}, {"PMIX_RANK", "none"}})),
        base::UsageError);
}

}  // namespace
}  // namespace faintweb::comm
