// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "lib/base/vector.h"

namespace faintweb::infer::cosmodeep {

/// A 3x3 convolution of channels-last maps in bf16, ReLU and the maximum over 2x2 pixels, by the
/// registers for matrices, whose sums are fp32. It may be used only where
/// has_matrix_registers().
class AmxConvolution {
  public:
    /// @param weight  [n_out, n_in, 3, 3] bf16; n_out and n_in are multiples of 32.
    /// @param bias    [n_out] bf16.
    AmxConvolution(const at::Tensor& weight, const at::Tensor& bias);

    /// Number of values that are read for maps of edge x edge pixels: with a pixel of zeros around,
    /// and some more that may be anything finite.
    std::int64_t n_read(std::int64_t edge) const;

    /// Convolves the maps of one tile. Calls from several threads run at the same time.
    ///
    /// @param maps     [edge + 2, edge + 2, n_in] as bits, finite, and n_read(edge) in all.
    /// @param out      [edge / 2, edge / 2, n_out] as bits.
    /// @param scratch  any size, kept between calls.
    void run(const std::uint16_t* maps,
             std::int64_t edge,
             std::uint16_t* out,
             base::LineVector<float>& scratch) const;

  private:
    std::int64_t n_in_;
    std::int64_t n_out_;
    base::LineVector<std::uint16_t> weights_;  ///< [n_out / 32, 9 * n_in / 32, 2, 16, 16, 2]
    base::LineVector<float> biases_;           ///< [n_out]
};

}  // namespace faintweb::infer::cosmodeep
