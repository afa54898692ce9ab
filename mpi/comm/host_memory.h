// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <memory>

#include "lib/learn/shared_memory.h"
#include "mpi/comm/communicator.h"

namespace faintweb::comm {

/// Makes memory of ranks that are all on one host; part r is of rank r.
///
/// @collective yes: every rank makes it; any may end it alone.
std::unique_ptr<learn::SharedMemory> make_host_memory(const Communicator& communicator);

}  // namespace faintweb::comm
