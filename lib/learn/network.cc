#include "lib/learn/network.h"

#include <array>
#include <cmath>
#include <iterator>
#include <string_view>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/base/text.h"

namespace faintweb::learn {
namespace {

constexpr std::int64_t n_maps_1 = 32;
constexpr std::int64_t n_maps_2 = 64;
constexpr std::int64_t n_classes = 2;
constexpr std::int64_t kernel_size = 9;  // 3 x 3
constexpr int min_tile_px = 8;
constexpr int max_tile_px = 256;

struct NetworkEntry {
    std::string_view name;
    Trunk trunk;
    std::int64_t n_maps;  ///< of each convolution of Trunk::cells
    std::int64_t n_hidden;
    bool has_dropout;
};

/// The registry: a new network is a line here, and what it needs in weight_shapes() and
/// n_features(), and a trunk its layers.
constexpr std::array networks{
    NetworkEntry{"cosmodeep", Trunk::flattened, 0, 1024, true},
    NetworkEntry{"cosmodeep_spp", Trunk::pyramid, 0, 1024, true},
    NetworkEntry{"faintweb", Trunk::cells, 32, 32, false},
    NetworkEntry{"faintweb_fast", Trunk::cells, 16, 32, false},
    NetworkEntry{"faintweb_lite", Trunk::cells, 8, 32, false},
};

void check_tile(int tile_px) {
    if (tile_px < min_tile_px || tile_px > max_tile_px) {
        throw base::UsageError(base::text("tile size ",
                                          tile_px,
                                          " px is out of range (the networks take ",
                                          min_tile_px,
                                          " to ",
                                          max_tile_px,
                                          " px); choose a size in that range"));
    }
}

const NetworkEntry& entry_of(const std::string& name) {
    std::string known;
    for (const NetworkEntry& entry : networks) {
        if (entry.name == name) {
            return entry;
        }
        known += (known.empty() ? "" : ", ") + std::string(entry.name);
    }
    throw base::UsageError("there is no network '" + name + "'; choose one of: " + known);
}

/// The convolutions of Trunk::cells have no padding: the margin is what they use up.
constexpr std::int64_t cells_margin_px = (stem_px - cell_px) / 2 + cell_px * n_cell_convolutions;

std::int64_t n_cells_of(int tile_px) {
    return tile_px / cell_px;
}

std::int64_t n_features(const NetworkEntry& network, int tile_px, Questions questions) {
    const std::int64_t edge = tile_px / 2 / 2;
    switch (network.trunk) {
        case Trunk::flattened:
            return n_maps_2 * edge * edge;
        case Trunk::pyramid:
            return n_maps_2 * (3 * 3 + 1);
        case Trunk::cells:
            return 2 * network.n_maps + 2 * questions.n_thresholds;
    }
    throw base::Error(base::ExitCode::internal, "unknown trunk");
}

/// Multiply-adds before the fully connected layers.
std::int64_t trunk_multiply_adds(const NetworkEntry& network, int tile_px, Questions questions) {
    if (network.trunk == Trunk::cells) {
        // Cells before the first 3x3 convolution, which uses up one on each side, as all do.
        const std::int64_t n_cells = n_cells_of(tile_px);
        std::int64_t edge = n_cells + 2 * n_cell_convolutions;
        std::int64_t n = edge * edge * stem_px * stem_px * network.n_maps;
        while (edge > n_cells) {
            edge -= 2;
            n += edge * edge * kernel_size * network.n_maps * network.n_maps;
        }
        return n + n_cells * n_cells * network.n_maps * questions.n_thresholds;
    }
    const std::int64_t pixels = std::int64_t{tile_px} * tile_px;
    const std::int64_t half_pixels = std::int64_t{tile_px / 2} * (tile_px / 2);
    return pixels * kernel_size * n_maps_1 + half_pixels * kernel_size * n_maps_1 * n_maps_2;
}

}  // namespace

std::vector<std::string> network_names() {
    std::vector<std::string> names;
    for (const NetworkEntry& entry : networks) {
        names.emplace_back(entry.name);
    }
    return names;
}

Trunk trunk_of(const std::string& name) {
    return entry_of(name).trunk;
}

std::vector<WeightShape> weight_shapes(const std::string& name, int tile_px, Questions questions) {
    FAINTWEB_EXPECTS(questions.n_rules >= 1 && questions.n_thresholds >= 1);
    const NetworkEntry& network = entry_of(name);
    check_tile(tile_px);
    std::vector<WeightShape> shapes;
    const auto add = [&](const std::string& layer, std::vector<std::int64_t> shape) {
        const std::int64_t n_out = shape.front();
        shapes.push_back({layer + ".weight", std::move(shape)});
        shapes.push_back({layer + ".bias", {n_out}});
    };
    if (network.trunk == Trunk::cells) {
        add("stem", {network.n_maps, 1, stem_px, stem_px});
        for (int i = 1; i <= n_cell_convolutions; ++i) {
            add(base::text("conv", i), {network.n_maps, network.n_maps, 3, 3});
        }
        add("cells", {questions.n_thresholds, network.n_maps, 1, 1});
    } else {
        add("conv1", {n_maps_1, 1, 3, 3});
        add("conv2", {n_maps_2, n_maps_1, 3, 3});
    }
    add("hidden", {network.n_hidden, n_features(network, tile_px, questions)});
    add("output", {n_classes * questions.n_rules, network.n_hidden});
    return shapes;
}

std::int64_t n_values(const WeightShape& weight) {
    std::int64_t n = 1;
    for (const std::int64_t extent : weight.shape) {
        n *= extent;
    }
    return n;
}

NetworkInfo network_info(const std::string& name, int tile_px, Questions questions) {
    NetworkInfo info;
    info.name = name;
    info.questions = questions;
    for (const WeightShape& weight : weight_shapes(name, tile_px, questions)) {
        info.n_parameters += n_values(weight);
    }
    const NetworkEntry& network = entry_of(name);
    const std::int64_t n_multiply_adds =
        trunk_multiply_adds(network, tile_px, questions) +
        n_features(network, tile_px, questions) * network.n_hidden +
        network.n_hidden * n_classes * questions.n_rules;
    info.n_hidden = network.n_hidden;
    info.has_dropout = network.has_dropout;
    if (network.trunk == Trunk::cells) {
        info.margin_px = static_cast<int>(cells_margin_px);
        info.n_cells = n_cells_of(tile_px);
    }
    const std::int64_t edge = tile_px + 2 * info.margin_px;
    info.n_sample_values = edge * edge + questions.n_thresholds * info.n_cells * info.n_cells;
    info.mflop_per_tile = 2e-6 * static_cast<double>(n_multiply_adds);
    return info;
}

std::vector<Tensor> weights_of_rule(std::vector<Tensor> tensors, std::int64_t rule) {
    for (Tensor* tensor : {&tensors.at(tensors.size() - 2), &tensors.back()}) {  // of the output
        FAINTWEB_EXPECTS(rule >= 0 && n_classes * (rule + 1) <= tensor->shape.front());
        const std::int64_t row_size = std::ssize(tensor->values) / tensor->shape.front();
        const auto first = tensor->values.begin() + n_classes * rule * row_size;
        tensor->values = {first, first + n_classes * row_size};
        tensor->shape.front() = n_classes;
    }
    return tensors;
}

std::vector<Tensor> random_weights(const std::string& name,
                                   int tile_px,
                                   std::uint64_t seed,
                                   Questions questions) {
    std::vector<Tensor> tensors;
    for (const WeightShape& weight : weight_shapes(name, tile_px, questions)) {
        Tensor tensor{weight.name, weight.shape, {}};
        tensor.values.resize(static_cast<std::size_t>(n_values(weight)));
        if (weight.shape.size() > 1) {  // biases stay zero
            const std::int64_t fan_in = n_values(weight) / weight.shape.front();
            const bool is_before_relu =
                weight.name != "cells.weight" && weight.name != "output.weight";
            const double variance = (is_before_relu ? 2.0 : 1.0) / static_cast<double>(fan_in);
            base::fill_normal(seed,
                              base::Purpose::weights,
                              tensors.size(),
                              0,
                              tensor.values.size(),
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
