// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <memory>
#include <vector>

#include "lib/learn/autograd_step.h"
#include "lib/learn/sampling.h"
#include "lib/learn/shared_memory.h"

namespace faintweb::learn {

/// Trains one copy of the weights by the processes of one host, in memory that they share. The
/// gradient of a factored_layer(), nearly all of the bytes, is then never summed: it is the product
/// of two small factors (what goes into the layer, and the gradient of what it gives, of all tiles
/// of a batch), which every process reads there. Each multiplies out the rows that it owns, and
/// takes the optimiser's step for them alone. Of the other weights' gradients each process leaves
/// there what every micro-batch gave; the first process sums them in the order of the batch.
/// gradients() are empty then. Where micro_batch divides the part of each process, 1, 2, 4, 8 or 16
/// of them get the same weights bit by bit.
/// @source  Xie et al. 2016 (UAI), sufficient factor broadcasting; Rajbhandari et al. 2020 (SC),
///          ZeRO, stage 1: each process holds the optimiser's state of its part.
class SharedWeightsStep final : public AutogradStep {
  public:
    /// Makes the step of each process.
    ///
    /// @return  null on every process if the host has too little memory.
    /// @collective yes: every process that shares.
    static std::unique_ptr<SharedWeightsStep> make(const TrainSettings& settings,
                                                   int tile_px,
                                                   int n_threads,
                                                   Heads heads,
                                                   SharedMemory& memory);

    bool is_shared() const override { return true; }

  private:
    SharedWeightsStep(const TrainSettings& settings,
                      int tile_px,
                      int n_threads,
                      Heads heads,
                      SharedMemory& memory);
    /// Takes the memory of what all processes read.
    ///
    /// @return  whether there is enough.
    bool share();

    void allocate() override {}
    std::int64_t n_gradients() const override { return info_.n_parameters - factored_n_; }
    bool has_factored_gradient() const override { return false; }
    std::vector<Block> cut_blocks() override;
    void begin_part(std::int64_t n_tiles, std::int64_t n_batch) override;
    void begin_chunk() override;
    void take_factors(const at::Tensor& grad, const at::Tensor& features) override;
    void end_chunk() override;
    void begin_apply() override;
    void make_gradients(const Block& block) override;
    void end_apply() override;
    void begin_restore() override;
    void end_restore() override;

    /// The gradients of all weights but the factored layer's that n micro-batches of this process
    /// gave, from micro-batch `first` on.
    at::Tensor own_others(std::int64_t first, std::int64_t n) const;

    SharedMemory& memory_;
    std::int64_t max_chunks_;  ///< micro-batches of each process in a step
    BatchPart rows_;           ///< of the factored layer's weights, that this process owns
    /// Factors of that layer's gradient, for all tiles of a batch in their order: gradients of what
    /// it gives, [batch_size, n_out], and what goes into it, [batch_size, n_in].
    at::Tensor pre_activation_grads_{}, features_{};
    /// Gradients of all other weights, of each micro-batch: [n_parts * max_chunks, n_others].
    at::Tensor others_{};
    std::int64_t n_batch_ = 0;   ///< tiles of all processes since the last step
    std::int64_t next_ = 0;      ///< place in the batch of this process' next tile
    std::int64_t n_chunks_ = 0;  ///< of this process since the last step
};

}  // namespace faintweb::learn
