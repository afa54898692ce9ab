// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "mpi/comm/field_messages.h"
#include "mpi/comm/share_fields.h"

namespace faintweb::comm {

/// The threads that work on the fields of one rank, fed and asked by the thread that calls MPI.
class FieldThreads {
  public:
    /// Something that rank 0 is to be told.
    struct Event {
        NewsMessage message{};
        std::string reason{};  ///< of an unreadable field
    };

    FieldThreads(int n_threads, const FieldJob& job);

    /// Takes a field to be worked on.
    ///
    /// @param pixels  none: the field is to be read here.
    void add(std::int64_t field, std::optional<std::vector<float>> pixels);

    /// What has happened since the last call, in its order. Rethrows what the work threw.
    std::vector<Event> take_events();

    /// Lets the threads begin the fields whose begun events take_events() has given: those events
    /// have been passed on.
    void release();

  private:
    Event work_on(std::int64_t field, std::optional<std::vector<float>> pixels);
    void run(const std::stop_token& stop);

    const FieldJob& job_;
    std::mutex mutex_;
    std::condition_variable_any is_fed_;
    std::condition_variable_any is_released_;
    std::int64_t n_begun_ = 0;
    std::int64_t n_taken_ = 0;
    std::int64_t n_released_ = 0;
    std::deque<std::pair<std::int64_t, std::optional<std::vector<float>>>> waiting_;
    std::vector<Event> events_;
    std::exception_ptr failure_;
    std::vector<std::jthread> threads_;  // last: they use all of the above
};

}  // namespace faintweb::comm
