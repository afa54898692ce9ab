#pragma once

#include <memory>

#include "lib/learn/shared_memory.h"
#include "mpi/communicator.h"

namespace faintweb::mpi {

/// Memory of ranks that are all on one host; part r is of rank r. A rank that leaves with an error
/// leaves it as it is, as the others may be at work in it until the job ends.
///
/// @collective yes: every rank makes it and ends it.
std::unique_ptr<learn::SharedMemory> make_host_memory(const Communicator& communicator);

}  // namespace faintweb::mpi
