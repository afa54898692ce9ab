#pragma once

#include "mpi/communicator.h"

namespace faintweb::test {

/// The communicator of all ranks that run this test program.
const mpi::Communicator& world();

}  // namespace faintweb::test
