// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <memory>

#include <ATen/core/Tensor.h>

#include "lib/learn/cosmodeep.h"
#include "lib/learn/torch_network.h"

namespace faintweb::infer::cosmodeep {

/// The trunk of a Cosmodeep on a CPU and without a gradient.
///
/// A tile goes through all layers while it is in the cache. The first layer has a kernel of its
/// own, in fp32; the other is a Winograd convolution in fp32, in bf16 an AmxConvolution where the
/// processor has the registers and the end is flat, else LibTorch's convolution, which has the
/// instructions for it. ReLU and pooling happen where a result is written. The vectors are those of
/// the processor.
class CosmodeepTrunk {
  public:
    /// @param network    must outlive this object.
    /// @param weights    of its inference_weights() for the CPU.
    /// @param edge_px    of a tile.
    /// @param max_lanes  of its vectors, 4, 8 or 16.
    CosmodeepTrunk(const learn::Cosmodeep& network,
                   const learn::NamedWeights& weights,
                   std::int64_t edge_px,
                   int max_lanes = 16);
    ~CosmodeepTrunk();

    /// Features of tiles. Calls from several threads run at the same time.
    ///
    /// @param tiles  [n, 1, edge_px, edge_px] float, contiguous.
    /// @return       [n, n_features] as Cosmodeep::features() gives them, to rounding.
    at::Tensor features(const at::Tensor& tiles) const;

  private:
    struct Layers;
    std::unique_ptr<const Layers> layers_;
};

}  // namespace faintweb::infer::cosmodeep
