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

/// Class scores before the softmax: conv 3x3 -> pool -> ReLU -> conv 3x3 -> pool -> ReLU -> hidden
/// -> ReLU -> dropout -> output.
///
/// Pooling comes before ReLU, which gives the same values (max and ReLU commute) for a quarter of
/// the work. Activations are kept channels-last: on a CPU that is twice as fast as rows-first.
///
/// @param weights       as weight_shapes() says.
/// @param tiles         [n, tile_px, tile_px], contiguous.
/// @param dropout_mask  [n, 1024] factors of the hidden layer, or an undefined tensor for none.
/// @return              [n, 2]: noise, signal.
at::Tensor forward(SecondPooling pooling,
                   const std::vector<at::Tensor>& weights,
                   const at::Tensor& tiles,
                   const at::Tensor& dropout_mask);

/// Pieces of a flat tensor, in order, as the weights' shapes; they share its memory.
std::vector<at::Tensor> pieces(const at::Tensor& flat, const std::vector<WeightShape>& shapes);

}  // namespace faintweb::learn
