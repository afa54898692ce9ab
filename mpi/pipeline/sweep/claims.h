// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "mpi/comm/communicator.h"

namespace faintweb::pipeline {

/// Takes the next run that no group has taken, or none if there is none left or a group was asked
/// to stop: the group that makes the run's folder among the claims has it. Which group takes which
/// run depends on timing, but no result on the group.
///
/// @param claims  the folder of the claims.
/// @param next    where to look from.
/// @collective yes: every rank of the group.
std::optional<std::size_t> claim(const comm::Communicator& group,
                                 const std::string& claims,
                                 std::size_t next,
                                 std::size_t n_runs);

/// Lets no group claim any more.
///
/// @collective yes: every rank of the group.
void close_claims(const comm::Communicator& group, const std::string& claims);

}  // namespace faintweb::pipeline
