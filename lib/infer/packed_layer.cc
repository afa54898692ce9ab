// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/packed_layer.h"

#include <ATen/Parallel.h>
#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/util/Exception.h>
#include <c10/util/string_view.h>

#include "lib/base/vector.h"

namespace faintweb::infer {
namespace {

// Operators that LibTorch registers where it was built with oneDNN; its headers have no function
// for them (aten/src/ATen/native/mkldnn/RegisterMkldnnOpContextClass.cpp). c10::string_view was a
// class of its own before 2.6.
using Pack = at::Tensor(const at::Tensor& weight, std::optional<std::int64_t> n_rows);
using Multiply = at::Tensor(const at::Tensor& rows,
                            const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias,
                            c10::string_view behind,
                            c10::List<std::optional<at::Scalar>> numbers,
                            std::optional<c10::string_view> algorithm);

template <typename Function>
std::optional<c10::TypedOperatorHandle<Function>> find(const char* name) {
    const auto operation = c10::Dispatcher::singleton().findSchema({name, ""});
    if (!operation) {
        return std::nullopt;
    }
    return operation->typed<Function>();
}

const auto& multiply() {
    static const auto operation = find<Multiply>("mkldnn::_linear_pointwise");
    return operation;
}

}  // namespace

bool PackedLayer::can_pack() {
    return base::widest_lanes() == 16;
}

std::optional<PackedLayer> PackedLayer::make(const at::Tensor& weight,
                                             const at::Tensor& bias,
                                             std::int64_t n_tiles) {
    if (!can_pack()) {
        return std::nullopt;
    }
    // Of the calling thread: how a weight is packed depends on it.
    at::set_num_threads(1);
    try {
        const auto pack = find<Pack>("mkldnn::_reorder_linear_weight");
        if (!pack || !multiply()) {
            return std::nullopt;
        }
        PackedLayer layer;
        layer.weight_ = pack->call(weight, n_tiles);
        layer.bias_ = bias;
        return layer;
    } catch (const c10::Error&) {  // of an operator that is another, or refuses its limits
        return std::nullopt;
    }
}

at::Tensor PackedLayer::operator()(const at::Tensor& features) const {
    return multiply()->call(features, weight_, bias_, "relu",
                            c10::List<std::optional<at::Scalar>>{}, "");
}

}  // namespace faintweb::infer
