// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/sweep/trainings.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/core.h>

#include "lib/base/drain.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/learn/checkpoint.h"
#include "mpi/pipeline/output_lock.h"
#include "mpi/pipeline/stages.h"
#include "mpi/pipeline/sweep/claims.h"
#include "mpi/pipeline/train/training.h"

namespace faintweb::pipeline {
namespace {

namespace fs = std::filesystem;
using campaign::Campaign;
using campaign::SweepRun;

/// Its folder in runs.
std::string name_of_training(const SweepRun& run) {
    return fs::path(run.training.output).filename();
}

std::string failure_path(const SweepRun& run) {
    return run.training.output + "/failure.txt";
}

std::string ranks_path(const SweepRun& run) {
    return run.campaign.output + "/.stages/train_ranks";
}

/// How many ranks train the run, or have; 0 if it was not begun.
int n_ranks_of(const SweepRun& run) {
    int n_ranks = 0;
    std::ifstream(ranks_path(run)) >> n_ranks;
    return n_ranks;
}

/// Sums of gradients depend on the number of ranks, and so does the model.
bool is_trained(const SweepRun& run, int group_size) {
    return is_finished(run.training, train_stage) && n_ranks_of(run) == group_size;
}

/// Trains one run, or goes on with it; what fails in the training itself costs this run only.
///
/// Returns early if a rank of the group was asked to stop.
///
/// @collective yes: every rank of the group.
void train_run(const comm::Communicator& group, const SweepRun& run, TrainingTiles& tiles) {
    prepare_folder(group, run.training.output + "/.stages");
    forget_from(group, run.training, train_stage);
    comm::on_root(group, [&] {
        fs::remove(failure_path(run));
        fs::remove(run.campaign.output + "/timing.csv");
        if (n_ranks_of(run) != group.size()) {
            learn::remove_checkpoints(run.training.output + "/checkpoints");
        }
        base::write_file(ranks_path(run), fmt::format("{}\n", group.size()));
        base::write_file(run.training.output + "/campaign.yaml", campaign::dump(run.training));
    });
    std::string failure;
    try {
        train_on(group, run.training, tiles);
    } catch (const TrainingFailed& error) {
        failure = error.what();
    } catch (const base::Error& error) {
        // While tiles are gathered a rank may stop alone, in a group of one also in order.
        const bool is_agreed =
            group.size() == 1 || dynamic_cast<const comm::CollectiveError*>(&error) != nullptr;
        if (error.code() == base::ExitCode::interrupted && is_agreed) {
            return;
        }
        throw;
    }
    comm::on_root(group, [&] {
        if (failure.empty()) {
            mark_finished(run.training, train_stage);
        } else {
            std::replace(failure.begin(), failure.end(), '\n', ' ');
            base::write_file(failure_path(run),
                             stage_hash(run.training, train_stage) + "\n" + failure + "\n");
            base::log_warning("sweep: " + name_of_training(run) + ": " + failure);
        }
    });
}

/// Trains one run after another until none is left or a rank of the group was asked to stop.
/// @throws Error  also for what the whole group has met alike: the other groups have not.
/// @collective yes: every rank of the group.
void train_as_group(const comm::Communicator& group,
                    const std::string& claims,
                    const std::vector<const SweepRun*>& trainings) try {
    std::vector<label::LabelRule> rules;
    for (const SweepRun* run : trainings) {
        const std::vector<label::LabelRule> of_run = campaign::label_rules(run->training);
        rules.insert(rules.end(), of_run.begin(), of_run.end());
    }
    TrainingTiles tiles;
    tiles.flux_thresholds = thresholds_of(rules);
    std::size_t next = 0;
    while (const auto taken = claim(group, claims, next, trainings.size())) {
        const SweepRun& run = *trainings[*taken];
        if (group.is_root()) {
            base::log_info(fmt::format("sweep: {} ({} of {})", name_of_training(run), *taken + 1,
                                       trainings.size()));
        }
        train_run(group, run, tiles);
        if (group.max(base::is_asked_to_stop() ? 1 : 0) != 0) {
            close_claims(group, claims);
        }
        next = *taken + 1;
    }
} catch (const comm::CollectiveError& error) {
    throw base::Error(error.code(), error.what());
}

}  // namespace

std::string failure_of(const SweepRun& run) {
    std::ifstream file(failure_path(run));
    std::string hash;
    std::string reason;
    std::getline(file, hash);
    std::getline(file, reason);
    return hash == stage_hash(run.training, train_stage) ? reason : "";
}

std::vector<const SweepRun*> trainings_of(const std::vector<SweepRun>& runs) {
    std::vector<const SweepRun*> trainings;
    std::set<std::string> outputs;
    for (const SweepRun& run : runs) {
        if (outputs.insert(run.training.output).second) {
            trainings.push_back(&run);
        }
    }
    return trainings;
}

void train_all(const comm::Communicator& communicator,
               const Campaign& campaign,
               const std::vector<SweepRun>& runs) {
    // All groups are of one size, see is_trained(); ranks too few for a group of their own wait.
    const int group_size = campaign.sweep.group_size;
    const std::string claims = campaign.output + "/runs/.claims";
    const std::vector<const SweepRun*> trainings = trainings_of(runs);
    comm::on_root(communicator, [&] {
        fs::remove_all(claims);
        base::make_folder(claims);
        std::size_t n_done = 0;
        for (std::size_t i = 0; i < trainings.size(); ++i) {
            if (is_trained(*trainings[i], group_size) || !failure_of(*trainings[i]).empty()) {
                fs::create_directory(fmt::format("{}/{}", claims, i));
                ++n_done;
            }
        }
        base::print(fmt::format("sweep: {} trainings, {} finished before and unchanged, skipped",
                                trainings.size(), n_done));
    });
    const int n_groups = communicator.size() / group_size;
    const int number = std::min(communicator.rank() / group_size, n_groups);
    const comm::Communicator group = communicator.split(number);
    if (number < n_groups) {
        train_as_group(group, claims, trainings);
    }
    communicator.wait_for_all();
    stop_if_asked(communicator);
}

void stop_if_asked(const comm::Communicator& communicator) {
    if (communicator.max(base::is_asked_to_stop() ? 1 : 0) != 0) {
        throw comm::CollectiveError(
            base::ExitCode::interrupted,
            "sweep: stopped (it was asked to), the same command goes on from there");
    }
}

}  // namespace faintweb::pipeline
