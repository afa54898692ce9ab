// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <string>

#include "lib/learn/training_step.h"
#include "mpi/comm/gradient_reducer.h"

namespace faintweb::pipeline {

/// Where the time of a training went on one rank.
struct TrainingProfile {
    std::int64_t n_steps = 0;
    double exchange_s = 0;  ///< of tiles between ranks, once per epoch
    learn::StepTimes step;
    comm::ReductionTimes reduction;
};

/// A table of milliseconds per step on rank 0 and on the slowest rank, the one that computed
/// longest (the others' reductions wait for it).
///
/// Where ranks share the weights, the reduction is also what sharing took (StepTimes::sharing_s),
/// and backward has the gradients that apply() makes of the factors of all ranks. The part of the
/// reduction that was in flight at the same time as backward is not in the sum; whether anything
/// moved meanwhile, a CPU cannot tell. On a GPU the times are those of the thread that queues its
/// work.
///
/// @return  [rank 0] the table; empty elsewhere.
/// @collective yes: every rank, after as many steps.
std::string profile_table(const comm::Communicator& communicator, const TrainingProfile& profile);

}  // namespace faintweb::pipeline
