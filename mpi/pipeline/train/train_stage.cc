// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/train/train_stage.h"

#include <string>
#include <vector>

#include "lib/score/history.h"
#include "mpi/pipeline/output_kinds.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/simulate/simulate.h"
#include "mpi/pipeline/train/training.h"

namespace faintweb::pipeline {
namespace {

using base::Output;
using campaign::Campaign;

base::ExitCode run_train(const comm::Communicator& communicator, const Campaign& campaign) {
    TrainingTiles tiles;
    return train_on(communicator, campaign, tiles);
}

std::vector<Output> outputs_of_train(const Campaign& campaign) {
    // A model is the work of hours, perhaps of another training: it counts as the user's unless
    // this campaign is known to have written it.
    std::vector<Output> outputs;
    for (const std::string& model : models_of_training(campaign)) {
        outputs.push_back(other_file(model));
    }
    Campaign of_rule = campaign;
    for (const label::LabelRule& rule : campaign::label_rules(campaign)) {
        of_rule.label = rule;
        if (campaign.train.validation_skies > 0) {
            add_reliability(outputs,
                            campaign.output + "/reliability" + campaign::rule_suffix(of_rule));
        }
    }
    outputs.push_back(list_file(campaign.output + "/history.csv", score::history_csv({})));
    outputs.push_back(list_file(campaign.output + "/timing.csv", score::timing_csv({})));
    outputs.push_back(folder(campaign.output + "/checkpoints"));
    return outputs;
}

std::vector<std::string> inputs_of_train(const Campaign& campaign) {
    std::vector<std::string> inputs = simulate_stage.inputs(campaign);
    if (!is_in_memory(campaign, sky::SkySet::train)) {
        const std::vector<std::string> maps =
            files_of_maps(mock_maps(campaign, sky::SkySet::train));
        inputs.insert(inputs.end(), maps.begin(), maps.end());
    }
    return inputs;
}

SkyEstimate estimate_skies_in_memory(const Campaign& campaign, const SkyWork& training) {
    SkyEstimate skies;
    skies.is_in_memory = true;
    skies.n_train = campaign.simulate.n_train;
    skies.size_px = size_of_skies_px(campaign);
    skies.memory_bytes =
        sky::sky_cost(training.largest_px, largest_box_map_px(campaign), 0).memory_bytes;
    skies.core_s = sky_core_s(training.n_pixels);
    return skies;
}

StageEstimate estimate_train(const Campaign& campaign) {
    const SkyWork training = work_on_skies(campaign, sky::SkySet::train);
    StageEstimate estimate;
    if (is_in_memory(campaign, sky::SkySet::train)) {
        if (!campaign.has_stage(campaign::Stage::simulate)) {
            estimate.boxes = estimate_boxes(campaign);
        }
        estimate.skies = estimate_skies_in_memory(campaign, training);
    }
    estimate.fields = FieldEstimate{
        .n_fields = training.n_fields,
        .n_tiles = training.n_tiles,
        .sample_bytes =
            static_cast<double>(training.n_tiles * network_of(campaign).n_sample_values) *
            sizeof(std::uint16_t),
        .epochs = campaign.train.epochs};
    return estimate;
}

}  // namespace

constinit const Stage train_stage{.name = campaign::Stage::train,
                                  .depends_on = &simulate_stage,
                                  .settings = &campaign::training_text,
                                  .results = &models_of_training,
                                  .outputs = &outputs_of_train,
                                  .inputs = &inputs_of_train,
                                  .estimate = &estimate_train,
                                  .run = &run_train};

}  // namespace faintweb::pipeline
