#pragma once

#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/learn/device.h"
#include "lib/learn/network.h"

/// What the LibTorch files of this folder share, and nobody else includes.
namespace faintweb::learn {

/// Our device in LibTorch's words. Also turns off what would make a GPU's results vary from run to
/// run or round to fewer bits than float32 has.
c10::Device torch_device(Device device);

/// What a network knows of its tiles.
struct Output {
    at::Tensor scores;  ///< [n, 2] before the softmax: noise, signal
    /// [n, n_cells, n_cells] logits of the part of each cell above the label rule's threshold;
    /// undefined for networks without.
    at::Tensor cells;
};

/// Trunk -> hidden -> ReLU -> dropout -> output.
///
/// Where there is pooling it comes before ReLU, which gives the same values (max and ReLU commute)
/// for a quarter of the work. Activations are kept channels-last: on a CPU that is twice as fast as
/// rows-first.
///
/// @param weights       as weight_shapes() says.
/// @param tiles         [n, rows, cols] with their margin, contiguous.
/// @param dropout_mask  [n, n_hidden] factors of the hidden layer, or an undefined tensor for none.
Output forward(Trunk trunk,
               const std::vector<at::Tensor>& weights,
               const at::Tensor& tiles,
               const at::Tensor& dropout_mask);

/// Pieces of a flat tensor, in order, as the weights' shapes; they share its memory.
std::vector<at::Tensor> pieces(const at::Tensor& flat, const std::vector<WeightShape>& shapes);

}  // namespace faintweb::learn
