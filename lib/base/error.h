// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <stdexcept>
#include <string>

namespace faintweb::base {

/// Exit codes of the program (docs/design.md, "Promises").
enum class ExitCode : int {
    done = 0,
    internal = 1,
    usage = 2,
    failed_inputs = 3,
    disk = 74,
    interrupted = 75,
};

/// An error that a person reads: problem (why it is one), what to do.
class Error : public std::runtime_error {
  public:
    Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
    ExitCode code() const noexcept { return code_; }

  private:
    ExitCode code_;
};

/// Wrong use: command line, campaign or model. Nothing was started.
class UsageError : public Error {
  public:
    explicit UsageError(const std::string& message) : Error(ExitCode::usage, message) {}
};

/// One bad input (a map, a truth image): it costs itself only; the rest of the run goes on.
class InputError : public Error {
  public:
    explicit InputError(const std::string& message) : Error(ExitCode::failed_inputs, message) {}
};

/// The disk is full, read-only or failing; the run can be resumed.
class DiskError : public Error {
  public:
    explicit DiskError(const std::string& message) : Error(ExitCode::disk, message) {}
};

/// "PROBLEM: strerror(error_number)" as a DiskError for ENOSPC, EDQUOT, EIO and EROFS, else an
/// InputError.
[[noreturn]] void throw_errno(const std::string& problem, int error_number);

}  // namespace faintweb::base
