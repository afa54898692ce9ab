// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <vector>

#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/campaign/campaign.h"
#include "mpi/comm/communicator.h"

namespace faintweb::pipeline {

/// All trainings of a campaign's sweep, by groups of ranks, and their scores in one table. What is
/// finished and unchanged is skipped; a training that fails, for instance because it diverged, is
/// recorded and costs itself only.
///
/// @return  failed_inputs if a training has no model.
/// @collective yes: every rank.
base::ExitCode sweep(const comm::Communicator& communicator, const campaign::Campaign& campaign);

/// All files that a sweep writes, but those of the simulate stage.
std::vector<base::Output> outputs_of_sweep(const campaign::Campaign& campaign);

}  // namespace faintweb::pipeline
