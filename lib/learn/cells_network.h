// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/learn/dense_network.h"

namespace faintweb::learn {

/// Edge of the first kernel of a CellsNetwork, pixel; the kernel steps by a cell.
inline constexpr std::int64_t stem_px = 6;
/// Number of the 3x3 convolutions of a CellsNetwork after its first kernel, "conv1" and so on.
inline constexpr std::int64_t n_cell_convolutions = 3;

/// The part of a tile above a threshold becomes two features, linear and logarithmic: these bring
/// both to the size of the others. 1e-3 is between one and two pixels of a tile of 40.
inline constexpr double part_scale = 10;
inline constexpr double part_floor = 1e-3;

/// A network of convolutions at half resolution that use up a margin. Its features are mean and
/// maximum over the tile, and the expected part of its cells above each threshold: a label counts
/// pixels, so the network tells for every 2x2 pixels how many are above the threshold, and adds up.
///
/// @source  ours; test/lib/infer/slow_network.h has it in plain loops.
class CellsNetwork final : public DenseNetwork {
  public:
    /// @param n_maps  that each convolution gives.
    CellsNetwork(std::string name, std::int64_t n_maps)
        : DenseNetwork(std::move(name), "cells", 32), n_maps_(n_maps) {}

    SampleLayout sample_layout(int tile_px) const override;
    bool is_before_relu(std::string_view weight) const override;
    bool is_rounded(std::string_view weight) const override;
    TrunkOutput forward_trunk(const NamedWeights& weights, const at::Tensor& tiles) const override;
    at::Tensor features(const NamedWeights& weights, const at::Tensor& tiles) const override {
        return forward_trunk(weights, tiles).features;
    }

  private:
    std::vector<WeightShape> trunk_shapes(Heads heads) const override;
    std::int64_t n_features(int tile_px, Heads heads) const override;
    std::int64_t trunk_multiply_adds(int tile_px, Heads heads) const override;

    std::int64_t n_maps_;
};

}  // namespace faintweb::learn
