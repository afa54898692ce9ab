#include "lib/learn/torch_network.h"

#include <ATen/Context.h>
#include <ATen/ops/adaptive_max_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linear.h>

#include "lib/learn/pooling.h"

namespace faintweb::learn {
namespace {

/// Tiles as images of one channel.
at::Tensor one_map(const at::Tensor& tiles) {
    const std::int64_t rows = tiles.size(1);
    const std::int64_t cols = tiles.size(2);
    // With one channel both layouts are the same memory; these strides are what says channels-last.
    return tiles.as_strided({tiles.size(0), 1, rows, cols}, {rows * cols, 1, cols, 1});
}

Seen see_cells(const std::vector<at::Tensor>& weights, at::Tensor maps) {
    maps = at::conv2d(maps, weights[0], weights[1], cell_px).relu().to(weights[2].scalar_type());
    for (std::size_t layer = 1; layer <= n_cell_convolutions; ++layer) {
        maps = at::conv2d(maps, weights[2 * layer], weights[2 * layer + 1]).relu();
    }
    const std::size_t last = 2 * (n_cell_convolutions + 1);
    const at::Tensor cells =
        at::conv2d(maps, weights[last], weights[last + 1]).to(c10::ScalarType::Float);
    const at::Tensor part_above = cells.sigmoid().mean({2, 3});
    return {at::cat({maps.mean({2, 3}),
                     maps.amax({2, 3}),
                     part_above.mul(part_scale),
                     part_above.add(part_floor).log()},
                    1)
                .to(maps.scalar_type()),
            cells};
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

std::vector<at::Tensor> weights_on(c10::Device device,
                                   Trunk trunk,
                                   std::span<const Tensor> tensors,
                                   Precision precision) {
    // A weight and a bias each.
    constexpr std::size_t n_outer = 2;
    std::vector<at::Tensor> weights;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const bool is_inner = i >= n_outer && i + n_outer < tensors.size();
        weights.push_back(
            at::from_blob(const_cast<float*>(tensors[i].values.data()), tensors[i].shape)
                .clone()
                .to(device,
                    is_inner && precision == Precision::bf16 ? at::ScalarType::BFloat16
                                                             : at::ScalarType::Float));
    }
    if (trunk == Trunk::flattened) {
        at::Tensor& hidden = weights[hidden_weight(weights.size())];
        const std::int64_t n_maps = weights[2].size(0);
        hidden = hidden.view({hidden.size(0), n_maps, hidden.size(1) / n_maps})
                     .transpose(1, 2)
                     .reshape(hidden.sizes())
                     .contiguous();
    }
    return weights;
}

Seen see(Trunk trunk, const std::vector<at::Tensor>& weights, const at::Tensor& tiles) {
    at::Tensor maps = one_map(tiles);
    if (trunk == Trunk::cells) {
        return see_cells(weights, maps);
    }
    maps = pool_and_relu(at::conv2d(maps, weights[0], weights[1], 1, 1));
    maps = at::conv2d(maps, weights[2], weights[3], 1, 1);
    return {trunk == Trunk::pyramid ? pyramid(maps) : pool_and_relu(maps).flatten(1), {}};
}

at::Tensor features_of(Trunk trunk,
                       const std::vector<at::Tensor>& weights,
                       const at::Tensor& tiles) {
    if (trunk == Trunk::cells) {
        return see(trunk, weights, tiles).features;
    }
    return features_behind(
        trunk, weights, pool_and_relu(at::conv2d(one_map(tiles), weights[0], weights[1], 1, 1)));
}

at::Tensor features_behind(Trunk trunk,
                           const std::vector<at::Tensor>& weights,
                           const at::Tensor& first_maps) {
    const at::Tensor maps =
        at::conv2d(first_maps.to(weights[2].scalar_type()), weights[2], weights[3], 1, 1);
    return trunk == Trunk::pyramid ? pyramid(maps)
                                   : pool_and_relu(maps).permute({0, 2, 3, 1}).flatten(1);
}

at::Tensor pyramid(const at::Tensor& maps) {
    const at::Tensor grid = std::get<0>(at::adaptive_max_pool2d(maps, {3, 3})).relu();
    // The cells of the 3x3 grid cover all pixels, so their maximum is that of the 1x1 grid.
    const at::Tensor cells = grid.flatten(2);
    return at::cat({cells.flatten(1), cells.amax(2)}, 1);
}

at::Tensor connect(const std::vector<at::Tensor>& weights, const at::Tensor& features) {
    const at::Tensor* connected = &weights[hidden_weight(weights.size())];
    return output_of(weights, at::linear(features, connected[0], connected[1]).relu());
}

at::Tensor output_of(const std::vector<at::Tensor>& weights, const at::Tensor& hidden) {
    const at::Tensor* output = &weights[weights.size() - 2];
    return at::linear(hidden.to(output[0].scalar_type()), output[0], output[1]);
}

at::Tensor odds_of(const at::Tensor& output) {
    const at::Tensor pairs = output.view({output.size(0), -1, 2});
    return pairs.select(2, 1).sub(pairs.select(2, 0)).contiguous();
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
