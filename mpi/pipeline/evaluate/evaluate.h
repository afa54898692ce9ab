// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "mpi/pipeline/stage.h"

namespace faintweb::pipeline {

/// Scores the models of a campaign, and the best threshold finder, on its test skies.
extern const Stage evaluate_stage;

}  // namespace faintweb::pipeline
