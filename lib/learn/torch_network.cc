// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/torch_network.h"

#include <algorithm>

#include <ATen/Context.h>
#include <ATen/ops/from_blob.h>

#include "lib/base/contract.h"

namespace faintweb::learn {

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

const at::Tensor& NamedWeights::operator[](std::string_view name) const {
    const auto found = std::ranges::find(
        weights_, name, [](const auto& weight) { return std::string_view(weight.first); });
    FAINTWEB_EXPECTS(found != weights_.end());
    return found->second;
}

at::Tensor& NamedWeights::operator[](std::string_view name) {
    return const_cast<at::Tensor&>(std::as_const(*this)[name]);
}

NamedWeights Network::inference_weights(c10::Device device,
                                        std::span<const Tensor> weights,
                                        Precision precision) const {
    NamedWeights there;
    for (const Tensor& weight : weights) {
        const bool is_bf16 = precision == Precision::bf16 && is_rounded(weight.name);
        there.add(weight.name,
                  at::from_blob(const_cast<float*>(weight.values.data()), weight.shape)
                      .clone()
                      .to(device, is_bf16 ? at::ScalarType::BFloat16 : at::ScalarType::Float));
    }
    return there;
}

std::vector<at::Tensor> views(const at::Tensor& flat, const std::vector<WeightShape>& shapes) {
    std::vector<at::Tensor> all;
    std::int64_t first = 0;
    for (const WeightShape& weight : shapes) {
        all.push_back(flat.narrow(0, first, n_values(weight)).view(weight.shape));
        first += n_values(weight);
    }
    return all;
}

at::Tensor as_channels_last(const at::Tensor& tiles) {
    const std::int64_t rows = tiles.size(2);
    const std::int64_t cols = tiles.size(3);
    return tiles.as_strided({tiles.size(0), 1, rows, cols}, {rows * cols, 1, cols, 1});
}

}  // namespace faintweb::learn
