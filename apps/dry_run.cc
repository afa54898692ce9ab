// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cmath>

#include <fmt/core.h>

#include "apps/commands.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "lib/campaign/sweep.h"
#include "mpi/pipeline/stages.h"
#include "mpi/pipeline/sweep/trainings.h"

namespace faintweb::apps {
namespace {

std::string megabytes(double bytes) {
    return fmt::format("{} MB", std::llround(bytes / 1e6));
}

std::string core_time(double core_s) {
    return fmt::format("about {} of one core", base::duration_text(core_s));
}

std::string boxes_text(const pipeline::BoxEstimate& boxes) {
    return fmt::format(
        "{} of {} box states are to be made in {}, up to {} on disk, {} of memory per rank, {}",
        boxes.n_missing, boxes.n_states, boxes.folder, megabytes(boxes.disk_bytes),
        megabytes(boxes.memory_bytes), core_time(boxes.core_s));
}

std::string skies_text(const pipeline::SkyEstimate& skies) {
    const std::string size =
        skies.size_px == 0 ? "" : fmt::format(" of {} x {} px", skies.size_px, skies.size_px);
    if (skies.is_in_memory) {
        return fmt::format(
            "{} training skies{} are made in memory, up to {} per rank, nothing on disk, {}",
            skies.n_train, size, megabytes(skies.memory_bytes), core_time(skies.core_s));
    }
    return fmt::format("{} training and {} test skies{}, {} on disk, {} of memory per rank, {}",
                       skies.n_train, skies.n_test, size, megabytes(skies.disk_bytes),
                       megabytes(skies.memory_bytes), core_time(skies.core_s));
}

std::string fields_text(const pipeline::FieldEstimate& fields) {
    std::string text = fmt::format("{} fields, {} tiles", fields.n_fields, fields.n_tiles);
    if (fields.sample_bytes) {
        text += ", " + megabytes(*fields.sample_bytes) + " of memory over all ranks";
    }
    if (fields.epochs > 0) {
        text += fmt::format(", {} epochs", fields.epochs);
    }
    if (fields.pixel_bytes) {
        text +=
            ", up to " + megabytes(*fields.pixel_bytes) + " of memory where one rank has all cores";
    }
    if (fields.score_bytes) {
        text += ", " + megabytes(*fields.score_bytes) + " of scores on disk";
    }
    if (fields.remade_core_s) {
        text += ", the training skies are made again, " + core_time(*fields.remade_core_s);
    }
    return text;
}

void print_estimate(const std::string& stage, const pipeline::StageEstimate& estimate) {
    const auto print = [&](const std::string& text) { base::print(stage + ": " + text); };
    if (estimate.boxes) {
        print(boxes_text(*estimate.boxes));
    }
    if (estimate.skies) {
        print(skies_text(*estimate.skies));
    }
    for (const std::string& reason : estimate.refused_maps) {
        print("would not use: " + reason);
    }
    if (estimate.fields) {
        print(fields_text(*estimate.fields));
    }
}

}  // namespace

base::ExitCode dry_run(const campaign::Campaign& campaign) {
    for (const campaign::Stage stage : campaign.stages) {
        print_estimate(campaign::stage_name(stage), pipeline::stage_of(stage).estimate(campaign));
    }
    return base::ExitCode::done;
}

void print_sweep(const campaign::Campaign& campaign) {
    const std::vector<campaign::SweepRun> runs = campaign::sweep_runs(campaign);
    std::size_t n_models = 0;
    std::int64_t n_epochs = 0;
    for (const campaign::SweepRun& run : runs) {
        n_models += run.milestones.size();
    }
    const std::vector<const campaign::SweepRun*> trainings = pipeline::trainings_of(runs);
    for (const campaign::SweepRun* run : trainings) {
        n_epochs += run->training.train.epochs;
    }
    base::print(
        fmt::format("sweep: {} trainings of {} epochs in all, {} evaluations, groups of {}{}",
                    trainings.size(), n_epochs, n_models, campaign.sweep.group_size,
                    campaign.sweep.group_size == 1 ? " rank" : " ranks"));
}

}  // namespace faintweb::apps
