// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/core.h>
#include <unistd.h>

#include "lib/base/log.h"

namespace faintweb::base {

std::string duration_text(double seconds) {
    const auto whole = static_cast<std::int64_t>(std::llround(std::max(0.0, seconds)));
    if (whole < 60) {
        return fmt::format("{} s", whole);
    }
    if (whole < 3600) {
        return fmt::format("{} min {} s", whole / 60, whole % 60);
    }
    return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

Progress::Progress(std::string stage, std::string what, std::int64_t total)
    : stage_(std::move(stage)),
      what_(std::move(what)),
      total_(total),
      start_(Clock::now()),
      shown_(start_),
      is_terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::advance(std::int64_t n, const std::string& note) {
    n_done_ += n;
    note_ = note;
    const auto now = Clock::now();
    const auto interval = is_terminal_ ? std::chrono::milliseconds(200) : std::chrono::seconds(10);
    if (now - shown_ >= interval) {
        shown_ = now;
        show(false);
    }
}

void Progress::finish() {
    show(true);
}

void Progress::show(bool last) {
    const double elapsed_s = std::chrono::duration<double>(Clock::now() - start_).count();
    const double rate = static_cast<double>(n_done_) / std::max(elapsed_s, 1e-9);
    const double left_s = rate > 0 ? static_cast<double>(total_ - n_done_) / rate : 0;
    const std::string line =
        fmt::format("{}: {}/{} {}, {:.3g}/s, {}{}{}", stage_, n_done_, total_, what_, rate,
                    last ? "took " + duration_text(elapsed_s) : duration_text(left_s) + " left",
                    note_.empty() ? "" : ", ", note_);
    if (is_terminal_) {
        std::fprintf(stderr, "\r\033[K%s%s", line.c_str(), last ? "\n" : "");
    } else {
        log_info(line);
    }
}

}  // namespace faintweb::base
