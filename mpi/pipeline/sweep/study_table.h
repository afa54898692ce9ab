// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "lib/campaign/sweep.h"
#include "lib/score/study.h"

/// The table of a sweep.
namespace faintweb::pipeline {

/// The columns of a run's history.csv by their names.
std::map<std::string, std::vector<double>> read_history(const campaign::SweepRun& run);

/// A row for each of a run's epochs that is looked at; those of a failed training have its reason.
std::vector<score::StudyRow> rows_of(const campaign::SweepRun& run);

/// The table as comma-separated values, in the columns of score::study_columns().
std::string csv_of(std::span<const score::StudyRow> rows);

}  // namespace faintweb::pipeline
