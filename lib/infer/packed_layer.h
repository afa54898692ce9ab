// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <optional>

#include <ATen/core/Tensor.h>

namespace faintweb::infer {

/// A connected layer and its ReLU on a CPU, by oneDNN with a weight that is packed once;
/// at::linear() packs it each time.
class PackedLayer {
  public:
    /// Whether the processor has AVX-512, which oneDNN asks for bf16.
    static bool can_pack();

    /// Packs a layer. It leaves the calling thread with LibTorch's operations on one thread.
    ///
    /// @param weight   [n_out, n_in], bf16.
    /// @param bias     [n_out] bf16.
    /// @param n_tiles  that each call takes.
    /// @return         none if not can_pack(), or if this LibTorch has no such layer.
    static std::optional<PackedLayer> make(const at::Tensor& weight,
                                           const at::Tensor& bias,
                                           std::int64_t n_tiles);

    /// Applies the layer and its ReLU. Calls from several threads run at the same time.
    ///
    /// @param features  [n_tiles, n_in], contiguous.
    /// @return          [n_tiles, n_out].
    at::Tensor operator()(const at::Tensor& features) const;

  private:
    PackedLayer() = default;

    at::Tensor weight_;
    at::Tensor bias_;
};

}  // namespace faintweb::infer
