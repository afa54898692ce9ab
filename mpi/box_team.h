#pragma once

#include "lib/sky/team.h"
#include "mpi/communicator.h"

namespace faintweb::mpi {

/// The ranks of a communicator as a team that simulates a box.
///
/// Its exchanges are for the work of `together`: they end that work once it has failed on any rank.
sky::Team box_team(const Communicator& communicator);

}  // namespace faintweb::mpi
