#pragma once

#include <functional>
#include <string>

#include "mpi/communicator.h"

namespace faintweb::mpi {

/// MPI from start to end of the process. Works under mpirun and, as a world of one, without it.
class Session {
  public:
    Session(int& argc, char**& argv);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Runs the program on this rank and gives the process's exit code, which all ranks agree on
    /// (the largest).
    ///
    /// An AgreedError leaves on all ranks alike: rank 0 says it, all return its code. Any other
    /// exception on any rank ends the whole job: one message with rank and host, then MPI_Abort
    /// with the error's exit code. Going on would leave the other ranks waiting.
    ///
    /// @collective yes: every rank.
    int run(const std::function<int(Communicator&)>& program);

  private:
    Communicator world_;
};

/// "Open MPI 4.1.4, HDF5 1.10.8" and NCCL's version where it is built in.
std::string library_versions();

}  // namespace faintweb::mpi
