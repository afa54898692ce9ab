#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/learn/network.h"

namespace faintweb::infer {

/// Tiles side by side that share their margins, up to what their first convolution gives.
struct Region {
    std::int64_t n_rows = 1;  ///< of tiles
    std::int64_t n_cols = 1;
    bool operator==(const Region&) const = default;
};

/// What comes before the connected layers of a network, on a CPU and without a gradient.
///
/// In fp32 a tile or a region goes through all layers while it is in the cache: first layers have
/// kernels of their own, later ones are Winograd convolutions; ReLU and pooling happen where a
/// result is written. In bf16 the first layer of the paper's networks is that of fp32; the other of
/// cosmodeep is an AmxConvolution where the processor has the registers, and all others are
/// LibTorch's, which has the instructions for them. The vectors are those of the processor.
class CpuTrunk {
  public:
    /// @param weights    of weights_on() for the CPU.
    /// @param edge_px    of a tile with its margin.
    /// @param max_lanes  of its vectors, 4, 8 or 16.
    CpuTrunk(learn::Trunk trunk,
             const std::vector<at::Tensor>& weights,
             std::int64_t edge_px,
             int max_lanes = 16);
    ~CpuTrunk();

    /// Whether regions may be of more than one tile: where the convolutions need a margin and tiles
    /// are of whole blocks of them, in fp32.
    bool can_share_margins() const;

    /// Calls from several threads run at the same time.
    ///
    /// @param pixels  [n, rows, cols] float, contiguous: regions with their margin, each as high
    ///                and wide as its tiles and one margin around them all.
    /// @return        [n * tiles of a region, n_features] as features_of() gives them, to rounding,
    ///                the tiles of a region row by row; those of a tile are bit by bit the same in
    ///                any region.
    at::Tensor features(const at::Tensor& pixels, Region region = {}) const;

  private:
    struct Layers;
    std::unique_ptr<const Layers> layers_;
};

}  // namespace faintweb::infer
