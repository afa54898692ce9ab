// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/evaluate/evaluate.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "lib/learn/model.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/evaluate/evaluation_report.h"
#include "mpi/pipeline/output_kinds.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/score_models.h"
#include "mpi/pipeline/train/train_stage.h"

namespace faintweb::pipeline {
namespace {

using base::Output;
using campaign::Campaign;

/// @throws comm::CollectiveError  if a model cannot be read, or is of other tiles or labels.
std::vector<LoadedModel> load_models(const comm::Communicator& communicator,
                                     const Campaign& campaign) {
    std::vector<LoadedModel> models;
    for (const std::string& name : campaign.evaluate.models) {
        const std::string path = model_file(campaign, name);
        models.push_back(load_model(communicator, campaign, path));
        const learn::Model& model = models.back().model;
        if (model.tile_px != campaign.tile_px || model.label_rule != campaign.label) {
            throw comm::CollectiveError(
                base::ExitCode::usage,
                path +
                    " was trained with another tile_px or label rule than the "
                    "campaign's (its score would "
                    "say nothing), train again or correct them");
        }
    }
    return models;
}

/// Notes in the campaign's own model what it has reached.
void write_metrics(const Campaign& campaign, Evaluation& evaluation) {
    for (std::size_t i = 0; i < evaluation.models.size(); ++i) {
        // Files that the user names are the user's.
        if (campaign.evaluate.models[i] == campaign::trained_model) {
            learn::Model& model = evaluation.models[i].model;
            model.metrics = {score::sum_of(evaluation.scores.models[i]).confusion,
                             evaluation.n_fields()};
            learn::write_model(model_path(campaign), model);
        }
    }
}

base::ExitCode run_evaluate(const comm::Communicator& communicator, const Campaign& campaign) {
    if (campaign.simulate.n_test == 0) {
        throw comm::CollectiveError(base::ExitCode::usage,
                                    "cannot evaluate without test skies, raise simulate.n_test");
    }
    Evaluation evaluation;
    evaluation.models = load_models(communicator, campaign);
    evaluation.scores = score_models(communicator, campaign, evaluation.models,
                                     paper_rules(campaign), Reliabilities::measured);
    if (campaign.evaluate.threshold_finder) {
        evaluation.finders = tune_finders(communicator, campaign, std::span(&campaign.label, 1));
    }
    if (communicator.is_root()) {
        write_evaluation(campaign, evaluation);
        write_metrics(campaign, evaluation);
    }
    communicator.barrier();
    return base::ExitCode::done;
}

std::string settings_of_evaluate(const Campaign& campaign) {
    return campaign::settings_text(campaign, {"evaluate"}, campaign::InputNames::included);
}

std::vector<std::string> results_of_evaluate(const Campaign& campaign) {
    return {campaign.output + "/evaluation.json"};
}

std::vector<Output> outputs_of_evaluate(const Campaign& campaign) {
    std::vector<Output> outputs{other_file(campaign.output + "/evaluation.csv"),
                                other_file(campaign.output + "/evaluation.json")};
    const std::size_t n_models = campaign.evaluate.models.size();
    for (std::size_t i = 0; i < n_models; ++i) {
        add_reliability(outputs, campaign.output + "/evaluation_reliability" +
                                     (n_models > 1 ? fmt::format("_{}", i) : std::string()));
    }
    return outputs;
}

std::vector<std::string> inputs_of_evaluate(const Campaign& campaign) {
    std::vector<std::string> inputs = files_of_maps(mock_maps(campaign, sky::SkySet::test));
    for (const std::string& model : campaign.evaluate.models) {
        inputs.push_back(model_file(campaign, model));
    }
    return inputs;
}

StageEstimate estimate_evaluate(const Campaign& campaign) {
    const SkyWork testing = work_on_skies(campaign, sky::SkySet::test);
    FieldEstimate fields{.n_fields = testing.n_fields, .n_tiles = testing.n_tiles};
    if (is_in_memory(campaign, sky::SkySet::train) && campaign.evaluate.threshold_finder) {
        fields.remade_core_s = sky_core_s(work_on_skies(campaign, sky::SkySet::train).n_pixels);
    }
    return {.fields = fields};
}

}  // namespace

constinit const Stage evaluate_stage{.name = campaign::Stage::evaluate,
                                     .depends_on = &train_stage,
                                     .settings = &settings_of_evaluate,
                                     .results = &results_of_evaluate,
                                     .outputs = &outputs_of_evaluate,
                                     .inputs = &inputs_of_evaluate,
                                     .estimate = &estimate_evaluate,
                                     .run = &run_evaluate};

}  // namespace faintweb::pipeline
