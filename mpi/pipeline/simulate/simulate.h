// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "mpi/pipeline/stage.h"

namespace faintweb::pipeline {

/// Makes the mock skies of a campaign. Each sky that is there already is kept.
extern const Stage simulate_stage;

}  // namespace faintweb::pipeline
