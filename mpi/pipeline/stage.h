// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/campaign/campaign.h"
#include "mpi/comm/communicator.h"
#include "mpi/pipeline/estimate.h"

namespace faintweb::pipeline {

/// One stage of a campaign: all that the rest of the program knows of it.
struct Stage {
    campaign::Stage name;
    const Stage* depends_on;  ///< the stage whose results it uses; null: none
    /// Text of all that its results follow from, beside the results of depends_on.
    std::string (*settings)(const campaign::Campaign&);
    /// The files that are there once the stage is finished.
    std::vector<std::string> (*results)(const campaign::Campaign&);
    /// All files that the stage writes, and what tells them from files of the user's.
    std::vector<base::Output> (*outputs)(const campaign::Campaign&);
    /// The files that the stage reads.
    std::vector<std::string> (*inputs)(const campaign::Campaign&);
    /// What the stage would do; no more than headers are read for that.
    StageEstimate (*estimate)(const campaign::Campaign&);
    /// Does the stage, finished before or not.
    ///
    /// @collective yes: every rank.
    base::ExitCode (*run)(const comm::Communicator&, const campaign::Campaign&);
};

}  // namespace faintweb::pipeline
