// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/learn/network.h"
#include "lib/learn/torch_network.h"
#include "lib/learn/training_step.h"

namespace faintweb::learn {

/// Trains any network by LibTorch's autograd, as TrainingStep promises.
///
/// The gradient of a factored_layer() is made by hand, in place: autograd would add it, nearly all
/// of the bytes, to a buffer of zeros instead of writing it, and would not say when it is there.
class AutogradStep {
  public:
    AutogradStep(
        const TrainSettings& settings, int tile_px, Device device, int n_threads, Heads heads);
    virtual ~AutogradStep() = default;
    AutogradStep(const AutogradStep&) = delete;
    AutogradStep& operator=(const AutogradStep&) = delete;

    /// Takes memory and draws the first weights; to be called before all other functions.
    void begin();

    TrainingStep::Sum accumulate(std::span<const float> samples,
                                 std::span<const std::uint8_t> labels,
                                 std::span<const SampleKey> keys,
                                 std::int64_t global_batch,
                                 const TrainingStep::OnReady& on_ready);
    std::span<float> gradients();
    void apply(double learning_rate);
    std::vector<Tensor> weights() const;
    TrainingStep::Checkpoint checkpoint() const;
    void restore(const TrainingStep::Checkpoint& checkpoint);

    Device device() const { return place_; }
    StepTimes times() const { return times_; }
    virtual bool is_shared() const { return false; }

  protected:
    /// A part of the flat buffers. The optimiser takes one after another: what is read twice is
    /// then still in the cache.
    struct Block {
        std::int64_t first, n;
        at::Tensor gradients;
        /// Defined for rows of a factored layer that is shared: [rows, tiles], of whose product
        /// with the features the gradients are made.
        at::Tensor pre_activation_grads{};

        at::Tensor of(const at::Tensor& flat) const { return flat.narrow(0, first, n); }
    };

    /// Makes weights_, both moments and, in bf16, factored_weights_ and rounded_gradient_.
    virtual void allocate();
    /// How many numbers gradients_ has.
    virtual std::int64_t n_gradients() const { return info_.n_parameters; }
    virtual bool has_factored_gradient() const { return factored_n_ > 0; }
    /// Cuts into blocks all of the flat buffers, or what this process owns of them and no other
    /// writes.
    virtual std::vector<Block> cut_blocks();
    virtual void begin_part(std::int64_t n_tiles, std::int64_t n_batch);
    virtual void begin_chunk() {}
    /// Adds the gradient of the factored layer's weights.
    ///
    /// @param grad      [n, n_out] of what the layer gives.
    /// @param features  [n, n_in] what goes into it.
    virtual void take_factors(const at::Tensor& grad, const at::Tensor& features);
    virtual void end_chunk() {}
    virtual void begin_apply() {}
    virtual void make_gradients(const Block&) {}
    virtual void end_apply() {}
    /// Called before restore() replaces what all processes have.
    virtual void begin_restore() {}
    /// Called once restore() has replaced what all processes have.
    virtual void end_restore() {}

    /// The shape of the factored layer's weights, not of its bias.
    const WeightShape& factored_shape() const { return shapes_[factored_number_]; }
    c10::ScalarType product_type() const {
        return settings_.precision == Precision::bf16 ? c10::ScalarType::BFloat16
                                                      : c10::ScalarType::Float;
    }

    TrainSettings settings_;
    const Network& network_;
    NetworkInfo info_;
    std::vector<WeightShape> shapes_;
    std::size_t factored_number_ = 0;  ///< place of the factored layer's weights in shapes_
    /// Place and number of the factored layer's weights in the flat buffers; without such a layer
    /// no number at the end.
    std::int64_t factored_first_ = 0, factored_n_ = 0;
    c10::Device device_;
    /// Weights and both moments of Adam, each flat, [n_parameters], in the order of shapes_.
    at::Tensor weights_{}, first_moment_{}, second_moment_{};
    at::Tensor gradients_{};  ///< flat, [n_gradients()]
    /// Pieces of gradients_ that are ready together: of the layers before the factored one, and the
    /// others.
    at::Tensor trunk_gradients_{}, dense_gradients_{};
    /// The factored layer's weights in the precision of its products: rounded once per step.
    at::Tensor factored_weights_{};
    /// Memory for the gradient of the factored layer in bf16, kept as it is dear to get.
    at::Tensor rounded_gradient_{};
    StepTimes times_{};

  private:
    TrainingStep::Sum accumulate_chunk(const TrainingBatch& batch,
                                       std::int64_t global_batch,
                                       const TrainingStep::OnReady& on_ready);
    /// Goes backward up to the factored layer, and makes its gradient.
    void backward_to_factors(const TrainingOutput& output,
                             double n_global,
                             const TrainingStep::OnReady& on_ready);
    void report(const at::Tensor& piece, const TrainingStep::OnReady& on_ready) const;
    void make_parameters();
    /// Rounds the factored layer's weights of a block, if it has any.
    void round_factored_weights(const Block& block);

    int tile_px_;
    int n_threads_;
    Device place_;
    at::Tensor n_steps_{};  ///< scalar, as the fused Adam wants it
    /// The weights' views as autograd leaves; their .grad are the views of gradients_.
    std::vector<at::Tensor> parameters_{};
    std::vector<Block> blocks_{};
    /// Whether what is in gradients_ was applied: they then count as zero, and are overwritten.
    bool is_applied_ = true;
};

}  // namespace faintweb::learn
