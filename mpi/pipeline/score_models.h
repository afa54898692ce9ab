// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/label/rule.h"
#include "lib/score/calibration.h"
#include "lib/score/metrics.h"
#include "lib/source/threshold_finder.h"
#include "mpi/comm/communicator.h"
#include "mpi/pipeline/device.h"

/// Models and threshold finders against the truth of a campaign's mock fields.
namespace faintweb::pipeline {

/// What many models reached on the test fields.
struct ModelScores {
    std::vector<std::vector<score::FieldScore>> models;  ///< [n_models][n_fields]
    std::vector<std::int64_t> n_signal;                  ///< [rules], over all fields
    /// [n_models] how right the calibrated probabilities are; on the root and if asked for, else
    /// empty.
    std::vector<score::Reliability> reliabilities;
};

/// Whether reliabilities are measured, which takes the probabilities of all tiles to the root.
enum class Reliabilities { left_out, measured };

/// Scores models on the test fields, each with its own scaling, threshold and label rule. A field
/// is read once for all models.
///
/// @param rules  label rules whose signal tiles are counted beside.
/// @return       the same on every rank, but for the reliabilities.
/// @collective yes: every rank.
ModelScores score_models(const comm::Communicator& communicator,
                         const campaign::Campaign& campaign,
                         std::span<const LoadedModel> models,
                         std::span<const label::LabelRule> rules,
                         Reliabilities reliabilities = Reliabilities::left_out);

/// The best threshold finder on the training fields, and what it reaches on the test fields.
struct TunedFinder {
    label::LabelRule label;
    std::optional<source::ThresholdFinder> finder;  ///< none: no signal in the training fields
    score::Confusion training;
    std::vector<score::FieldScore> fields;  ///< of each test field; empty without a finder
};

/// Tunes a finder for each label rule; the fields are read, and smoothed, once for all rules.
///
/// @return  one per rule, the same on every rank.
/// @collective yes: every rank.
std::vector<TunedFinder> tune_finders(const comm::Communicator& communicator,
                                      const campaign::Campaign& campaign,
                                      std::span<const label::LabelRule> rules);

/// "WHAT: A_s 0.9, W_s (completeness) 0.9, W_v 1, reliability 1 (1C 9, 1F 1, 0F 0, 0C 99)".
std::string line_of(const std::string& what, const score::Confusion& confusion);

/// "smoothing 20 arcsec, k 3, islands of 9 px, tiles of 5 px".
std::string text_of(const source::ThresholdFinder& finder);

}  // namespace faintweb::pipeline
