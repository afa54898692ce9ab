// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/learn/network.h"
#include "lib/learn/torch_network.h"

namespace faintweb::learn {

/// What the convolutions of a network make of tiles.
struct TrunkOutput {
    at::Tensor features;  ///< [n, n_features], of the weights' type, for the hidden layer
    /// [n, n_thresholds, n_cells, n_cells] float logits of the part of each cell above each
    /// threshold; undefined for networks without.
    at::Tensor cell_logits;
};

/// A network whose convolutions, the trunk, end in features that two dense layers, "hidden" and
/// "output", turn into scores of the classes noise and signal under each label rule.
///
/// The loss of a sample is the cross-entropy of its label, mean over the rules, and, where the
/// trunk tells cells, the mean over its cells and the thresholds of the cross-entropy of the part
/// above: one label says little of where in a tile there is what.
class DenseNetwork : public Network {
  public:
    DenseNetwork(std::string name, std::string kind, std::int64_t n_hidden)
        : Network(std::move(name), std::move(kind)), n_hidden_(n_hidden) {}

    /// Runs the trunk on tiles, with the graph of its gradient.
    ///
    /// @param weights  the trunk's; the first layer's may be of another type than the others'.
    /// @param tiles    [n, 1, rows, cols] with their margin, contiguous, of the type of the first
    ///                 layer's weights.
    virtual TrunkOutput forward_trunk(const NamedWeights& weights,
                                      const at::Tensor& tiles) const = 0;
    /// The features of tiles without a gradient, in the order that inference_weights() wants.
    ///
    /// @param tiles  [n, 1, rows, cols] float with their margin, contiguous.
    virtual at::Tensor features(const NamedWeights& weights, const at::Tensor& tiles) const = 0;

    std::vector<WeightShape> weight_shapes(int tile_px, Heads heads) const final;
    std::int64_t multiply_adds(int tile_px, Heads heads) const final;
    bool is_before_relu(std::string_view weight) const override;
    std::int64_t n_rules(std::span<const Tensor> weights) const final;
    std::vector<Tensor> weights_of_rule(std::vector<Tensor> weights, std::int64_t rule) const final;
    std::string factored_layer() const final { return "hidden"; }
    TrainingOutput forward(const NamedWeights& weights, const TrainingBatch& batch) const final;
    at::Tensor logits(const NamedWeights& weights, const at::Tensor& tiles) const final;

  protected:
    std::int64_t n_hidden() const { return n_hidden_; }

  private:
    virtual std::vector<WeightShape> trunk_shapes(Heads heads) const = 0;
    virtual std::int64_t n_features(int tile_px, Heads heads) const = 0;
    virtual std::int64_t trunk_multiply_adds(int tile_px, Heads heads) const = 0;

    std::int64_t n_hidden_;
};

/// Adds weight and bias of a layer to a list.
///
/// @param shape  of the weight: [out, in, ...].
void add_layer(std::vector<WeightShape>& shapes,
               const std::string& layer,
               std::vector<std::int64_t> shape);

/// Computes class scores before the softmax: features -> hidden -> ReLU -> output.
///
/// @param weights   of inference_weights().
/// @param features  of DenseNetwork::features().
/// @return          [n, 2 * n_rules]: noise, signal under each rule.
at::Tensor dense_layers(const NamedWeights& weights, const at::Tensor& features);

/// Computes the last of dense_layers(), from hidden to output.
///
/// @param hidden  [n, n_hidden] after ReLU.
at::Tensor output_layer(const NamedWeights& weights, const at::Tensor& hidden);

/// Turns class scores into logits: the output for signal minus that for noise.
///
/// @param scores  [n, 2 * n_rules].
/// @return        [n, n_rules].
at::Tensor logits_of_class_scores(const at::Tensor& scores);

}  // namespace faintweb::learn
