// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/label/rule.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/score_models.h"

namespace faintweb::pipeline {

/// What the evaluate stage has found out.
struct Evaluation {
    std::vector<LoadedModel> models;   ///< in the order of evaluate.models
    ModelScores scores;                ///< of the models, and of paper_rules()
    std::vector<TunedFinder> finders;  ///< for the campaign's label rule; may be empty

    std::int64_t n_fields() const { return std::ssize(scores.models.front()); }
};

/// The paper's two label rules at the campaign's threshold: their signal tiles say how full the sky
/// is.
std::vector<label::LabelRule> paper_rules(const campaign::Campaign& campaign);

/// Prints an evaluation and writes it into the output folder: evaluation.json, a table of all
/// fields, a reliability diagram of each model. Rank 0 alone.
void write_evaluation(const campaign::Campaign& campaign, const Evaluation& evaluation);

}  // namespace faintweb::pipeline
