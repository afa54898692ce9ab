// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "mpi/comm/communicator.h"

namespace faintweb::test {

/// The communicator of all ranks that run this test program.
const comm::Communicator& world();

}  // namespace faintweb::test
