// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/sweep/figures.h"

#include <algorithm>

#include "lib/report/study_report.h"
#include "mpi/pipeline/sweep/study_table.h"
#include "mpi/pipeline/sweep/trainings.h"

namespace faintweb::pipeline {

using campaign::Campaign;
using campaign::SweepRun;

void draw_figures(const Campaign& campaign,
                  const std::vector<SweepRun>& runs,
                  std::span<const score::StudyRow> rows) {
    const auto on_grid = std::ranges::find_if(
        rows, [](const score::StudyRow& row) { return row.test_id > 0 && row.failure.empty(); });
    if (on_grid == rows.end()) {
        return;
    }
    std::vector<score::StudyRow> shown;
    for (const score::StudyRow& row : rows) {
        if (row.label == on_grid->label && row.seed == on_grid->seed &&
            row.network == on_grid->network && row.variant == on_grid->variant &&
            row.scaling == on_grid->scaling) {
            shown.push_back(row);
        }
    }
    report::draw_test_ids(campaign.output + "/figure5.png", shown);
    std::vector<report::LearningCurve> curves;
    for (const SweepRun& run : runs) {
        const bool is_shown = std::ranges::any_of(
            shown, [&](const score::StudyRow& row) { return row.run == run.name; });
        if (is_shown && failure_of(run).empty()) {
            auto history = read_history(run);
            curves.push_back({run.campaign.train.learning_rate, run.campaign.train.batch_size,
                              history.at("steps"), history.at("accuracy")});
        }
    }
    report::draw_learning_curves(campaign.output + "/figure6.png", curves);
}

}  // namespace faintweb::pipeline
