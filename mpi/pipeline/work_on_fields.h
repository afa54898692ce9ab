// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "lib/base/watchdog.h"
#include "lib/campaign/campaign.h"
#include "lib/image/fits_map.h"
#include "mpi/comm/communicator.h"
#include "mpi/pipeline/field_plan.h"
#include "mpi/pipeline/field_store.h"

/// Fields of a plan that are handed out to ranks and worked on.
namespace faintweb::pipeline {

/// What a command does with the fields of a plan, on the rank that was handed them.
struct PlanJob {
    /// Works on a field; called by n_at_once threads. A base::InputError costs this field only:
    /// fail is called then.
    std::function<void(catalogue::FieldId field, FieldPixels pixels)> work;
    /// Takes the reason why a field could not be used; may be called while another thread is at
    /// work.
    std::function<void(catalogue::FieldId field, const std::string& reason)> fail;
    /// Fields that this rank works on at the same time.
    int n_at_once = 1;
    /// Where another run can go on from; null for commands that begin anew each time.
    FieldStore* store = nullptr;
    /// What ends a rank that is stuck; null for commands without.
    base::Watchdog* watchdog = nullptr;
};

/// Lets rank 0 scatter the fields of a plan, as pixels or as windows that the workers read, and
/// shows the progress and how many fields each rank has had. With a store only what is not done yet
/// is handed out, and no more once a rank is asked to stop.
///
/// @param options  how the plan's maps were opened.
/// @collective yes: every rank.
void work_on_fields(const comm::Communicator& communicator,
                    const campaign::Campaign& campaign,
                    const std::string& stage,
                    const FieldPlan& plan,
                    const image::MapOptions& options,
                    const PlanJob& job);

/// Logs on rank 0 how many fields each rank has worked on.
///
/// @collective yes: every rank.
void log_shares(const comm::Communicator& communicator,
                const std::string& stage,
                std::size_t n_worked_here);

}  // namespace faintweb::pipeline
