#include "lib/learn/torch_network.h"

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/adaptive_max_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>

namespace faintweb::learn {
namespace {

/// [n, 64, rows, cols] -> [n, 64 * (9 + 1)]: the 3x3 grid map by map, then the 1x1 grid.
at::Tensor pyramid(const at::Tensor& maps) {
    const at::Tensor grid = std::get<0>(at::adaptive_max_pool2d(maps, {3, 3})).relu();
    // The cells of the 3x3 grid cover all pixels, so their maximum is that of the 1x1 grid.
    const at::Tensor cells = grid.flatten(2);
    return at::cat({cells.flatten(1), cells.amax(2)}, 1);
}

}  // namespace

c10::Device torch_device(Device device) {
    if (device.kind == DeviceKind::cpu) {
        return c10::Device(c10::DeviceType::CPU);
    }
    at::Context& context = at::globalContext();
    context.setAllowTF32CuDNN(false);
    context.setAllowTF32CuBLAS(false);
    context.setDeterministicCuDNN(true);
    context.setBenchmarkCuDNN(false);
    return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device.index));
}

at::Tensor features(SecondPooling pooling,
                    const std::vector<at::Tensor>& weights,
                    const at::Tensor& tiles) {
    const std::int64_t n = tiles.size(0);
    const std::int64_t rows = tiles.size(1);
    const std::int64_t cols = tiles.size(2);
    // With one channel both layouts are the same memory; these strides are what says channels-last.
    at::Tensor maps = tiles.as_strided({n, 1, rows, cols}, {rows * cols, 1, cols, 1});
    maps = at::max_pool2d(at::conv2d(maps, weights[0], weights[1], 1, 1), 2).relu();
    maps = at::conv2d(maps, weights[2], weights[3], 1, 1);
    return pooling == SecondPooling::pyramid ? pyramid(maps)
                                             : at::max_pool2d(maps, 2).relu().flatten(1);
}

at::Tensor forward(SecondPooling pooling,
                   const std::vector<at::Tensor>& weights,
                   const at::Tensor& tiles) {
    const at::Tensor hidden =
        at::linear(features(pooling, weights, tiles), weights[4], weights[5]).relu();
    return at::linear(hidden, weights[6], weights[7]);
}

std::vector<at::Tensor> pieces(const at::Tensor& flat, const std::vector<WeightShape>& shapes) {
    std::vector<at::Tensor> parts;
    std::int64_t first = 0;
    for (const WeightShape& weight : shapes) {
        parts.push_back(flat.narrow(0, first, n_values(weight)).view(weight.shape));
        first += n_values(weight);
    }
    return parts;
}

}  // namespace faintweb::learn
