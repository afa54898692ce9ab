// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/learn/device.h"
#include "lib/learn/network.h"

/// What the LibTorch files of lib/learn and lib/infer share, and nobody else includes.
namespace faintweb::learn {

/// Gives our device in LibTorch's words, and turns off what would make a GPU's results vary from
/// run to run or round to fewer bits than float32 has.
c10::Device torch_device(Device device);

/// The weights of a network, each found by its name.
class NamedWeights {
  public:
    void add(std::string name, at::Tensor weight) {
        weights_.emplace_back(std::move(name), std::move(weight));
    }
    /// @param name  of one that was added.
    const at::Tensor& operator[](std::string_view name) const;
    at::Tensor& operator[](std::string_view name);

  private:
    std::vector<std::pair<std::string, at::Tensor>> weights_;
};

/// What a network is trained on in one go, on its device.
struct TrainingBatch {
    at::Tensor tiles;   ///< [n, n_channels, rows, cols] with their margin, of the products' type
    at::Tensor labels;  ///< [n * n_rules] whole numbers: 1 signal, 0 noise
    at::Tensor cells;   ///< [n, n_thresholds, n_cells, n_cells] float: part above each threshold
    at::Tensor dropout_mask;  ///< [n, n_dropout] float factors; undefined: no dropout
    double cells_weight = 1;  ///< of the cells' loss beside that of the labels
    std::int64_t n_rules = 1;
};

/// What a network makes of a batch; losses are sums over its tiles.
struct TrainingOutput {
    at::Tensor label_loss;  ///< scalar
    at::Tensor cell_loss;   ///< scalar, with its weight; undefined for networks without cells
    at::Tensor n_right;     ///< scalar: right answers, one per tile and rule
    /// What goes into the factored_layer() of a network that has one, with the graph of the layers
    /// before; and what that layer gives without its ReLU, which the graph of label_loss begins
    /// with.
    at::Tensor features, pre_activation;
};

/// Views of a flat tensor, in order, in the weights' shapes; they share its memory.
std::vector<at::Tensor> views(const at::Tensor& flat, const std::vector<WeightShape>& shapes);

/// Gives images the strides of channels-last: with one channel both layouts are the same memory,
/// and it is the strides that choose the kernels, which are twice as fast as rows-first on a CPU.
///
/// @param tiles  [n, 1, rows, cols], contiguous.
at::Tensor as_channels_last(const at::Tensor& tiles);

}  // namespace faintweb::learn
