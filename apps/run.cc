// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>

#include "apps/commands.h"
#include "lib/base/log.h"
#include "mpi/pipeline/output_lock.h"
#include "mpi/pipeline/stages.h"

namespace faintweb::apps {

base::ExitCode run(const comm::Communicator& communicator, const campaign::Campaign& campaign) {
    base::ExitCode worst = base::ExitCode::done;
    for (const campaign::Stage stage : campaign.stages) {
        worst = std::max(worst,
                         pipeline::finish_stage(communicator, campaign, pipeline::stage_of(stage)));
    }
    if (communicator.is_root()) {
        base::print("results are in " + campaign.output);
    }
    return worst;
}

base::ExitCode run_one(const comm::Communicator& communicator,
                       const campaign::Campaign& campaign,
                       campaign::Stage name) {
    const pipeline::Stage& stage = pipeline::stage_of(name);
    pipeline::prepare_folder(communicator, campaign.output);
    pipeline::forget_from(communicator, campaign, stage);
    return stage.run(communicator, campaign);
}

}  // namespace faintweb::apps
