// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "mpi/pipeline/stage.h"

namespace faintweb::pipeline {

/// Classifies the maps of a campaign into a catalogue.
extern const Stage detect_stage;

/// Classifies the maps of a campaign, or goes on with a run that did not end; then writes what
/// there is to be beside the catalogue.
///
/// @return  failed_inputs if a map, or a part of one, could not be used.
/// @throws comm::CollectiveError  if the run cannot go on.
/// @collective yes: every rank.
base::ExitCode detect(const comm::Communicator& communicator, const campaign::Campaign& campaign);

}  // namespace faintweb::pipeline
