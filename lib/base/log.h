// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

namespace faintweb::base {

enum class LogLevel { info, warning, error };

/// Sets what every later line of this process starts with ("rank 2", empty for a serial run) and
/// the lowest level that is printed.
void configure_log(const std::string& prefix, LogLevel lowest);

/// Writes one line with the time on standard error; safe to call from any thread.
void log(LogLevel level, const std::string& message);

/// Logs how the work goes on.
inline void log_info(const std::string& message) {
    log(LogLevel::info, message);
}
/// Logs what the user should look at, though the work goes on.
inline void log_warning(const std::string& message) {
    log(LogLevel::warning, message);
}
/// Logs why something has failed.
inline void log_error(const std::string& message) {
    log(LogLevel::error, message);
}

/// Prints a result (not a log line) on standard output.
void print(const std::string& line);

}  // namespace faintweb::base
