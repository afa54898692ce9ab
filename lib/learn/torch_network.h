#pragma once

#include <span>
#include <vector>

#include "lib/learn/device.h"
#include "lib/learn/network.h"

namespace at {
class Tensor;
}
namespace c10 {
struct Device;
}

/// What the LibTorch files of this folder share. LibTorch's types are only named here, so that the
/// header costs nothing; who calls these functions includes <ATen/core/Tensor.h>.
namespace faintweb::learn {

/// Our device in LibTorch's words. Also turns off what would make a GPU's results vary from run to
/// run or round to fewer bits than float32 has.
c10::Device torch_device(Device device);

/// What the convolutions see in tiles: conv 3x3 -> pool -> ReLU -> conv 3x3 -> pool -> ReLU.
///
/// Pooling comes before ReLU, which gives the same values (max and ReLU commute) for a quarter of
/// the work. Activations are kept channels-last: on a CPU that is twice as fast as rows-first.
///
/// @param weights  as weight_shapes() says; the first four are used.
/// @param tiles    [n, tile_px, tile_px], contiguous, of the weights' type.
/// @return         [n, n_features].
at::Tensor features(SecondPooling pooling,
                    const std::vector<at::Tensor>& weights,
                    const at::Tensor& tiles);

/// Class scores before the softmax: features -> hidden -> ReLU -> output.
///
/// @param weights  as weight_shapes() says.
/// @param tiles    [n, tile_px, tile_px], contiguous.
/// @return         [n, 2]: noise, signal.
at::Tensor forward(SecondPooling pooling,
                   const std::vector<at::Tensor>& weights,
                   const at::Tensor& tiles);

/// Pieces of a flat tensor, in order, as the weights' shapes; they share its memory.
std::vector<at::Tensor> pieces(const at::Tensor& flat, const std::vector<WeightShape>& shapes);

}  // namespace faintweb::learn
