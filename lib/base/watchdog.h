// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace faintweb::base {

/// What a Watchdog does beside watching its tasks.
struct WatchdogSettings {
    /// Where a dying process leaves a note of what it worked on; see read_death_notes.
    std::string notes_path{};
    /// End the process when the one that started it has gone.
    bool is_parent_watched = false;
};

/// Ends this process where it would otherwise hang, or outlive the job that it is part of; and sees
/// to it that a fatal signal leaves a note. To be made once, by one thread.
///
/// A process that does not come to an end with a watched task ends with exit code 75 (interrupted)
/// and one line that names the task.
class Watchdog {
  public:
    explicit Watchdog(const WatchdogSettings& settings);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    /// While one of these lives, a task is at work that has to end in time.
    class Task {
      public:
        /// @param what  completes "gave up after 60 s of ...".
        /// @param key   what a note names, 0: the task is no reason for a note. A thread has one
        ///     task with a key at a time; threads without are taken to work for the one that was
        ///     begun last on a thread that is not the main one.
        Task(Watchdog& watchdog, std::string what, double deadline_s, std::uint64_t key = 0);
        ~Task();
        Task(const Task&) = delete;
        Task& operator=(const Task&) = delete;

      private:
        friend class Watchdog;
        void set_key(std::uint64_t key) const;

        using Clock = std::chrono::steady_clock;
        Watchdog& watchdog_;
        std::string what_;
        double deadline_s_;
        Clock::time_point start_;
        std::uint64_t key_;
        bool is_on_main_thread_;
        std::list<const Task*>::iterator place_;
    };

  private:
    void run(const std::stop_token& stop) const;
    void check() const;

    bool is_parent_watched_;
    int parent_;
    mutable std::mutex mutex_;
    std::list<const Task*> tasks_;
    std::jthread thread_;  // last: it uses all of the above
};

/// The keys of the tasks during which processes died, as their notes have it.
std::vector<std::uint64_t> read_death_notes(const std::string& path);

}  // namespace faintweb::base
