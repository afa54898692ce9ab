// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/campaign/sweep.h"
#include "mpi/comm/communicator.h"

/// The trainings of a sweep.
namespace faintweb::pipeline {

/// One run of each training: runs that differ in their label rule may share one.
std::vector<const campaign::SweepRun*> trainings_of(const std::vector<campaign::SweepRun>& runs);

/// Why the run has no model, if it was tried with the settings of today; empty otherwise.
std::string failure_of(const campaign::SweepRun& run);

/// Trains the runs that are not trained yet, each group of ranks one run after another.
///
/// @throws comm::CollectiveError  if a rank was asked to stop, when all groups have.
/// @collective yes: every rank.
void train_all(const comm::Communicator& communicator,
               const campaign::Campaign& campaign,
               const std::vector<campaign::SweepRun>& runs);

/// Ends the sweep on all ranks if one of them was asked to stop: what is finished is kept.
///
/// @throws comm::CollectiveError  if one was.
/// @collective yes: every rank.
void stop_if_asked(const comm::Communicator& communicator);

}  // namespace faintweb::pipeline
