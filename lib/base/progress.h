// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace faintweb::base {

/// Progress of one stage with rate and time left: a line that rewrites itself on a terminal, a
/// plain line at most every 10 s in a log. Not thread-safe: one thread reports.
class Progress {
  public:
    /// @param what  what is counted, plural: "fields", "epochs".
    Progress(std::string stage, std::string what, std::int64_t total);
    void advance(std::int64_t n = 1, const std::string& note = "");
    /// Ends the terminal line and logs the total and the mean rate.
    void finish();

  private:
    void show(bool last);

    using Clock = std::chrono::steady_clock;
    std::string stage_;
    std::string what_;
    std::string note_;
    std::int64_t total_;
    std::int64_t n_done_ = 0;
    Clock::time_point start_;
    Clock::time_point shown_;
    bool is_terminal_;
};

/// "3 s", "4 min 10 s", "2 h 5 min".
std::string duration_text(double seconds);

}  // namespace faintweb::base
