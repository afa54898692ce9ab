// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

#include "lib/campaign/campaign.h"
#include "lib/catalogue/records.h"
#include "lib/infer/classifier.h"
#include "mpi/comm/communicator.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/field_plan.h"

/// What a catalogue says of how it was made.
namespace faintweb::pipeline {

/// The time of day in UTC, as catalogues keep it.
std::string now_text();

/// The kernels of all ranks, each once. Warns if they differ.
///
/// @collective yes: every rank.
std::string kernels_of_ranks(const comm::Communicator& communicator,
                             const infer::Classifier& classifier);

/// How a catalogue is made.
///
/// @param kernels  kernels_of_ranks().
/// @param started  now_text() of when the run began.
catalogue::Provenance make_provenance(const comm::Communicator& communicator,
                                      const campaign::Campaign& campaign,
                                      const LoadedModel& loaded,
                                      const std::string& kernels,
                                      const FieldPlan& plan,
                                      const std::string& started);

/// A hash of all that rows follow from beside their field.
std::string run_hash_of(const catalogue::Provenance& provenance, const std::string& kernels);

}  // namespace faintweb::pipeline
