// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <memory>

#include <ATen/core/Tensor.h>

#include "lib/infer/forward_pass.h"
#include "lib/learn/torch_network.h"

namespace faintweb::infer::cells {

/// The trunk of a CellsNetwork in fp32, on a CPU and without a gradient.
///
/// A tile or a region goes through all layers while it is in the cache: the first layer has a
/// kernel of its own, later ones are Winograd convolutions; ReLU happens where a result is written.
/// The vectors are those of the processor.
class CellsTrunk {
  public:
    /// @param weights    fp32, of CellsNetwork::inference_weights() for the CPU.
    /// @param edge_px    of a tile with its margin.
    /// @param max_lanes  of its vectors, 4, 8 or 16.
    CellsTrunk(const learn::NamedWeights& weights, std::int64_t edge_px, int max_lanes = 16);
    ~CellsTrunk();

    /// Whether regions may be of more than one tile: where tiles are of whole blocks of the
    /// convolutions.
    bool can_share_margins() const;

    /// Features of the tiles of regions. Calls from several threads run at the same time.
    ///
    /// @param pixels  [n, 1, rows, cols] float, contiguous: regions with their margin, each as high
    ///                and wide as its tiles and one margin around them all.
    /// @return        [n * tiles of a region, n_features] as CellsNetwork::features() gives, to
    ///                rounding, the tiles of a region row by row; the features of a tile are bit by
    ///                bit the same in any region.
    at::Tensor features(const at::Tensor& pixels, Region region = {}) const;

  private:
    struct Layers;
    std::unique_ptr<const Layers> layers_;
};

}  // namespace faintweb::infer::cells
