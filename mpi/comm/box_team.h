// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "lib/sky/box/team.h"
#include "mpi/comm/communicator.h"

namespace faintweb::comm {

/// The ranks of a communicator as a team that simulates a box.
///
/// The exchanges of the team are for the work of `collectively`: they end that work once it has
/// failed on any rank.
sky::Team box_team(const Communicator& communicator);

}  // namespace faintweb::comm
