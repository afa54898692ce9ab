// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/sweep/sweep.h"

#include <set>
#include <span>
#include <string>

#include <fmt/core.h>

#include "lib/base/drain.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/campaign/sweep.h"
#include "lib/report/study_report.h"
#include "lib/score/study.h"
#include "mpi/io/study_file.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/output_kinds.h"
#include "mpi/pipeline/output_lock.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/stages.h"
#include "mpi/pipeline/sweep/figures.h"
#include "mpi/pipeline/sweep/scores.h"
#include "mpi/pipeline/sweep/study_table.h"
#include "mpi/pipeline/sweep/trainings.h"

namespace faintweb::pipeline {
namespace {

using base::Output;
using campaign::Campaign;
using campaign::SweepRun;

/// Writes and prints what the study gives.
/// @return  how many trainings have no model.
std::size_t report_study(const Campaign& campaign,
                         const std::vector<SweepRun>& runs,
                         std::span<const report::FinderResult> finders) {
    std::vector<score::StudyRow> rows;
    std::size_t n_failed = 0;
    for (const SweepRun& run : runs) {
        const std::vector<score::StudyRow> of_run = rows_of(run);
        n_failed += of_run.front().failure.empty() ? 0 : 1;
        rows.insert(rows.end(), of_run.begin(), of_run.end());
    }
    base::write_file(campaign.output + "/sweep.csv", csv_of(rows));
    io::write_study(campaign.output + "/sweep.h5", rows);
    const std::string table = report::study_table(rows, finders, campaign.sweep.reference);
    base::write_file(campaign.output + "/table2.md", table);
    draw_figures(campaign, runs, rows);
    base::print(table);
    base::print(
        fmt::format("sweep: {} runs of {} trainings, {} runs without a model; results are in {}",
                    runs.size(), trainings_of(runs).size(), n_failed, campaign.output));
    return n_failed;
}

}  // namespace

base::ExitCode sweep(const comm::Communicator& communicator, const Campaign& campaign) {
    prepare_folder(communicator, campaign.output + "/runs");
    if (campaign.simulate.n_test == 0) {
        throw comm::CollectiveError(base::ExitCode::usage,
                                    "cannot evaluate without test skies, raise simulate.n_test");
    }
    if (campaign.sweep.group_size > communicator.size()) {
        throw comm::CollectiveError(base::ExitCode::usage,
                                    fmt::format("sweep.group_size is {} (there are fewer ranks: "
                                                "{}), start more ranks or make it smaller",
                                                campaign.sweep.group_size, communicator.size()));
    }
    // Before the first training: a device that is not there would fail all of them.
    choose_device(communicator, campaign);
    finish_stage(communicator, campaign, simulate_stage);
    // Trainings end at a checkpoint when they are asked to stop; the making of skies ends at once.
    const base::DrainSignals drain;
    const std::vector<SweepRun> runs = campaign::sweep_runs(campaign);
    train_all(communicator, campaign, runs);
    score_all(communicator, campaign, runs);
    std::vector<report::FinderResult> finders;
    if (campaign.evaluate.threshold_finder) {
        finders = find_finders(communicator, campaign, runs);
    }
    const auto n_failed =
        comm::from_root(communicator, [&] { return report_study(campaign, runs, finders); });
    return n_failed == 0 ? base::ExitCode::done : base::ExitCode::failed_inputs;
}

std::vector<Output> outputs_of_sweep(const Campaign& campaign) {
    std::vector<Output> outputs;
    for (const char* name : {"sweep.csv", "sweep.h5", "table2.md", "finders.json"}) {
        outputs.push_back(other_file(campaign.output + "/" + name));
    }
    for (const char* name : {"figure5.png", "figure6.png"}) {
        outputs.push_back(picture_file(campaign.output + "/" + name));
    }
    std::set<std::string> trainings;
    for (const campaign::SweepRun& run : campaign::sweep_runs(campaign)) {
        outputs.push_back(other_file(milestones_path(run.campaign)));
        if (trainings.insert(run.training.output).second) {
            append(outputs, train_stage.outputs(run.training));
            outputs.push_back(note(stamp_path(run.training, train_stage)));
            outputs.push_back(note(run.training.output + "/.stages/train_ranks"));
            outputs.push_back(other_file(run.training.output + "/campaign.yaml"));
            outputs.push_back(other_file(run.training.output + "/failure.txt"));
        }
    }
    return outputs;
}

}  // namespace faintweb::pipeline
