// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/learn/dense_network.h"

namespace faintweb::learn {

/// The network of the paper: two 3x3 convolutions, each max-pooled 2x2, a wide hidden layer with
/// dropout, and the output.
///
/// Where there is pooling it comes before ReLU, which gives the same values (max and ReLU commute)
/// for a quarter of the work.
///
/// @source  Gheller et al. 2018, section 2 and Figure 1.
class Cosmodeep final : public DenseNetwork {
  public:
    /// How the second convolution ends.
    enum class End {
        flattened,  ///< max-pooled 2x2: as many features as the tile is large
        pyramid,    ///< max-pooled onto a 3x3 and a 1x1 grid: 640 features for any tile
    };
    Cosmodeep(std::string name, End end)
        : DenseNetwork(std::move(name), "cosmodeep", 1024), end_(end) {}

    bool is_pyramid() const { return end_ == End::pyramid; }

    SampleLayout sample_layout(int) const override { return {}; }
    std::int64_t n_dropout() const override { return n_hidden(); }
    bool is_rounded(std::string_view weight) const override;
    TrunkOutput forward_trunk(const NamedWeights& weights, const at::Tensor& tiles) const override;
    /// Features of tiles; with End::flattened map after map at each pixel, as they lie in memory.
    at::Tensor features(const NamedWeights& weights, const at::Tensor& tiles) const override;
    /// The columns of the hidden layer are in the order of features().
    NamedWeights inference_weights(c10::Device device,
                                   std::span<const Tensor> weights,
                                   Precision precision) const override;

    /// features() from the first layer's maps on.
    ///
    /// @param first_maps  [n, n_maps, rows / 2, cols / 2] after ReLU and pooling.
    at::Tensor features_behind(const NamedWeights& weights, const at::Tensor& first_maps) const;

  private:
    std::vector<WeightShape> trunk_shapes(Heads heads) const override;
    std::int64_t n_features(int tile_px, Heads heads) const override;
    std::int64_t trunk_multiply_adds(int tile_px, Heads heads) const override;

    End end_;
};

/// The end of a trunk of End::pyramid: [n, 64, rows, cols] -> [n, 64 * (9 + 1)], the 3x3 grid map
/// by map, then the 1x1 grid.
at::Tensor pyramid(const at::Tensor& maps);

}  // namespace faintweb::learn
