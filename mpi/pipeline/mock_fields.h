// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "lib/campaign/campaign.h"
#include "mpi/comm/communicator.h"
#include "mpi/pipeline/field_plan.h"
#include "mpi/pipeline/work_on_fields.h"

/// The fields of a campaign's mock skies, whether read from files or made in memory.
namespace faintweb::pipeline {

/// The fields of a mock set, each with its truth. They have the same numbers, whether the set is in
/// files or in memory.
///
/// @param margin_px  what the network wants to see around each tile, pixel.
/// @param noise      measured if pixels are scaled by their local rms.
/// @throws comm::CollectiveError  if an image is missing or bad: a set with a hole would be
///                                another set.
/// @collective yes: every rank.
FieldPlan plan_mock_fields(const comm::Communicator& communicator,
                           const campaign::Campaign& campaign,
                           sky::SkySet set,
                           std::int64_t margin_px = 0,
                           Noise noise = Noise::ignored);

/// What scaling pixels asks of the fields.
inline Noise noise_for(tile::Scaling scaling) {
    return scaling == tile::Scaling::asinh_local ? Noise::measured : Noise::ignored;
}

/// Lets the ranks work on the fields of a plan, of which none may be missing: it would be another
/// set. Rank 0 scatters the fields of files as work_on_fields does; of a set in memory it hands out
/// whole skies, which a rank makes one at a time and cuts up itself.
///
/// @param work  called by one thread at a time, with the same pixels either way.
/// @collective yes: every rank.
void work_on_mock_fields(const comm::Communicator& communicator,
                         const campaign::Campaign& campaign,
                         sky::SkySet set,
                         const std::string& stage,
                         const FieldPlan& plan,
                         const std::function<void(catalogue::FieldId, FieldPixels)>& work);

}  // namespace faintweb::pipeline
