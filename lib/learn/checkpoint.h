// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/learn/training_step.h"
#include "lib/score/history.h"

namespace faintweb::learn {

/// A training between two steps: all that it needs to go on as if it had not stopped. Random
/// numbers have no state (lib/base/random.h).
struct TrainingState {
    std::string settings_sha256;  ///< of all that the training follows from
    int epoch = 0;                ///< that is being trained, from 0
    std::int64_t n_batches = 0;   ///< of that epoch that are done
    /// [n_ranks] sums of this epoch so far: added up in another order they would differ.
    std::vector<TrainingStep::Sum> sums;
    std::vector<score::EpochRecord> history;
    std::vector<score::EpochTiming> timings;
    TrainingStep::Checkpoint step;
    std::vector<float> best_weights;  ///< flat, of best_epoch(); empty: none yet
};

/// Flat weights as the tensors of a network.
///
/// @param weights  [n_parameters] in the order of weight_shapes().
std::vector<Tensor> tensors_of(std::span<const float> weights,
                               const std::vector<WeightShape>& shapes);

/// The state of a training as the content of a file, which parse_checkpoint() reads back.
std::string checkpoint_bytes(const TrainingState& state);

/// Reads back what checkpoint_bytes() gave.
///
/// @throws UsageError  says what is wrong: cut short, or a byte differs from what was written.
TrainingState parse_checkpoint(const std::string& bytes);

/// Writes a checkpoint whole or not at all, and removes all but the last two of the folder.
///
/// @throws DiskError, InputError  if it cannot be written.
void write_checkpoint(const std::string& folder, const TrainingState& state);

/// Removes the checkpoints of all trainings, and their folders if nothing else is in them.
///
/// @param folder  that the folders of the trainings are in.
void remove_checkpoints(const std::string& folder);

/// The bytes of the last checkpoint that can be gone on from; empty if there is none. A later one
/// that cannot is named in a warning, and removed.
///
/// @param settings_sha256  that of the training; a checkpoint of another is refused.
/// @param n_parameters     of the network.
/// @throws DiskError, InputError  if a checkpoint cannot be read at all.
std::string last_good_checkpoint(const std::string& folder,
                                 const std::string& settings_sha256,
                                 std::size_t n_parameters);

}  // namespace faintweb::learn
