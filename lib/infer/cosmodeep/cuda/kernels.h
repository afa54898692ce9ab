// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>

/// Layers of the paper's networks that LibTorch's libraries are slow at: their arithmetic is little
/// and their traffic large. All pointers are to memory of the device, all work is queued in the
/// stream.
namespace faintweb::infer::cosmodeep::cuda {

/// Number of maps of the first convolution of the paper's networks.
inline constexpr int n_stem_maps = 32;

/// Computes the first convolution (3x3, zeros around the tile), the maximum over 2x2 pixels and
/// ReLU in one.
///
/// @param tiles    [n, edge, edge].
/// @param weights  [n_stem_maps, 3, 3].
/// @param biases   [n_stem_maps].
/// @param maps     [n, edge / 2, edge / 2, n_stem_maps].
void stem(const float* tiles,
          std::int64_t n,
          int edge,
          const float* weights,
          const float* biases,
          __nv_bfloat16* maps,
          cudaStream_t stream);

/// Computes the maximum over 2x2 pixels, with bias and ReLU.
///
/// @param maps    [n, rows, cols, channels]; channels is a multiple of 8.
/// @param biases  [channels].
/// @param pooled  [n, rows / 2, cols / 2, channels].
void pool_bias_relu(const __nv_bfloat16* maps,
                    std::int64_t n,
                    int rows,
                    int cols,
                    int channels,
                    const __nv_bfloat16* biases,
                    __nv_bfloat16* pooled,
                    cudaStream_t stream);

}  // namespace faintweb::infer::cosmodeep::cuda
