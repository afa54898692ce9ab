// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/score/metrics.h"

namespace faintweb::score {

/// How a network did on the validation skies, with all their tiles as often as they are.
struct Validation {
    double a_s = 0;  ///< at threshold 0.5, as the next two
    double w_s = 0;
    double w_v = 0;
    double best_a_s = 0;          ///< over all thresholds
    double best_threshold = 0.5;  ///< where that is
    bool operator==(const Validation&) const = default;
};

/// One epoch of a training; nothing in it depends on the machine.
struct EpochRecord {
    int epoch = 0;             ///< from 1
    std::int64_t n_steps = 0;  ///< from the start of the training
    double learning_rate = 0;  ///< of its last step
    double loss = 0;           ///< mean over its samples, each as it was when the step was made
    double accuracy = 0;       ///< part of its samples' labels that were told rightly
    /// Mean over the label rules that have signal; in the model of one rule, of the epoch whose
    /// weights it has, that of its rule.
    std::optional<Validation> validation{};
    bool operator==(const EpochRecord&) const = default;
};

/// How long an epoch took on this machine: told to the user, of no effect on the training.
struct EpochTiming {
    int epoch = 0;
    double train_s = 0;      ///< its steps, with all waiting
    double tiles_per_s = 0;  ///< over all ranks
    double exchange_s = 0;   ///< of train_s, rank 0 waited for tiles
    double reduce_s = 0;     ///< of train_s, rank 0 waited for gradients and steps of others
    double validate_s = 0;
};

/// What the scores of all tiles of the validation skies come to.
///
/// @param labels  [n] 1 signal, 0 noise.
Validation validate(std::span<const float> scores, std::span<const std::uint8_t> labels);

/// What epochs are compared by: A_s at the threshold that the model will have. Below 0 where there
/// is nothing to compare.
///
/// @param choose_threshold  whether the model gets the threshold that is best on the validation
///                          skies, or 0.5.
double rating_of(const EpochRecord& record, bool choose_threshold);

/// The epoch with the highest rating, of equal ones the first; 0 if none has been validated.
int best_epoch(const std::vector<EpochRecord>& history, bool choose_threshold);

/// Whether the last epochs have brought nothing better.
///
/// @param patience  as many epochs; 0: never.
bool is_out_of_patience(const std::vector<EpochRecord>& history,
                        bool choose_threshold,
                        int patience);

/// One line per epoch, with a head line of column names; empty where an epoch was not validated.
std::string history_csv(const std::vector<EpochRecord>& history);

/// The same of how long epochs took.
std::string timing_csv(const std::vector<EpochTiming>& timings);

}  // namespace faintweb::score
