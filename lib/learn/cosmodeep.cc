// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/cosmodeep.h"

#include <ATen/ops/adaptive_max_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>

#include "lib/learn/pooling.h"

namespace faintweb::learn {
namespace {

constexpr std::int64_t n_maps_1 = 32;
constexpr std::int64_t n_maps_2 = 64;
constexpr std::int64_t kernel_size = 9;  // 3 x 3

at::Tensor first_layer(const NamedWeights& weights, const at::Tensor& tiles) {
    return pool_and_relu(
        at::conv2d(as_channels_last(tiles), weights["conv1.weight"], weights["conv1.bias"], 1, 1));
}

at::Tensor second_convolution(const NamedWeights& weights, const at::Tensor& maps) {
    return at::conv2d(maps, weights["conv2.weight"], weights["conv2.bias"], 1, 1);
}

}  // namespace

std::vector<WeightShape> Cosmodeep::trunk_shapes(Heads) const {
    std::vector<WeightShape> shapes;
    add_layer(shapes, "conv1", {n_maps_1, 1, 3, 3});
    add_layer(shapes, "conv2", {n_maps_2, n_maps_1, 3, 3});
    return shapes;
}

std::int64_t Cosmodeep::n_features(int tile_px, Heads) const {
    const std::int64_t edge = tile_px / 2 / 2;
    return n_maps_2 * (is_pyramid() ? 3 * 3 + 1 : edge * edge);
}

std::int64_t Cosmodeep::trunk_multiply_adds(int tile_px, Heads) const {
    const std::int64_t pixels = std::int64_t{tile_px} * tile_px;
    const std::int64_t half_pixels = std::int64_t{tile_px / 2} * (tile_px / 2);
    return pixels * kernel_size * n_maps_1 + half_pixels * kernel_size * n_maps_1 * n_maps_2;
}

bool Cosmodeep::is_rounded(std::string_view weight) const {
    return !weight.starts_with("conv1.") && !weight.starts_with("output.");
}

TrunkOutput Cosmodeep::forward_trunk(const NamedWeights& weights, const at::Tensor& tiles) const {
    const at::Tensor maps = second_convolution(weights, first_layer(weights, tiles));
    return {is_pyramid() ? pyramid(maps) : pool_and_relu(maps).flatten(1), {}};
}

at::Tensor Cosmodeep::features(const NamedWeights& weights, const at::Tensor& tiles) const {
    return features_behind(weights, first_layer(weights, tiles));
}

at::Tensor Cosmodeep::features_behind(const NamedWeights& weights,
                                      const at::Tensor& first_maps) const {
    const at::Tensor maps =
        second_convolution(weights, first_maps.to(weights["conv2.weight"].scalar_type()));
    return is_pyramid() ? pyramid(maps) : pool_and_relu(maps).permute({0, 2, 3, 1}).flatten(1);
}

NamedWeights Cosmodeep::inference_weights(c10::Device device,
                                          std::span<const Tensor> weights,
                                          Precision precision) const {
    NamedWeights there = Network::inference_weights(device, weights, precision);
    if (!is_pyramid()) {
        at::Tensor& hidden = there["hidden.weight"];
        hidden = hidden.view({hidden.size(0), n_maps_2, hidden.size(1) / n_maps_2})
                     .transpose(1, 2)
                     .reshape(hidden.sizes())
                     .contiguous();
    }
    return there;
}

at::Tensor pyramid(const at::Tensor& maps) {
    const at::Tensor grid = std::get<0>(at::adaptive_max_pool2d(maps, {3, 3})).relu();
    // The cells of the 3x3 grid cover all pixels, so their maximum is that of the 1x1 grid.
    const at::Tensor cells = grid.flatten(2);
    return at::cat({cells.flatten(1), cells.amax(2)}, 1);
}

}  // namespace faintweb::learn
