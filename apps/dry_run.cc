// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cmath>

#include "apps/commands.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "lib/base/text.h"
#include "lib/campaign/sweep.h"
#include "mpi/pipeline/stages.h"
#include "mpi/pipeline/sweep/trainings.h"

namespace faintweb::apps {
namespace {

std::string megabytes(double bytes) {
    return base::text(std::llround(bytes / 1e6), " MB");
}

std::string core_time(double core_s) {
    return base::text("about ", base::duration_text(core_s), " of one core");
}

std::string boxes_text(const pipeline::BoxEstimate& boxes) {
    return base::text(boxes.n_missing,
                      " of ",
                      boxes.n_states,
                      " box states are to be made in ",
                      boxes.folder,
                      ", up to ",
                      megabytes(boxes.disk_bytes),
                      " on disk, ",
                      megabytes(boxes.memory_bytes),
                      " of memory per rank, ",
                      core_time(boxes.core_s));
}

std::string skies_text(const pipeline::SkyEstimate& skies) {
    const std::string size =
        skies.size_px == 0 ? "" : base::text(" of ", skies.size_px, " x ", skies.size_px, " px");
    if (skies.is_in_memory) {
        return base::text(skies.n_train,
                          " training skies",
                          size,
                          " are made in memory, up to ",
                          megabytes(skies.memory_bytes),
                          " per rank, nothing on disk, ",
                          core_time(skies.core_s));
    }
    return base::text(skies.n_train,
                      " training and ",
                      skies.n_test,
                      " test skies",
                      size,
                      ", ",
                      megabytes(skies.disk_bytes),
                      " on disk, ",
                      megabytes(skies.memory_bytes),
                      " of memory per rank, ",
                      core_time(skies.core_s));
}

std::string fields_text(const pipeline::FieldEstimate& fields) {
    std::string text = base::text(fields.n_fields, " fields, ", fields.n_tiles, " tiles");
    if (fields.sample_bytes) {
        text += ", " + megabytes(*fields.sample_bytes) + " of memory over all ranks";
    }
    if (fields.epochs > 0) {
        text += base::text(", ", fields.epochs, " epochs");
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
        print("would not use " + reason);
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
    base::print(base::text("sweep: ",
                           trainings.size(),
                           " trainings of ",
                           n_epochs,
                           " epochs in all, ",
                           n_models,
                           " evaluations, groups of ",
                           campaign.sweep.group_size,
                           campaign.sweep.group_size == 1 ? " rank" : " ranks"));
}

}  // namespace faintweb::apps
