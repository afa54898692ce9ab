// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/dense_head.h"

#include <utility>

#include <ATen/ops/empty.h>

#include "lib/learn/dense_network.h"

namespace faintweb::infer {

DenseHead::DenseHead(learn::NamedWeights weights, const ForwardSettings& settings)
    : weights_(std::move(weights)) {
    if (settings.precision == learn::Precision::bf16) {
        hidden_ = PackedLayer::make(weights_["hidden.weight"], weights_["hidden.bias"],
                                    settings.group_size);
    }
}

at::Tensor DenseHead::empty_features(std::int64_t n) const {
    const at::Tensor& hidden = weights_["hidden.weight"];
    return at::empty({n, hidden.size(1)}, hidden.options());
}

at::Tensor DenseHead::logits(const at::Tensor& features) const {
    return learn::logits_of_class_scores(hidden_
                                             ? learn::output_layer(weights_, (*hidden_)(features))
                                             : learn::dense_layers(weights_, features));
}

}  // namespace faintweb::infer
