// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/cuda/field_kernels.h"

// Compiled without fused multiply-adds: every value is that of the CPU.
namespace faintweb::infer::cuda {
namespace {

constexpr int n_threads = 256;

unsigned n_blocks(std::int64_t n) {
    return static_cast<unsigned>((n + n_threads - 1) / n_threads);
}

__device__ std::int64_t thread_number() {
    return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

__global__ void scale_and_cut_kernel(DeviceField field, tile::PixelScaling scaling, float* tiles) {
    const std::int64_t edge = field.grid.tile_px + 2 * field.margin_px;
    const std::int64_t i = thread_number();
    if (i >= field.grid.count() * edge * edge) {
        return;
    }
    const std::int64_t t = i / (edge * edge);
    const std::int64_t row = field.grid.first_row(t / field.grid.n_cols()) + i / edge % edge;
    const std::int64_t col = field.grid.first_col(t % field.grid.n_cols()) + i % edge;
    const std::int64_t rows = field.grid.field_rows + 2 * field.margin_px;
    const std::int64_t cols = field.grid.field_cols + 2 * field.margin_px;
    tiles[i] = row < rows && col < cols ? scaling(field.wide[row * cols + col]) : tile::blank_input;
}

}  // namespace

void scale_and_cut(const DeviceField& field,
                   const tile::PixelScaling& scaling,
                   float* tiles,
                   cudaStream_t stream) {
    const std::int64_t edge = field.grid.tile_px + 2 * field.margin_px;
    scale_and_cut_kernel<<<n_blocks(field.grid.count() * edge * edge), n_threads, 0, stream>>>(
        field, scaling, tiles);
}

}  // namespace faintweb::infer::cuda
