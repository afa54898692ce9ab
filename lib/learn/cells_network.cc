// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/cells_network.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>

#include "lib/base/text.h"

namespace faintweb::learn {
namespace {

constexpr std::int64_t kernel_size = 9;  // 3 x 3

/// The convolutions have no padding: the margin is what they use up.
constexpr std::int64_t cells_margin_px = (stem_px - cell_px) / 2 + cell_px * n_cell_convolutions;

}  // namespace

SampleLayout CellsNetwork::sample_layout(int tile_px) const {
    return {.margin_px = static_cast<int>(cells_margin_px), .n_cells = tile_px / cell_px};
}

std::vector<WeightShape> CellsNetwork::trunk_shapes(Heads heads) const {
    std::vector<WeightShape> shapes;
    add_layer(shapes, "stem", {n_maps_, 1, stem_px, stem_px});
    for (int i = 1; i <= n_cell_convolutions; ++i) {
        add_layer(shapes, base::text("conv", i), {n_maps_, n_maps_, 3, 3});
    }
    add_layer(shapes, "cells", {heads.n_thresholds, n_maps_, 1, 1});
    return shapes;
}

std::int64_t CellsNetwork::n_features(int, Heads heads) const {
    return 2 * n_maps_ + 2 * heads.n_thresholds;
}

std::int64_t CellsNetwork::trunk_multiply_adds(int tile_px, Heads heads) const {
    // Cells before the first 3x3 convolution, which uses up one on each side, as all do.
    const std::int64_t n_cells = tile_px / cell_px;
    std::int64_t edge = n_cells + 2 * n_cell_convolutions;
    std::int64_t n = edge * edge * stem_px * stem_px * n_maps_;
    while (edge > n_cells) {
        edge -= 2;
        n += edge * edge * kernel_size * n_maps_ * n_maps_;
    }
    return n + n_cells * n_cells * n_maps_ * heads.n_thresholds;
}

bool CellsNetwork::is_before_relu(std::string_view weight) const {
    return weight != "cells.weight" && DenseNetwork::is_before_relu(weight);
}

bool CellsNetwork::is_rounded(std::string_view weight) const {
    return !weight.starts_with("stem.") && !weight.starts_with("output.");
}

TrunkOutput CellsNetwork::forward_trunk(const NamedWeights& weights,
                                        const at::Tensor& tiles) const {
    at::Tensor maps =
        at::conv2d(as_channels_last(tiles), weights["stem.weight"], weights["stem.bias"], cell_px)
            .relu()
            .to(weights["conv1.weight"].scalar_type());
    for (int i = 1; i <= n_cell_convolutions; ++i) {
        const std::string layer = base::text("conv", i);
        maps = at::conv2d(maps, weights[layer + ".weight"], weights[layer + ".bias"]).relu();
    }
    const at::Tensor cell_logits =
        at::conv2d(maps, weights["cells.weight"], weights["cells.bias"]).to(c10::ScalarType::Float);
    const at::Tensor part_above = cell_logits.sigmoid().mean({2, 3});
    return {at::cat({maps.mean({2, 3}), maps.amax({2, 3}), part_above.mul(part_scale),
                     part_above.add(part_floor).log()},
                    1)
                .to(maps.scalar_type()),
            cell_logits};
}

}  // namespace faintweb::learn
