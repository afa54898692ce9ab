// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/learn/device.h"
#include "lib/learn/network.h"
#include "lib/learn/settings.h"
#include "lib/learn/shared_memory.h"

namespace faintweb::learn {

/// Where the time of training steps went on this rank, seconds since the start of the training.
///
/// On a GPU, whose work is only queued, these are the times of the thread that queues it: the wait
/// for the results of a part of a batch counts as backward.
struct StepTimes {
    double data_s = 0;  ///< orientation and dropout masks
    double forward_s = 0;
    double backward_s = 0;  ///< without what on_ready took; with shared memory also in apply()
    double optimiser_s = 0;
    double sharing_s = 0;  ///< with shared memory: copying into it, and waiting for others
};

/// Names a training sample: its dropout mask and orientation depend on this, never on the rank or
/// the place in the batch.
struct SampleKey {
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0;
    std::uint64_t sample = 0;  ///< number of the tile in the whole training set
};

class AutogradStep;  // lib/learn/autograd_step.h

/// Turns a square tile into one of its 8 orientations: bit 0 mirrors the columns, bit 1 the rows,
/// bit 2 then swaps rows and columns; 0 is the tile itself.
///
/// @param tile         [tile_px, tile_px] row-major.
/// @param orientation  0 .. 7.
/// @param out          [tile_px, tile_px], another array.
void orient_tile(std::span<const float> tile,
                 int tile_px,
                 unsigned orientation,
                 std::span<float> out);

/// A network in training: gradients of a part of a batch, and the step of the optimiser.
///
/// Ranks of a data-parallel training each call accumulate() with their part of the batch, sum
/// gradients() over the ranks, and all call apply(): their weights then stay equal bit by bit.
/// Gradients are where the network is: on a GPU their memory is the device's, and what is done with
/// it must be ordered with the device's default stream.
///
/// A network's gradient is LibTorch's autograd, in AutogradStep; processes of one host train one
/// copy of the weights, in memory that they share, as SharedWeightsStep says.
class TrainingStep {
  public:
    /// @param n_threads  threads within each operation on the CPU, >= 1.
    /// @param tile_px    edge of a tile without margin, pixel.
    /// @param shared     on the CPU: of processes that train together, or null; must outlive this
    ///                   object. Not used where it has too little memory. The constructor, apply()
    ///                   and restore() are then collective, and each process adds in a step, in
    ///                   one call, its batch_part() with grain_of() of at most batch_size tiles.
    /// @param heads      that the network learns to answer; at most max_rules rules.
    /// @throws UsageError  as network_info(), and if a setting is out of range.
    TrainingStep(const TrainSettings& settings,
                 int tile_px,
                 Device device,
                 int n_threads,
                 SharedMemory* shared = nullptr,
                 Heads heads = {});
    ~TrainingStep();
    TrainingStep(TrainingStep&&) noexcept;
    TrainingStep& operator=(TrainingStep&&) noexcept;

    /// What a part of a batch contributes: summed over samples and not divided, so that ranks can
    /// add.
    struct Sum {
        double loss = 0;
        std::int64_t n_right = 0;  ///< answers: one per sample and rule
    };
    /// Takes a piece of gradients() that is complete while backward goes on with the others.
    using OnReady = std::function<void(std::span<float>)>;

    /// Adds the gradient of sum(loss) / global_batch to gradients(). An empty part is allowed.
    ///
    /// @param samples       [n, n_sample_values]: NetworkInfo::n_sample_values says what; scaled.
    /// @param labels        [n] bit r: signal under rule r.
    /// @param keys          [n].
    /// @param global_batch  samples of the batch over all ranks, >= 1.
    /// @param on_ready      for the last part of a step: gets first the dense layers, then all
    ///                      before them, for every part, empty or not; of a network without a
    ///                      factored_layer() all at once. It may change a piece until the next call
    ///                      of apply(). Not called with shared memory.
    Sum accumulate(std::span<const float> samples,
                   std::span<const std::uint8_t> labels,
                   std::span<const SampleKey> keys,
                   std::int64_t global_batch,
                   const OnReady& on_ready = {});

    /// The gradients as one buffer, in the order of weight_shapes(), in the memory of the device,
    /// to be reduced in place; empty where the weights are in shared memory, as nothing is to be
    /// done.
    std::span<float> gradients();
    /// The device whose memory gradients() and its pieces are in.
    Device device() const;

    /// Takes one step of Adam (beta 0.9 and 0.999, epsilon 1e-8) with gradients(), which then are
    /// zero.
    ///
    /// @param learning_rate  of this step, >= 0.
    /// @source Kingma & Ba 2015 (ICLR), algorithm 1.
    void apply(double learning_rate);

    /// Whether the weights are in the memory that processes share.
    bool is_shared() const;

    /// The times of all steps so far.
    StepTimes times() const;

    /// The weights now, in the order of weight_shapes().
    std::vector<Tensor> weights() const;

    /// Everything that a training needs to go on as if it had not stopped: weights, both moments
    /// and the step count.
    struct Checkpoint {
        /// Weights and both moments of Adam, each flat, in the order of weight_shapes().
        std::vector<float> weights, first_moment, second_moment;
        std::int64_t n_steps = 0;
    };
    Checkpoint checkpoint() const;
    /// Goes back to where a checkpoint was taken.
    ///
    /// @throws UsageError  if the checkpoint is of another network.
    void restore(const Checkpoint& checkpoint);

  private:
    std::unique_ptr<AutogradStep> step_;
};

}  // namespace faintweb::learn
