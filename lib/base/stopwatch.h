// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <chrono>
#include <utility>

namespace faintweb::base {

/// Wall time between one call and the next.
class Stopwatch {
  public:
    /// Seconds since the last call, or since the start.
    double lap() {
        const auto now = std::chrono::steady_clock::now();
        return std::chrono::duration<double>(now - std::exchange(last_, now)).count();
    }

    /// Seconds since the last lap, or since the start; the lap goes on.
    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - last_).count();
    }

  private:
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace faintweb::base
