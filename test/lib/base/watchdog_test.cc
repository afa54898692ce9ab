// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/watchdog.h"

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace faintweb::base {
namespace {

using Keys = std::vector<std::uint64_t>;

class WatchdogDeathTest : public testing::Test {
  protected:
    WatchdogDeathTest() : notes_(fmt::format("{}faintweb_notes_{}", testing::TempDir(), getpid())) {
        std::filesystem::remove(notes_);
    }
    ~WatchdogDeathTest() override { std::filesystem::remove(notes_); }

    std::string notes_;
};

void sleep_ms(int ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

TEST_F(WatchdogDeathTest, ATaskThatDoesNotEndEndsTheProcessAndIsNamed) {
    EXPECT_EXIT(
        {
            Watchdog watchdog({notes_});
            const Watchdog::Task other(watchdog, "all of it", 1000);
            const Watchdog::Task task(watchdog, "field 7", 0.2, 77);
            sleep_ms(10'000);
        },
        testing::ExitedWithCode(75), "gave up after 0.2 s of field 7");
    EXPECT_EQ(read_death_notes(notes_), (Keys{77}));
}

TEST_F(WatchdogDeathTest, TasksThatEndInTimeDoNoHarm) {
    Watchdog watchdog({notes_});
    for (int i = 0; i < 3; ++i) {
        const Watchdog::Task task(watchdog, "something short", 5, 1);
        sleep_ms(150);
    }
    sleep_ms(150);
    EXPECT_TRUE(read_death_notes(notes_).empty());
}

TEST_F(WatchdogDeathTest, AFatalSignalLeavesANoteAndKillsAsBefore) {
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
        std::filesystem::remove(notes_);
        EXPECT_EXIT(
            {
                Watchdog watchdog({notes_});
                const Watchdog::Task task(watchdog, "a field", 100, 5);
                raise(signal);
            },
            testing::KilledBySignal(signal), "");
        EXPECT_EQ(read_death_notes(notes_), (Keys{5}));
    }
}

TEST_F(WatchdogDeathTest, TheNoteIsOfTheThreadThatDied) {
    // While the main thread reads one field, a worker dies of another; then a thread that the
    // worker has started.
    for (const bool is_by_helper : {false, true}) {
        EXPECT_EXIT(
            {
                Watchdog watchdog({notes_});
                std::jthread worker([&] {
                    const Watchdog::Task task(watchdog, "worked on", 100, 2);
                    sleep_ms(200);
                    if (is_by_helper) {
                        std::jthread([] { raise(SIGSEGV); }).join();
                    }
                    raise(SIGSEGV);
                });
                const Watchdog::Task task(watchdog, "read", 100, 1);
                worker.join();
            },
            testing::KilledBySignal(SIGSEGV), "");
    }
    EXPECT_EQ(read_death_notes(notes_), (Keys{2, 2}));
}

TEST_F(WatchdogDeathTest, WithoutATaskThereIsNothingToNote) {
    EXPECT_EXIT(
        {
            Watchdog watchdog({notes_});
            { const Watchdog::Task task(watchdog, "over", 100, 3); }
            raise(SIGSEGV);
        },
        testing::KilledBySignal(SIGSEGV), "");
    EXPECT_TRUE(read_death_notes(notes_).empty());
}

TEST_F(WatchdogDeathTest, AnOrphanEnds) {
    // A child starts a watched grandchild and dies; the grandchild says through a pipe that it
    // lives until it does not.
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork();
    if (child == 0) {
        if (fork() == 0) {
            close(ends[0]);
            Watchdog watchdog({.is_parent_watched = true});
            sleep_ms(20'000);
            _exit(0);
        }
        sleep_ms(300);
        _exit(0);
    }
    close(ends[1]);
    waitpid(child, nullptr, 0);
    char nothing = 0;
    EXPECT_EQ(read(ends[0], &nothing, 1), 0);  // returns when the last writer has gone
    close(ends[0]);
}

}  // namespace
}  // namespace faintweb::base
