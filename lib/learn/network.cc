// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/network.h"

#include <cmath>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/base/text.h"

namespace faintweb::learn {
namespace {

constexpr int min_tile_px = 8;
constexpr int max_tile_px = 256;

void check_tile(int tile_px) {
    if (tile_px < min_tile_px || tile_px > max_tile_px) {
        throw base::UsageError(
            base::text("tile size ", tile_px, " px is out of range (the networks take ",
                       min_tile_px, " to ", max_tile_px, " px); choose a size in that range"));
    }
}

}  // namespace

std::vector<WeightShape> weight_shapes(const std::string& name, int tile_px, Heads heads) {
    FAINTWEB_EXPECTS(heads.n_rules >= 1 && heads.n_thresholds >= 1);
    const Network& network = find_network(name);
    check_tile(tile_px);
    return network.weight_shapes(tile_px, heads);
}

std::int64_t n_values(const WeightShape& weight) {
    std::int64_t n = 1;
    for (const std::int64_t extent : weight.shape) {
        n *= extent;
    }
    return n;
}

NetworkInfo network_info(const std::string& name, int tile_px, Heads heads) {
    NetworkInfo info{.name = name, .heads = heads};
    for (const WeightShape& weight : weight_shapes(name, tile_px, heads)) {
        info.n_parameters += n_values(weight);
    }
    const Network& network = find_network(name);
    const SampleLayout layout = network.sample_layout(tile_px);
    info.n_channels = layout.n_channels;
    info.margin_px = layout.margin_px;
    info.n_cells = layout.n_cells;
    info.n_dropout = network.n_dropout();
    const std::int64_t edge = tile_px + 2 * info.margin_px;
    info.n_sample_values =
        info.n_channels * edge * edge + heads.n_thresholds * info.n_cells * info.n_cells;
    info.mflop_per_tile = 2e-6 * static_cast<double>(network.multiply_adds(tile_px, heads));
    return info;
}

std::vector<Tensor> weights_of_rule(const std::string& name,
                                    std::vector<Tensor> tensors,
                                    std::int64_t rule) {
    return find_network(name).weights_of_rule(std::move(tensors), rule);
}

std::vector<Tensor> random_weights(const std::string& name,
                                   int tile_px,
                                   std::uint64_t seed,
                                   Heads heads) {
    const Network& network = find_network(name);
    std::vector<Tensor> tensors;
    for (const WeightShape& weight : weight_shapes(name, tile_px, heads)) {
        Tensor tensor{weight.name, weight.shape, {}};
        tensor.values.resize(static_cast<std::size_t>(n_values(weight)));
        if (weight.shape.size() > 1) {  // biases stay zero
            const std::int64_t fan_in = n_values(weight) / weight.shape.front();
            const double variance =
                (network.is_before_relu(weight.name) ? 2.0 : 1.0) / static_cast<double>(fan_in);
            base::fill_normal(seed, base::Purpose::weights, tensors.size(), 0, tensor.values.size(),
                              tensor.values.data());
            for (float& value : tensor.values) {
                value *= static_cast<float>(std::sqrt(variance));
            }
        }
        tensors.push_back(std::move(tensor));
    }
    return tensors;
}

}  // namespace faintweb::learn
