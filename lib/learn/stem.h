#pragma once

#include <ATen/core/Tensor.h>

namespace faintweb::learn {

/// The first layer of the paper's networks on a CPU, without a gradient: 3x3 convolution with zeros
/// around the tile, maximum over 2x2 pixels, ReLU. LibTorch's convolution of one channel takes as
/// long as a later one of 32, and its result has four times the size of this one's.
///
/// @param tiles   [n, edge, edge] float, contiguous.
/// @param weight  [n_maps, 1, 3, 3] float.
/// @param bias    [n_maps] float.
/// @param type    of the result, Float or BFloat16.
/// @return        [n, n_maps, edge / 2, edge / 2], channels-last.
/// @source ours (stem_test.cc)
at::Tensor stem(const at::Tensor& tiles,
                const at::Tensor& weight,
                const at::Tensor& bias,
                at::ScalarType type);

}  // namespace faintweb::learn
