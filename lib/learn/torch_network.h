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

/// The weights of a network to be used on a device: in this precision but for the first and the
/// last layer's, which are float; in Trunk::flattened the hidden layer's columns are in the order
/// of features_of().
std::vector<at::Tensor> weights_on(c10::Device device,
                                   Trunk trunk,
                                   std::span<const Tensor> tensors,
                                   Precision precision);

/// The part of a tile above the threshold becomes two features, linear and logarithmic: these bring
/// both to the size of the others. 1e-3 is between one and two pixels of a tile of 40.
inline constexpr double part_scale = 10;
inline constexpr double part_floor = 1e-3;

/// What the convolutions of a network see in tiles.
struct Seen {
    at::Tensor features;  ///< [n, n_features], of the weights' type, for the hidden layer
    /// [n, n_thresholds, n_cells, n_cells] float logits of the part of each cell above each
    /// threshold; undefined for networks without.
    at::Tensor cells;
};

/// The trunk of a network.
///
/// Where there is pooling it comes before ReLU, which gives the same values (max and ReLU commute)
/// for a quarter of the work. Activations are kept channels-last: on a CPU that is twice as fast as
/// rows-first.
///
/// @param weights  as weight_shapes() says; all before hidden_weight() are used. The first layer's
///                 may be of another type than the others'.
/// @param tiles    [n, rows, cols] with their margin, contiguous, of the first weights' type.
Seen see(Trunk trunk, const std::vector<at::Tensor>& weights, const at::Tensor& tiles);

/// Which of the weights is the hidden layer's; its bias and those of the output layer, the last of
/// weight_shapes(), follow.
constexpr std::size_t hidden_weight(std::size_t n_weights) {
    return n_weights - 4;
}

/// The features of see(), faster where no gradient is taken; in Trunk::flattened map after map at
/// each pixel, which is how they lie in memory.
///
/// @param weights  of weights_on().
/// @param tiles    [n, rows, cols] float with their margin, contiguous.
at::Tensor features_of(Trunk trunk,
                       const std::vector<at::Tensor>& weights,
                       const at::Tensor& tiles);

/// The same from the first layer's maps on, of Trunk::flattened or Trunk::pyramid.
///
/// @param first_maps  [n, n_maps, rows / 2, cols / 2] after ReLU and pooling.
at::Tensor features_behind(Trunk trunk,
                           const std::vector<at::Tensor>& weights,
                           const at::Tensor& first_maps);

/// The trunk's end in Trunk::pyramid: [n, 64, rows, cols] -> [n, 64 * (9 + 1)], the 3x3 grid map by
/// map, then the 1x1 grid.
at::Tensor pyramid(const at::Tensor& maps);

/// Class scores before the softmax: features -> hidden -> ReLU -> output.
///
/// @param weights   of weights_on().
/// @param features  of features_of().
/// @return          [n, 2 * n_rules]: noise, signal under each rule.
at::Tensor connect(const std::vector<at::Tensor>& weights, const at::Tensor& features);

/// The output layer of connect().
///
/// @param hidden  [n, n_hidden] after ReLU.
at::Tensor output_of(const std::vector<at::Tensor>& weights, const at::Tensor& hidden);

/// [n, 2 * n_rules] class scores -> [n, n_rules]: the output for signal minus that for noise.
at::Tensor odds_of(const at::Tensor& output);

/// Pieces of a flat tensor, in order, as the weights' shapes; they share its memory.
std::vector<at::Tensor> pieces(const at::Tensor& flat, const std::vector<WeightShape>& shapes);

}  // namespace faintweb::learn
