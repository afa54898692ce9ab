// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/learn/device.h"

namespace at {
class Tensor;
}
namespace c10 {
struct Device;
}

namespace faintweb::learn {

/// What a network answers: one label rule, or several at once.
struct Heads {
    std::int64_t n_rules = 1;  ///< label rules, each with an answer of its own; at most max_rules
    /// Flux thresholds whose parts above the cells of a tile tell: those of all rules that the
    /// network has learned.
    std::int64_t n_thresholds = 1;
};

/// The most label rules that a network answers at once: the labels of a tile are the bits of a
/// byte.
inline constexpr std::int64_t max_rules = 8;

/// What a training sample of a network is made of.
struct SampleLayout {
    std::int64_t n_channels = 1;  ///< images of a tile that the network reads; maps give one
    int margin_px = 0;            ///< context that the network wants around each tile
    /// Cells along a tile's edge whose part above each threshold the network also learns to tell; 0
    /// for networks that learn from labels alone.
    std::int64_t n_cells = 0;
};

/// What a caller needs to know of a network before it has one.
struct NetworkInfo {
    std::string name;
    Heads heads{};
    std::int64_t n_parameters = 0;
    double mflop_per_tile = 0;  ///< forward, one multiply-add = 2
    std::int64_t n_channels = 1;
    int margin_px = 0;
    std::int64_t n_cells = 0;
    /// Width of the layer that is trained with dropout; 0 for networks without one.
    std::int64_t n_dropout = 0;
    /// Numbers of a training sample: the tile with its margin, [n_channels, rows, cols], and behind
    /// it the part above each threshold of each of its cells, [n_thresholds, n_cells, n_cells].
    std::int64_t n_sample_values = 0;

    /// Numbers of a tile with its margin, of all channels.
    std::int64_t n_tile_values() const {
        return n_sample_values - heads.n_thresholds * n_cells * n_cells;
    }
};

/// Edge of a cell, pixel.
inline constexpr std::int64_t cell_px = 2;

/// One weight tensor of a network: its name in the model file and its shape, row-major.
struct WeightShape {
    std::string name;
    std::vector<std::int64_t> shape;
    bool operator==(const WeightShape&) const = default;
};

/// How many numbers a weight tensor has.
std::int64_t n_values(const WeightShape& weight);

/// One tensor of a model, by value.
struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;
    std::vector<float> values;
    bool operator==(const Tensor&) const = default;
};

class NamedWeights;     // lib/learn/torch_network.h
struct TrainingBatch;   // lib/learn/torch_network.h
struct TrainingOutput;  // lib/learn/torch_network.h

/// A network: its layers, its loss, and what it asks of a sample. A new one is a file with a class
/// and a line in network_registry.cc.
///
/// It finds its weights by name. Classification and training work with any network; kernels of its
/// own are found by its kind (lib/infer/forward_pass.h) and only make it faster.
class Network {
  public:
    Network(std::string name, std::string kind) : name_(std::move(name)), kind_(std::move(kind)) {}
    virtual ~Network() = default;
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    const std::string& name() const { return name_; }
    /// The family of networks that differ in numbers only.
    const std::string& kind() const { return kind_; }

    virtual SampleLayout sample_layout(int tile_px) const = 0;
    /// Width of the layer that is trained with dropout; 0: none.
    virtual std::int64_t n_dropout() const { return 0; }
    /// The weight tensors in the order of files and checkpoints.
    virtual std::vector<WeightShape> weight_shapes(int tile_px, Heads heads) const = 0;
    /// Multiplications with an addition that a tile takes.
    virtual std::int64_t multiply_adds(int tile_px, Heads heads) const = 0;
    /// Whether a ReLU follows the layer of a weight, which random weights are scaled for.
    virtual bool is_before_relu(std::string_view weight) const = 0;
    /// Whether a weight is rounded where a network is used in bf16.
    virtual bool is_rounded(std::string_view weight) const = 0;
    /// Label rules that weights answer.
    virtual std::int64_t n_rules(std::span<const Tensor> weights) const = 0;
    /// The weights that answer one rule alone, with the same scores.
    virtual std::vector<Tensor> weights_of_rule(std::vector<Tensor> weights,
                                                std::int64_t rule) const = 0;
    /// A dense layer whose gradient training makes of its two factors, as nearly all of the weights
    /// may be there; empty: there is none. Such a network cuts its graph at that layer
    /// (TrainingOutput).
    virtual std::string factored_layer() const { return ""; }

    /// The losses of a batch, with the graph of their gradient.
    virtual TrainingOutput forward(const NamedWeights& weights,
                                   const TrainingBatch& batch) const = 0;

    /// The weights as logits() wants them on a device.
    virtual NamedWeights inference_weights(c10::Device device,
                                           std::span<const Tensor> weights,
                                           Precision precision) const;
    /// Logits of tiles, without a gradient.
    ///
    /// @param weights  of inference_weights().
    /// @param tiles    [n, n_channels, rows, cols] float with their margin, contiguous.
    /// @return         [n, n_rules] float: logarithm of the odds of signal under each rule.
    virtual at::Tensor logits(const NamedWeights& weights, const at::Tensor& tiles) const = 0;

  private:
    std::string name_;
    std::string kind_;
};

/// Finds a network by its name.
///
/// @throws UsageError  if there is no such network; lists those there are.
const Network& find_network(const std::string& name);

/// Adds a network to those that can be named; to be called before threads look for one.
void register_network(std::unique_ptr<const Network> network);

/// Every network that can be named, in the order of network_registry.cc, then those that
/// register_network() added.
std::vector<std::string> network_names();

/// What a network takes, in numbers, for tiles of tile_px x tile_px pixels.
///
/// @param tile_px  edge of a tile without margin, pixel; 8 <= tile_px <= 256.
/// @throws UsageError  if there is no such network (lists those there are) or tile_px is out of
///                     range.
/// @source cosmodeep, cosmodeep_spp: Gheller et al. 2018, section 2 and Figure 1; the two readings
///         of its parameter count are in docs/paper.md, "Network". faintweb, faintweb_fast,
///         faintweb_lite: ours, with fewer and fewer maps; a label counts pixels, so the network
///         tells for every 2x2 pixels how many are above the threshold, and adds up.
NetworkInfo network_info(const std::string& name, int tile_px, Heads heads = {});

/// The weight tensors of a network in their fixed order (PyTorch's layouts: a convolution is
/// [out, in, rows, cols], a fully connected layer [out, in]).
///
/// @throws UsageError  as network_info().
std::vector<WeightShape> weight_shapes(const std::string& name, int tile_px, Heads heads = {});

/// The weights of a network that answer one of several rules, with the same scores: the others'
/// answers are left out. Parts of cells above all thresholds stay, as each answer uses them.
///
/// @param tensors  as weight_shapes() says.
/// @param rule     0 .. n_rules - 1.
/// @return         as weight_shapes() says for one rule and the same thresholds.
/// @throws UsageError  if there is no such network.
std::vector<Tensor> weights_of_rule(const std::string& name,
                                    std::vector<Tensor> tensors,
                                    std::int64_t rule);

/// Random weights of a network: normal with variance 2 / fan-in before a ReLU (He et al. 2015),
/// 1 / fan-in before the output, biases zero. A pure function of its arguments.
///
/// @throws UsageError  as network_info().
std::vector<Tensor> random_weights(const std::string& name,
                                   int tile_px,
                                   std::uint64_t seed,
                                   Heads heads = {});

}  // namespace faintweb::learn
