// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <span>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/campaign/sweep.h"
#include "lib/score/study.h"

namespace faintweb::pipeline {

/// Draws the paper's figures of its grid, from the runs of the first label rule and seed that are
/// on it; none without such runs.
void draw_figures(const campaign::Campaign& campaign,
                  const std::vector<campaign::SweepRun>& runs,
                  std::span<const score::StudyRow> rows);

}  // namespace faintweb::pipeline
