// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

#include "lib/base/file.h"

namespace faintweb::base {

/// Keeps a catalogue or a folder to one run at a time while it lives, through a file that names
/// host and process. What a dead process of this host, or an earlier start of this Slurm job, has
/// left behind is taken over. Where the file system knows no locks there is a warning, and the
/// names in the file have to do.
class RunLock {
  public:
    /// @param path  of the lock file; it goes when the lock does.
    /// @param what  the catalogue or folder that it keeps, for messages.
    /// @throws UsageError  if another run holds it, or one of another host may; names it. Also if
    ///     the file is no lock: then it stays as it is.
    RunLock(const std::string& path, const std::string& what);
    ~RunLock();
    RunLock(const RunLock&) = delete;
    RunLock& operator=(const RunLock&) = delete;

  private:
    std::string path_;
    Descriptor file_;
};

}  // namespace faintweb::base
