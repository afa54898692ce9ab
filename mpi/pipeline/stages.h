// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <string>

#include "lib/base/error.h"
#include "lib/campaign/campaign.h"
#include "mpi/comm/communicator.h"
#include "mpi/pipeline/detect/detect.h"
#include "mpi/pipeline/evaluate/evaluate.h"
#include "mpi/pipeline/simulate/simulate.h"
#include "mpi/pipeline/stage.h"
#include "mpi/pipeline/train/train_stage.h"

/// The stages of a campaign, and what its output folder remembers of those that were done in it.
namespace faintweb::pipeline {

/// All stages, in their order.
inline constexpr std::array<const Stage*, 4> all_stages{&simulate_stage, &train_stage,
                                                        &evaluate_stage, &detect_stage};

/// The stage of this name.
const Stage& stage_of(campaign::Stage name);

/// Hash of all that a stage's results depend on.
std::string stage_hash(const campaign::Campaign& campaign, const Stage& stage);

/// The file that keeps the hash of a finished stage.
std::string stamp_path(const campaign::Campaign& campaign, const Stage& stage);

/// Whether the stage was done with the same hash and all of its results are still there.
bool is_finished(const campaign::Campaign& campaign, const Stage& stage);

/// Remembers that a stage is done; OUTPUT/.stages must be there.
void mark_finished(const campaign::Campaign& campaign, const Stage& stage);

/// Forgets that a stage which is to be done anew, and the stages after it, were finished.
///
/// @throws comm::CollectiveError  if their stamps cannot be removed.
/// @collective yes: every rank.
void forget_from(const comm::Communicator& communicator,
                 const campaign::Campaign& campaign,
                 const Stage& stage);

/// Does a stage unless it is finished.
///
/// @collective yes: every rank.
base::ExitCode finish_stage(const comm::Communicator& communicator,
                            const campaign::Campaign& campaign,
                            const Stage& stage);

}  // namespace faintweb::pipeline
