// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/dense_network.h"

#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/linear.h>

#include "lib/base/contract.h"

namespace faintweb::learn {
namespace {

constexpr std::int64_t n_classes = 2;

}  // namespace

void add_layer(std::vector<WeightShape>& shapes,
               const std::string& layer,
               std::vector<std::int64_t> shape) {
    const std::int64_t n_out = shape.front();
    shapes.push_back({layer + ".weight", std::move(shape)});
    shapes.push_back({layer + ".bias", {n_out}});
}

std::vector<WeightShape> DenseNetwork::weight_shapes(int tile_px, Heads heads) const {
    std::vector<WeightShape> shapes = trunk_shapes(heads);
    add_layer(shapes, "hidden", {n_hidden_, n_features(tile_px, heads)});
    add_layer(shapes, "output", {n_classes * heads.n_rules, n_hidden_});
    return shapes;
}

std::int64_t DenseNetwork::multiply_adds(int tile_px, Heads heads) const {
    return trunk_multiply_adds(tile_px, heads) + n_features(tile_px, heads) * n_hidden_ +
           n_hidden_ * n_classes * heads.n_rules;
}

bool DenseNetwork::is_before_relu(std::string_view weight) const {
    return weight != "output.weight";
}

std::int64_t DenseNetwork::n_rules(std::span<const Tensor> weights) const {
    for (const Tensor& tensor : weights) {
        if (tensor.name == "output.bias") {
            return tensor.shape.front() / n_classes;
        }
    }
    FAINTWEB_EXPECTS(false);
    return 0;
}

std::vector<Tensor> DenseNetwork::weights_of_rule(std::vector<Tensor> weights,
                                                  std::int64_t rule) const {
    for (Tensor& tensor : weights) {
        if (!tensor.name.starts_with("output.")) {
            continue;
        }
        FAINTWEB_EXPECTS(rule >= 0 && n_classes * (rule + 1) <= tensor.shape.front());
        const std::int64_t row_size = std::ssize(tensor.values) / tensor.shape.front();
        const auto first = tensor.values.begin() + n_classes * rule * row_size;
        tensor.values = {first, first + n_classes * row_size};
        tensor.shape.front() = n_classes;
    }
    return weights;
}

TrainingOutput DenseNetwork::forward(const NamedWeights& weights,
                                     const TrainingBatch& batch) const {
    const TrunkOutput trunk = forward_trunk(weights, batch.tiles);
    TrainingOutput output;
    output.features = trunk.features;
    output.pre_activation = at::linear(trunk.features.detach(), weights["hidden.weight"].detach(),
                                       weights["hidden.bias"].detach());
    output.pre_activation.set_requires_grad(true);
    at::Tensor hidden = output.pre_activation.relu();
    if (batch.dropout_mask.defined()) {
        hidden = hidden.mul(batch.dropout_mask).to(output.pre_activation.scalar_type());
    }
    const at::Tensor scores = at::linear(hidden, weights["output.weight"], weights["output.bias"])
                                  .to(c10::ScalarType::Float)
                                  .view({-1, n_classes});
    output.label_loss = at::cross_entropy_loss(scores, batch.labels, {}, at::Reduction::Sum)
                            .div(static_cast<double>(batch.n_rules));
    output.n_right = scores.argmax(1).eq(batch.labels).sum();
    if (trunk.cell_logits.defined()) {
        output.cell_loss = at::binary_cross_entropy_with_logits(trunk.cell_logits, batch.cells, {},
                                                                {}, at::Reduction::None)
                               .mean({1, 2, 3})
                               .sum()
                               .mul(batch.cells_weight);
    }
    return output;
}

at::Tensor DenseNetwork::logits(const NamedWeights& weights, const at::Tensor& tiles) const {
    return logits_of_class_scores(dense_layers(weights, features(weights, tiles)));
}

at::Tensor dense_layers(const NamedWeights& weights, const at::Tensor& features) {
    return output_layer(
        weights, at::linear(features, weights["hidden.weight"], weights["hidden.bias"]).relu());
}

at::Tensor output_layer(const NamedWeights& weights, const at::Tensor& hidden) {
    const at::Tensor& weight = weights["output.weight"];
    return at::linear(hidden.to(weight.scalar_type()), weight, weights["output.bias"]);
}

at::Tensor logits_of_class_scores(const at::Tensor& scores) {
    const at::Tensor pairs = scores.view({scores.size(0), -1, n_classes});
    return pairs.select(2, 1).sub(pairs.select(2, 0)).contiguous();
}

}  // namespace faintweb::learn
