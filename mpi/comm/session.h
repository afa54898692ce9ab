// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <functional>
#include <string>

#include "lib/base/error.h"
#include "mpi/comm/communicator.h"
#include "mpi/comm/launch.h"

namespace faintweb::comm {

/// MPI from start to end of the process. It works under mpirun and, as a world of one, without it.
class Session {
  public:
    Session(int& argc, char**& argv);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Runs the program on this rank and gives the process's exit code, which all ranks agree on
    /// (the largest).
    ///
    /// A CollectiveError leaves on all ranks alike: rank 0 says it, all return its code. Any other
    /// exception on any rank ends the whole job: one message with rank and host, then MPI_Abort
    /// with the error's exit code. Going on would leave the other ranks waiting.
    ///
    /// @collective yes: every rank.
    int run(const std::function<int(Communicator&)>& program);

  private:
    Communicator world_;
};

/// Runs a program that needs no MPI, and gives the process's exit code. Where a
/// launcher has started several, the first alone says what was wrong.
int run_without_mpi(const std::function<base::ExitCode(const Launch&)>& program);

/// "Open MPI 4.1.4".
std::string mpi_version();

/// "2.28.9"; empty where NCCL is not built in.
std::string nccl_version();

}  // namespace faintweb::comm
