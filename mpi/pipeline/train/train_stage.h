// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "mpi/pipeline/stage.h"

namespace faintweb::pipeline {

/// Trains the network of a campaign.
extern const Stage train_stage;

}  // namespace faintweb::pipeline
