// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/progress.h"
#include "lib/campaign/campaign.h"
#include "lib/learn/checkpoint.h"
#include "lib/learn/device.h"
#include "lib/learn/model.h"
#include "lib/learn/training_step.h"
#include "mpi/comm/communicator.h"
#include "mpi/comm/gradient_reducer.h"
#include "mpi/comm/tile_exchange.h"
#include "mpi/pipeline/train/training_profile.h"
#include "mpi/pipeline/train/training_tiles.h"
#include "mpi/pipeline/train/validation.h"

/// The training of a campaign's network, once its tiles are there.
namespace faintweb::pipeline {

/// Something is wrong with this training, and would be on any machine; other trainings may go well.
class TrainingFailed : public comm::CollectiveError {
  public:
    using CollectiveError::CollectiveError;
};

/// A training from its first step, or from that of its last checkpoint, to the model.
///
/// @collective yes: every rank has one, and calls each of its functions.
class Training {
  public:
    /// @param tiles  what prepare_tiles() gave; must outlive this object, as must the campaign.
    Training(const comm::Communicator& communicator,
             const campaign::Campaign& campaign,
             const TrainingTiles& tiles,
             learn::Device device);

    /// Signal tiles of all ranks, which every epoch trains on.
    std::size_t n_signal() const { return signal_ids_.size(); }
    /// Noise tiles of all ranks, which every epoch draws some from.
    std::size_t n_noise() const { return noise_ids_.size(); }

    /// Label rules under which none of the tiles is signal.
    std::vector<label::LabelRule> rules_without_signal() const;

    /// Goes on from the last good checkpoint, if there is one.
    void resume();

    /// Trains all epochs that are left. Writes the models of train.keep_epochs, checkpoints, and
    /// what there is to say of each epoch.
    ///
    /// @throws comm::CollectiveError  if a rank was asked to stop, after a checkpoint; if the loss
    ///                                is no longer finite, or nothing can be written.
    void run();

    /// Writes the model and how well it is calibrated, and removes the checkpoints.
    void finish();

  private:
    std::string checkpoints() const { return campaign_.output + "/checkpoints"; }
    /// The folder of the checkpoints of these settings: a try with other settings leaves those of a
    /// long training alone.
    std::string folder() const {
        return checkpoints() + "/" + state_.settings_sha256.substr(0, 12);
    }
    /// @throws TrainingFailed  if the sum of losses is not finite.
    void check_sums(double loss) const;
    /// Steps done since the training began.
    std::int64_t n_steps() const { return state_.epoch * steps_per_epoch_ + state_.n_batches; }

    void train_epoch();
    void end_epoch(base::Progress& progress);
    void stop_or_checkpoint();
    /// @return  nothing where there are no validation skies.
    std::optional<ScoredTiles> score_validation(const std::vector<learn::Tensor>& tensors) const;
    /// Writes the model of each label rule.
    void write_models(const std::vector<learn::Tensor>& tensors,
                      int epoch,
                      bool is_last,
                      const std::optional<ScoredTiles>& scored) const;
    void write_reliability(const learn::Model& model,
                           const std::string& suffix,
                           const ScoredTiles::OfRule& scored) const;

    const comm::Communicator& communicator_;
    const campaign::Campaign& campaign_;
    const learn::TrainSettings& settings_;
    const TrainingTiles& tiles_;
    std::vector<label::LabelRule> rules_;
    learn::NetworkInfo network_;
    learn::Device device_;
    int n_threads_;
    comm::TileDirectory directory_;
    std::vector<comm::SampleId> signal_ids_;
    std::vector<comm::SampleId> noise_ids_;
    std::unique_ptr<comm::GradientReducer> reducer_;
    learn::TrainingStep step_;  // in the memory of reducer_

    learn::TrainingState state_;    // its step and sums are filled in for a checkpoint only
    learn::TrainingStep::Sum sum_;  // of this epoch, of this rank
    score::EpochTiming timing_;     // of this epoch
    TrainingProfile profile_;       // of all epochs since the start or the last checkpoint
    std::size_t n_samples_ = 0;     // of an epoch
    std::int64_t steps_per_epoch_ = 1;
    std::chrono::steady_clock::time_point checkpointed_ = std::chrono::steady_clock::now();
};

/// Trains a campaign's network from its tiles to its models; the tiles are gathered if `tiles` has
/// none or others.
///
/// @throws TrainingFailed  if there are no tiles of one kind, or the loss is no longer finite.
/// @collective yes: every rank.
base::ExitCode train_on(const comm::Communicator& communicator,
                        const campaign::Campaign& campaign,
                        TrainingTiles& tiles);

}  // namespace faintweb::pipeline
