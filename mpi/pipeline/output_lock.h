// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <memory>
#include <string>

#include "lib/base/run_lock.h"
#include "mpi/comm/communicator.h"

/// Folders and files that a run is about to write.
namespace faintweb::pipeline {

/// Makes a folder and checks that it can be written into, before work is done.
///
/// @throws comm::CollectiveError  if it cannot.
/// @collective yes: every rank.
void prepare_folder(const comm::Communicator& communicator, const std::string& folder);

/// Makes the folder of a file to come and checks that it can be written into.
///
/// @throws comm::CollectiveError  if it cannot.
/// @collective yes: every rank.
void prepare_output(const comm::Communicator& communicator, const std::string& path);

/// Keeps a catalogue, or a folder that many files are written into, to one run at a time.
class OutputLock {
  public:
    /// @param path  of the lock, in a folder that is there.
    /// @param what  it keeps, for messages.
    /// @throws comm::CollectiveError  if another run holds it.
    /// @collective yes: every rank.
    OutputLock(const comm::Communicator& communicator,
               const std::string& path,
               const std::string& what);

  private:
    std::unique_ptr<base::RunLock> lock_;  ///< rank 0's
};

}  // namespace faintweb::pipeline
