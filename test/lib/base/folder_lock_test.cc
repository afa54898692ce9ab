#include "lib/base/folder_lock.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace faintweb::base {
namespace {

class FolderLockTest : public testing::Test {
  protected:
    FolderLockTest() : folder_(text(testing::TempDir(), "faintweb_lock_", getpid())) {
        std::filesystem::create_directories(folder_);
        unsetenv("SLURM_JOB_ID");
    }
    ~FolderLockTest() override {
        unsetenv("SLURM_JOB_ID");
        std::filesystem::remove_all(folder_);
    }

    std::string words() const {
        std::ostringstream words;
        words << std::ifstream(folder_ + "/.lock").rdbuf();
        return words.str();
    }

    std::string refusal() const {
        try {
            const FolderLock lock(folder_);
        } catch (const UsageError& error) {
            return error.what();
        }
        return "";
    }

    std::string folder_;
};

TEST_F(FolderLockTest, TheSecondIsRefusedWhileTheFirstLives) {
    std::optional<FolderLock> first(std::in_place, folder_);
    EXPECT_NE(refusal().find(text("is in use (by process ", getpid(), " on ")), std::string::npos)
        << refusal();
    first.reset();
    EXPECT_EQ(refusal(), "");
    EXPECT_EQ(words(), "");
}

TEST_F(FolderLockTest, WhatADeadProcessOfThisHostLeftIsTakenOver) {
    const pid_t child = fork();
    if (child == 0) {
        const FolderLock lock(folder_);
        std::raise(SIGKILL);
    }
    waitpid(child, nullptr, 0);
    EXPECT_NE(words().find(text(" ", child, " ")), std::string::npos);
    EXPECT_EQ(refusal(), "");
}

TEST_F(FolderLockTest, ARunOfAnotherHostMayStillBeThere) {
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
