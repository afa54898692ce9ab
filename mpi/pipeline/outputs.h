// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "lib/base/output.h"
#include "lib/campaign/campaign.h"
#include "mpi/comm/communicator.h"

/// Which files a campaign writes, and whether it may.
namespace faintweb::pipeline {

/// What a campaign does: its stages, or a sweep.
enum class Work { stages, sweep };

/// Checks that a campaign may write all that it writes. It may replace what its stages have written
/// into its output folder before, as OUTPUT/.stages says.
///
/// @throws comm::CollectiveError  see base::check_outputs.
/// @collective yes: every rank.
void check_campaign_outputs(const comm::Communicator& communicator,
                            const campaign::Campaign& campaign,
                            Work work,
                            base::Overwrite overwrite);

/// Notes in OUTPUT/.stages what is about to be written, after check_campaign_outputs().
///
/// @collective yes: every rank.
void claim_campaign_outputs(const comm::Communicator& communicator,
                            const campaign::Campaign& campaign,
                            Work work);

}  // namespace faintweb::pipeline
