// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>

#include "lib/infer/cosmodeep/cuda/kernels.h"

namespace faintweb::infer::cosmodeep::cuda {
namespace {

/// Channels of a thread: 16 bytes of bfloat16, the widest access there is.
constexpr int n_own = 8;
struct alignas(16) Channels {
    __nv_bfloat16 values[n_own];
};

constexpr int n_threads = 256;
/// Rows of maps that a block makes.
constexpr int n_strip_rows = 10;
constexpr int n_groups = n_stem_maps / n_own;

/// One block per strip of a tile. A thread keeps the weights of its eight channels in registers and
/// goes from pixel to pixel.
__global__ void __launch_bounds__(n_threads) stem_kernel(
    const float* tiles, int edge, const float* weights, const float* biases, __nv_bfloat16* maps) {
    extern __shared__ float strip[];  // [2 * n_strip_rows + 2, edge + 2], with what is around
    const int out_edge = edge / 2;
    const int first_row = static_cast<int>(blockIdx.y) * n_strip_rows;
    const int n_rows = min(n_strip_rows, out_edge - first_row);
    const int width = edge + 2;
    const float* tile = tiles + static_cast<std::int64_t>(blockIdx.x) * edge * edge;
    for (int i = static_cast<int>(threadIdx.x); i < (2 * n_rows + 2) * width; i += n_threads) {
        const int row = 2 * first_row + i / width - 1;
        const int col = i % width - 1;
        strip[i] = row >= 0 && row < edge && col >= 0 && col < edge ? tile[row * edge + col] : 0.0F;
    }
    const int group = static_cast<int>(threadIdx.x) % n_groups;
    float own[n_own][9];
    float bias[n_own];
#pragma unroll
    for (int c = 0; c < n_own; ++c) {
        bias[c] = biases[group * n_own + c];
#pragma unroll
        for (int k = 0; k < 9; ++k) {
            own[c][k] = weights[(group * n_own + c) * 9 + k];
        }
    }
    __syncthreads();
    for (int pixel = static_cast<int>(threadIdx.x) / n_groups; pixel < n_rows * out_edge;
         pixel += n_threads / n_groups) {
        const int row = pixel / out_edge;
        const int col = pixel % out_edge;
        float seen[4][4];
#pragma unroll
        for (int y = 0; y < 4; ++y) {
#pragma unroll
            for (int x = 0; x < 4; ++x) {
                seen[y][x] = strip[(2 * row + y) * width + 2 * col + x];
            }
        }
        Channels out;
#pragma unroll
        for (int c = 0; c < n_own; ++c) {
            float most = 0;  // ReLU
#pragma unroll
            for (int position = 0; position < 4; ++position) {
                float sum = bias[c];
#pragma unroll
                for (int k = 0; k < 9; ++k) {
                    sum += own[c][k] * seen[position / 2 + k / 3][position % 2 + k % 3];
                }
                most = fmaxf(most, sum);
            }
            out.values[c] = __float2bfloat16_rn(most);
        }
        const std::int64_t place =
            (static_cast<std::int64_t>(blockIdx.x) * out_edge + first_row + row) * out_edge + col;
        reinterpret_cast<Channels*>(maps)[place * n_groups + group] = out;
    }
}

__global__ void pool_kernel(const Channels* maps,
                            std::int64_t n_out,
                            int rows,
                            int cols,
                            int channel_groups,
                            const Channels* biases,
                            Channels* pooled) {
    const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= n_out) {
        return;
    }
    const int group = static_cast<int>(i % channel_groups);
    const std::int64_t pixel = i / channel_groups;
    const std::int64_t col = pixel % (cols / 2);
    const std::int64_t row = pixel / (cols / 2) % (rows / 2);
    const std::int64_t image = pixel / (cols / 2) / (rows / 2);
    const std::int64_t from = ((image * rows + 2 * row) * cols + 2 * col) * channel_groups + group;
    const Channels seen[4] = {maps[from], maps[from + channel_groups],
                              maps[from + cols * channel_groups],
                              maps[from + (cols + 1) * channel_groups]};
    const Channels bias = biases[group];
    Channels out;
#pragma unroll
    for (int c = 0; c < n_own; ++c) {
        float most = __bfloat162float(seen[0].values[c]);
#pragma unroll
        for (int k = 1; k < 4; ++k) {
            most = fmaxf(most, __bfloat162float(seen[k].values[c]));
        }
        out.values[c] = __float2bfloat16_rn(fmaxf(most + __bfloat162float(bias.values[c]), 0.0F));
    }
    pooled[i] = out;
}

}  // namespace

void stem(const float* tiles,
          std::int64_t n,
          int edge,
          const float* weights,
          const float* biases,
          __nv_bfloat16* maps,
          cudaStream_t stream) {
    const int n_strips = (edge / 2 + n_strip_rows - 1) / n_strip_rows;
    const std::size_t n_bytes =
        sizeof(float) * static_cast<std::size_t>((2 * n_strip_rows + 2) * (edge + 2));
    stem_kernel<<<dim3(static_cast<unsigned>(n), static_cast<unsigned>(n_strips)), n_threads,
                  n_bytes, stream>>>(tiles, edge, weights, biases, maps);
}

void pool_bias_relu(const __nv_bfloat16* maps,
                    std::int64_t n,
                    int rows,
                    int cols,
                    int channels,
                    const __nv_bfloat16* biases,
                    __nv_bfloat16* pooled,
                    cudaStream_t stream) {
    const int channel_groups = channels / n_own;
    const std::int64_t n_out = n * (rows / 2) * (cols / 2) * channel_groups;
    pool_kernel<<<static_cast<unsigned>((n_out + n_threads - 1) / n_threads), n_threads, 0,
                  stream>>>(reinterpret_cast<const Channels*>(maps), n_out, rows, cols,
                            channel_groups, reinterpret_cast<const Channels*>(biases),
                            reinterpret_cast<Channels*>(pooled));
}

}  // namespace faintweb::infer::cosmodeep::cuda
