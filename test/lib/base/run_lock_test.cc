// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/run_lock.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/error.h"

namespace faintweb::base {
namespace {

class RunLockTest : public testing::Test {
  protected:
    RunLockTest() : folder_(fmt::format("{}faintweb_lock_{}", testing::TempDir(), getpid())) {
        std::filesystem::create_directories(folder_);
        unsetenv("SLURM_JOB_ID");
    }
    ~RunLockTest() override {
        unsetenv("SLURM_JOB_ID");
        std::filesystem::remove_all(folder_);
    }

    std::string path() const { return folder_ + "/.lock"; }

    std::string words() const {
        std::ostringstream words;
        words << std::ifstream(path()).rdbuf();
        return words.str();
    }

    std::string refusal() const {
        try {
            const RunLock lock(path(), folder_);
        } catch (const UsageError& error) {
            return error.what();
        }
        return "";
    }

    std::string folder_;
};

TEST_F(RunLockTest, TheSecondIsRefusedWhileTheFirstLives) {
    std::optional<RunLock> first(std::in_place, path(), folder_);
    EXPECT_NE(refusal().find(fmt::format("is in use (by process {} on ", getpid())),
              std::string::npos)
        << refusal();
    first.reset();
    EXPECT_EQ(refusal(), "");
    EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(RunLockTest, AnotherFileOfTheSameFolderIsAnotherLock) {
    const RunLock first(path(), folder_);
    EXPECT_NO_THROW(RunLock(folder_ + "/other.lock", "other"));
}

TEST_F(RunLockTest, AFileThatIsNoLockStays) {
    for (const char* const bytes :
         {"my notes\n", "SIMPLE  =                    T", "host 17 41 more"}) {
        std::ofstream(path()) << bytes;
        EXPECT_NE(refusal().find(".lock is no lock of faintweb"), std::string::npos) << refusal();
        EXPECT_EQ(words(), bytes);
    }
    std::ofstream(path()) << std::string(40, '\0');  // what a loss of power may leave
    EXPECT_EQ(refusal(), "");
}

/// Runs come and go; no two are ever in at once, though each removes the file behind it.
TEST_F(RunLockTest, RemovingTheFileLetsNoTwoIn) {
    constexpr int n_processes = 4;
    std::vector<pid_t> children;
    for (int i = 0; i < n_processes; ++i) {
        children.push_back(fork());
        if (children.back() == 0) {
            int n_met = 0;
            for (int n = 0; n < 300;) {
                try {
                    const RunLock lock(path(), folder_);
                    const int inside =
                        ::open((folder_ + "/inside").c_str(), O_CREAT | O_EXCL, 0600);
                    n_met += inside < 0 ? 1 : 0;
                    ::close(inside);
                    ::unlink((folder_ + "/inside").c_str());
                    ++n;
                } catch (const UsageError&) {
                }
            }
            ::_exit(n_met);
        }
    }
    for (const pid_t child : children) {
        int status = -1;
        waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
    }
    EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(RunLockTest, WhatADeadProcessOfThisHostLeftIsTakenOver) {
    const pid_t child = fork();
    if (child == 0) {
        const RunLock lock(path(), folder_);
        std::raise(SIGKILL);
    }
    waitpid(child, nullptr, 0);
    EXPECT_NE(words().find(fmt::format(" {} ", child)), std::string::npos);
    EXPECT_EQ(refusal(), "");
}

TEST_F(RunLockTest, ARunOfAnotherHostMayStillBeThere) {
    std::ofstream(folder_ + "/.lock") << "another.host 17 41\n";
    EXPECT_NE(refusal().find("may be in use (by process 17 on another.host)"), std::string::npos);
    setenv("SLURM_JOB_ID", "42", 1);
    EXPECT_NE(refusal(), "");
    // The same job, started again elsewhere.
    setenv("SLURM_JOB_ID", "41", 1);
    EXPECT_EQ(refusal(), "");
}

}  // namespace
}  // namespace faintweb::base
