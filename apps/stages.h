#pragma once

#include <string>

#include "lib/base/error.h"
#include "lib/campaign/campaign.h"
#include "mpi/comm/communicator.h"

/// What an output folder remembers of the stages that were done in it.
namespace faintweb::apps {

/// Hash of all that a stage's output depends on.
std::string stage_hash(const campaign::Campaign& campaign, campaign::Stage stage);

/// Whether the stage was done with the same hash and all that it writes is still there.
bool is_finished(const campaign::Campaign& campaign, campaign::Stage stage);

/// Remembers that a stage is done; OUTPUT/.stages must be there.
void mark_finished(const campaign::Campaign& campaign, campaign::Stage stage);

/// What follows from a stage that is done anew is no longer finished.
/// @throws comm::CollectiveError
/// @collective yes: every rank.
void forget_from(const comm::Communicator& communicator,
                 const campaign::Campaign& campaign,
                 campaign::Stage stage);

/// Does a stage unless it is finished.
/// @collective yes: every rank.
base::ExitCode finish_stage(const comm::Communicator& communicator,
                            const campaign::Campaign& campaign,
                            campaign::Stage stage);

}  // namespace faintweb::apps
