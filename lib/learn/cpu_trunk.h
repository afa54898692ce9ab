#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/learn/network.h"

namespace faintweb::learn {

/// What comes before the connected layers of a network, on a CPU and without a gradient.
///
/// In fp32 one tile goes through all layers while it is in the cache: first layers have kernels of
/// their own, later ones are Winograd convolutions; ReLU and pooling happen where a result is
/// written. In bf16 that holds for the first layer of the paper's networks; the others are
/// LibTorch's, which has the instructions for it. The vectors are those of the processor.
class CpuTrunk {
  public:
    /// @param weights  of weights_on() for the CPU.
    /// @param edge_px  of a tile with its margin.
    CpuTrunk(Trunk trunk, const std::vector<at::Tensor>& weights, std::int64_t edge_px);
    ~CpuTrunk();

    /// Calls from several threads run at the same time.
    ///
    /// @param tiles  [n, edge_px, edge_px] float, contiguous.
    /// @return       as features_of() gives them, to rounding.
    at::Tensor features(const at::Tensor& tiles) const;

  private:
    struct Layers;
    std::unique_ptr<const Layers> layers_;
};

}  // namespace faintweb::learn
