// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/cosmodeep/cuda/stem_forward.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "lib/infer/cosmodeep/cuda/kernels.h"

namespace faintweb::infer::cosmodeep::cuda {
namespace {

__nv_bfloat16* bf16_of(const at::Tensor& tensor) {
    return static_cast<__nv_bfloat16*>(tensor.mutable_data_ptr());
}

}  // namespace

StemForward::StemForward(const learn::Cosmodeep& network, const learn::NamedWeights& weights)
    : network_(network), weights_(weights) {
    at::Tensor& second = weights_["conv2.weight"];
    second = second.contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor StemForward::empty_features(std::int64_t n) const {
    const at::Tensor& hidden = weights_["hidden.weight"];
    return at::empty({n, hidden.size(1)}, hidden.options());
}

at::Tensor StemForward::features(const at::Tensor& tiles, Region) const {
    const c10::cuda::CUDAGuard on_its_gpu(tiles.device());
    const cudaStream_t stream = c10::cuda::getCurrentCUDAStream();
    const std::int64_t n = tiles.size(0);
    const std::int64_t edge = tiles.size(2);
    const at::Tensor& weight = weights_["conv2.weight"];
    const at::Tensor& bias = weights_["conv2.bias"];
    const at::Tensor first = at::empty({n, n_stem_maps, edge / 2, edge / 2}, weight.options(),
                                       at::MemoryFormat::ChannelsLast);
    stem(tiles.const_data_ptr<float>(), n, static_cast<int>(edge),
         weights_["conv1.weight"].const_data_ptr<float>(),
         weights_["conv1.bias"].const_data_ptr<float>(), bf16_of(first), stream);
    if (network_.is_pyramid()) {
        return learn::pyramid(at::conv2d(first, weight, bias, 1, 1));
    }
    const at::Tensor maps =
        at::conv2d(first, weight, {}, 1, 1).contiguous(at::MemoryFormat::ChannelsLast);
    const std::int64_t n_maps = maps.size(1);
    const at::Tensor pooled = at::empty({n, edge / 4 * (edge / 4) * n_maps}, maps.options());
    pool_bias_relu(bf16_of(maps), n, static_cast<int>(edge / 2), static_cast<int>(edge / 2),
                   static_cast<int>(n_maps), bf16_of(bias), bf16_of(pooled), stream);
    return pooled;
}

at::Tensor StemForward::logits(const at::Tensor& features) const {
    return learn::logits_of_class_scores(learn::dense_layers(weights_, features));
}

}  // namespace faintweb::infer::cosmodeep::cuda
