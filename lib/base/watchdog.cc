// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/watchdog.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <span>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/log.h"
#include "lib/base/record_file.h"

namespace faintweb::base {
namespace {

constexpr std::array fatal_signals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
std::array<struct sigaction, fatal_signals.size()> handlers_before{};
std::array<char, 4096> notes_path{};
thread_local std::uint64_t key_of_thread = 0;
/// Of the thread that works while the main one reads.
std::atomic<std::uint64_t> key_of_worker{0};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// Only what a signal handler may do: one record, in one write.
void leave_note(std::uint64_t key) {
    if (key == 0 || notes_path[0] == '\0') {
        return;
    }
    struct {
        std::uint32_t n_bytes = sizeof(key);
        std::uint32_t crc = 0;
        std::uint64_t key = 0;
    } record;
    record.key = key;
    record.crc = crc32c(std::as_bytes(std::span(&key, 1)),
                        crc32c(std::as_bytes(std::span(&record.n_bytes, 1))));
    const int file = ::open(notes_path.data(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file >= 0) {
        // There is nobody left to tell if it fails.
        [[maybe_unused]] const ssize_t n = ::write(file, &record, sizeof(record));
        ::close(file);
    }
}

void note_and_pass_on(int signal) {
    leave_note(key_of_thread != 0 ? key_of_thread : key_of_worker.load());
    for (std::size_t i = 0; i < fatal_signals.size(); ++i) {
        if (fatal_signals[i] == signal) {
            sigaction(signal, &handlers_before[i], nullptr);
        }
    }
    // Comes to the handler that was there before when this one returns.
    raise(signal);
}

}  // namespace

Watchdog::Watchdog(const WatchdogSettings& settings)
    : is_parent_watched_(settings.is_parent_watched), parent_(getppid()) {
    if (settings.notes_path.size() >= notes_path.size()) {
        throw UsageError("the name of the output folder is too long, choose a shorter one");
    }
    settings.notes_path.copy(notes_path.data(), notes_path.size() - 1);
    notes_path[settings.notes_path.size()] = '\0';
    for (std::size_t i = 0; i < fatal_signals.size(); ++i) {
        struct sigaction action {};
        action.sa_handler = note_and_pass_on;
        sigaction(fatal_signals[i], &action, &handlers_before[i]);
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Watchdog::~Watchdog() {
    for (std::size_t i = 0; i < fatal_signals.size(); ++i) {
        sigaction(fatal_signals[i], &handlers_before[i], nullptr);
    }
}

void Watchdog::run(const std::stop_token& stop) const {
    constexpr auto pause = std::chrono::milliseconds(100);
    while (!stop.stop_requested()) {
        std::this_thread::sleep_for(pause);
        check();
    }
}

void Watchdog::check() const {
    constexpr int code = static_cast<int>(ExitCode::interrupted);
    if (is_parent_watched_ && getppid() != parent_) {
        log_error("ends (the process that started this one has gone), run again to go on");
        ::_exit(code);
    }
    const auto now = Task::Clock::now();
    const std::scoped_lock lock(mutex_);
    for (const Task* task : tasks_) {
        if (std::chrono::duration<double>(now - task->start_).count() > task->deadline_s_) {
            log_error(
                fmt::format("gave up after {:g} s of {} (parallel.deadline_s), run again to go on",
                            task->deadline_s_, task->what_));
            leave_note(task->key_);
            ::_exit(code);
        }
    }
}

Watchdog::Task::Task(Watchdog& watchdog, std::string what, double deadline_s, std::uint64_t key)
    : watchdog_(watchdog),
      what_(std::move(what)),
      deadline_s_(deadline_s),
      start_(Clock::now()),
      key_(key),
      is_on_main_thread_(::gettid() == ::getpid()) {
    set_key(key_);
    const std::scoped_lock lock(watchdog_.mutex_);
    place_ = watchdog_.tasks_.insert(watchdog_.tasks_.end(), this);
}

void Watchdog::Task::set_key(std::uint64_t key) const {
    if (key_ != 0) {
        key_of_thread = key;
        if (!is_on_main_thread_) {
            // Another's that was begun since stays.
            std::uint64_t own = key_;
            if (key != 0) {
                key_of_worker = key;
            } else {
                key_of_worker.compare_exchange_strong(own, 0);
            }
        }
    }
}

Watchdog::Task::~Task() {
    set_key(0);
    const std::scoped_lock lock(watchdog_.mutex_);
    watchdog_.tasks_.erase(place_);
}

std::vector<std::uint64_t> read_death_notes(const std::string& path) {
    std::vector<std::uint64_t> keys;
    read_records(path, 0, [&](std::int64_t, std::span<const std::byte> payload) {
        std::uint64_t key = 0;
        if (payload.size() == sizeof(key)) {
            std::memcpy(&key, payload.data(), sizeof(key));
            keys.push_back(key);
        }
    });
    return keys;
}

}  // namespace faintweb::base
