#include <cmath>

#include "lib/learn/cuda/field_kernels.h"

// Compiled without fused multiply-adds: every value is that of the CPU.
namespace faintweb::learn::cuda {
namespace {

constexpr int n_threads = 256;

unsigned n_blocks(std::int64_t n) {
    return static_cast<unsigned>((n + n_threads - 1) / n_threads);
}

__device__ std::int64_t thread_number() {
    return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

__global__ void take_valid_kernel(DeviceField field, float* valid, DeviceStatistics* statistics) {
    const std::int64_t i = thread_number();
    bool is_valid = false;
    if (i < field.grid.field_rows * field.grid.field_cols) {
        const std::int64_t row = i / field.grid.field_cols + field.margin_px;
        const std::int64_t col = i % field.grid.field_cols + field.margin_px;
        const float value = field.wide[row * (field.grid.field_cols + 2 * field.margin_px) + col];
        is_valid = fabsf(value) <= tile::largest_float;
        valid[i] = is_valid ? value : NAN;
    }
    const int n_here = __syncthreads_count(is_valid ? 1 : 0);
    if (threadIdx.x == 0 && n_here > 0) {
        atomicAdd(reinterpret_cast<unsigned long long*>(&statistics->n_valid),
                  static_cast<unsigned long long>(n_here));
    }
}

/// The mean of the two in the middle, or of one twice.
__device__ float middle_of(const float* sorted, std::int64_t n) {
    const float upper = sorted[n / 2];
    const float lower = sorted[(n - 1) / 2];
    return lower == upper ? upper : lower / 2 + upper / 2;
}

__global__ void take_median_kernel(const float* sorted, DeviceStatistics* statistics) {
    const std::int64_t n = statistics->n_valid;
    statistics->lowest = n > 0 ? sorted[0] : INFINITY;
    statistics->highest = n > 0 ? sorted[n - 1] : -INFINITY;
    statistics->median = n > 0 ? middle_of(sorted, n) : 0.0F;
}

__global__ void to_deviations_kernel(const DeviceStatistics* statistics,
                                     std::int64_t n,
                                     float* pixels) {
    const std::int64_t i = thread_number();
    if (i < n) {
        pixels[i] = fabsf(pixels[i] - statistics->median);
    }
}

__global__ void take_rms_kernel(const float* sorted,
                                tile::Scaling scaling,
                                DeviceStatistics* statistics) {
    const std::int64_t n = statistics->n_valid;
    statistics->rms = n > 0 ? tile::rms_per_mad * middle_of(sorted, n) : 0.0F;
    statistics->pixel_scaling = tile::pixel_scaling(scaling,
                                                    {statistics->lowest, statistics->highest, n},
                                                    {statistics->median, statistics->rms});
}

__global__ void scale_and_cut_kernel(DeviceField field,
                                     const DeviceStatistics* statistics,
                                     float* tiles) {
    const std::int64_t edge = field.grid.tile_px + 2 * field.margin_px;
    const std::int64_t i = thread_number();
    if (i >= field.grid.count() * edge * edge) {
        return;
    }
    const std::int64_t t = i / (edge * edge);
    const std::int64_t row = t / field.grid.n_cols() * field.grid.tile_px + i / edge % edge;
    const std::int64_t col = t % field.grid.n_cols() * field.grid.tile_px + i % edge;
    const std::int64_t rows = field.grid.field_rows + 2 * field.margin_px;
    const std::int64_t cols = field.grid.field_cols + 2 * field.margin_px;
    const tile::PixelScaling& scaling = statistics->pixel_scaling;
    tiles[i] =
        row < rows && col < cols ? scaling(field.wide[row * cols + col]) : scaling.blank_value;
}

__global__ void sum_tiles_kernel(DeviceField field, tile::TileSums* sums) {
    constexpr int n_lanes = static_cast<int>(tile::n_sum_lanes);
    const std::int64_t t = thread_number() / n_lanes;
    const int lane = threadIdx.x % n_lanes;
    double sum = 0;
    double sum_of_squares = 0;
    float peak = -tile::largest_float;
    std::int32_t n_valid = 0;
    if (t < field.grid.count()) {
        const std::int64_t tile_px = field.grid.tile_px;
        const std::int64_t first_row = t / field.grid.n_cols() * tile_px;
        const std::int64_t first_col = t % field.grid.n_cols() * tile_px;
        const std::int64_t end_row = min(first_row + tile_px, field.grid.field_rows);
        const std::int64_t end_col = min(first_col + tile_px, field.grid.field_cols);
        for (std::int64_t row = first_row; row < end_row; ++row) {
            const float* values =
                field.wide +
                (row + field.margin_px) * (field.grid.field_cols + 2 * field.margin_px) +
                field.margin_px;
            for (std::int64_t col = first_col + lane; col < end_col; col += n_lanes) {
                const float value = values[col];
                const bool is_valid = fabsf(value) <= tile::largest_float;
                const double exact = is_valid ? static_cast<double>(value) : 0.0;
                sum += exact;
                sum_of_squares += exact * exact;
                peak = is_valid && value > peak ? value : peak;
                n_valid += is_valid ? 1 : 0;
            }
        }
    }
    tile::TileSums all;
    float highest = -tile::largest_float;
    for (int other = 0; other < n_lanes; ++other) {
        all.sum += __shfl_sync(0xFFFFFFFFU, sum, other, n_lanes);
        all.sum_of_squares += __shfl_sync(0xFFFFFFFFU, sum_of_squares, other, n_lanes);
        highest = fmaxf(highest, __shfl_sync(0xFFFFFFFFU, peak, other, n_lanes));
        all.n_valid += __shfl_sync(0xFFFFFFFFU, n_valid, other, n_lanes);
    }
    if (lane == 0 && t < field.grid.count()) {
        all.peak = all.n_valid > 0 ? highest : 0.0F;
        sums[t] = all;
    }
}

}  // namespace

void take_valid(const DeviceField& field,
                float* valid,
                DeviceStatistics* statistics,
                cudaStream_t stream) {
    const std::int64_t n = field.grid.field_rows * field.grid.field_cols;
    take_valid_kernel<<<n_blocks(n), n_threads, 0, stream>>>(field, valid, statistics);
}

void take_median(const float* sorted, DeviceStatistics* statistics, cudaStream_t stream) {
    take_median_kernel<<<1, 1, 0, stream>>>(sorted, statistics);
}

void to_deviations(const DeviceStatistics* statistics,
                   std::int64_t n,
                   float* pixels,
                   cudaStream_t stream) {
    to_deviations_kernel<<<n_blocks(n), n_threads, 0, stream>>>(statistics, n, pixels);
}

void take_rms(const float* sorted,
              tile::Scaling scaling,
              DeviceStatistics* statistics,
              cudaStream_t stream) {
    take_rms_kernel<<<1, 1, 0, stream>>>(sorted, scaling, statistics);
}

void scale_and_cut(const DeviceField& field,
                   const DeviceStatistics* statistics,
                   float* tiles,
                   cudaStream_t stream) {
    const std::int64_t edge = field.grid.tile_px + 2 * field.margin_px;
    scale_and_cut_kernel<<<n_blocks(field.grid.count() * edge * edge), n_threads, 0, stream>>>(
        field, statistics, tiles);
}

void sum_tiles(const DeviceField& field, tile::TileSums* sums, cudaStream_t stream) {
    const std::int64_t n = field.grid.count() * static_cast<std::int64_t>(tile::n_sum_lanes);
    sum_tiles_kernel<<<n_blocks(n), n_threads, 0, stream>>>(field, sums);
}

}  // namespace faintweb::learn::cuda
