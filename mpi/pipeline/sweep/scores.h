// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <map>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/campaign/sweep.h"
#include "lib/report/study_report.h"
#include "lib/score/metrics.h"
#include "mpi/comm/communicator.h"

/// What the models of a sweep, and the best threshold finders, reach on its test fields.
namespace faintweb::pipeline {

/// Scores all models that have no scores yet and keeps the scores in the folders of their runs.
///
/// @throws comm::CollectiveError  if a rank was asked to stop.
/// @collective yes: every rank.
void score_all(const comm::Communicator& communicator,
               const campaign::Campaign& campaign,
               const std::vector<campaign::SweepRun>& runs);

/// The scores of a run's models, which score_all() has kept: after each of its epochs, [n_fields].
std::map<int, std::vector<score::FieldScore>> read_scores(const campaign::SweepRun& run);

/// The best threshold finder under each label rule, on the root; kept in finders.json.
///
/// @collective yes: every rank.
std::vector<report::FinderResult> find_finders(const comm::Communicator& communicator,
                                               const campaign::Campaign& campaign,
                                               const std::vector<campaign::SweepRun>& runs);

}  // namespace faintweb::pipeline
