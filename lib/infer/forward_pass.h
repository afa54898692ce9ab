// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <ATen/core/Tensor.h>

#include "lib/learn/device.h"
#include "lib/learn/network.h"

namespace faintweb::infer {

/// Tiles side by side that share their margins, up to what their first convolution gives.
struct Region {
    std::int64_t n_rows = 1;  ///< of tiles
    std::int64_t n_cols = 1;
    bool operator==(const Region&) const = default;
};

/// A network with its weights on one device, without a gradient, in two steps: features of a few
/// tiles, which stay in the cache, then logits of many, for which weights are read once. Calls from
/// several threads run at the same time.
class ForwardPass {
  public:
    virtual ~ForwardPass() = default;

    /// Tiles that are best taken to features() at once on a CPU.
    virtual std::int64_t batch_size() const { return 125; }
    /// Whether regions may be of more than one tile.
    virtual bool can_share_margins() const { return false; }
    /// Memory for the features of n tiles: [n, n_features] of any values.
    virtual at::Tensor empty_features(std::int64_t n) const = 0;
    /// Features of the tiles of regions.
    ///
    /// @param pixels  [n, n_channels, rows, cols] float, contiguous: regions with their margin, as
    ///                high and wide as their tiles and one margin around them all.
    /// @return        [n * tiles of a region, n_features], the tiles of a region row by row; those
    ///                of a tile are bit by bit the same in any region.
    virtual at::Tensor features(const at::Tensor& pixels, Region region = {}) const = 0;
    /// Logits of a group of tiles.
    ///
    /// @param features  [group_size, n_features]; a group is always whole, as another size may take
    ///                  another kernel, with other rounding.
    /// @return          [group_size, n_rules] float.
    virtual at::Tensor logits(const at::Tensor& features) const = 0;
};

/// What a forward pass is made for.
struct ForwardSettings {
    learn::Device device{};
    learn::Precision precision = learn::Precision::fp32;
    std::int64_t tile_px = 0;     ///< edge of a tile without margin
    std::int64_t group_size = 0;  ///< tiles of each call of logits()
};

/// The forward pass of a network: by the kernels of its kind where there are some for the device
/// and precision, else by its own layers.
///
/// @param weights  of a model of that network.
std::unique_ptr<const ForwardPass> make_forward_pass(const learn::Network& network,
                                                     std::span<const learn::Tensor> weights,
                                                     const ForwardSettings& settings);

/// Whether a network has kernels that make it faster in fp32 than in bf16 on any CPU.
bool is_faster_in_fp32(const learn::Network& network);

}  // namespace faintweb::infer
