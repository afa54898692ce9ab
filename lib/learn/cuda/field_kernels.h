#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

#include "lib/tile/grid.h"
#include "lib/tile/pixel_scaling.h"
#include "lib/tile/sums.h"

/// What a GPU does with the pixels of a field before the network, bit by bit as lib/tile does. All
/// pointers are to memory of the device, all work is queued in the stream.
namespace faintweb::learn::cuda {

/// A field in the memory of a device.
struct DeviceField {
    const float* wide = nullptr;  ///< [field_rows + 2 margin_px, field_cols + 2 margin_px]
    tile::TileGrid grid;
    std::int64_t margin_px = 0;
};

/// What the scaling of a field follows from.
struct DeviceStatistics {
    std::int64_t n_valid = 0;
    float lowest = 0;
    float highest = 0;
    float median = 0;
    float rms = 0;
    tile::PixelScaling pixel_scaling;
};

/// The pixels without margin, NaN where one is no valid value, and how many are valid.
///
/// @param valid       [field_rows * field_cols].
/// @param statistics  all zeros before.
void take_valid(const DeviceField& field,
                float* valid,
                DeviceStatistics* statistics,
                cudaStream_t stream);

/// @param sorted  the valid pixels in rising order, then NaN.
void take_median(const float* sorted, DeviceStatistics* statistics, cudaStream_t stream);

/// Turns pixels into their distances from the median.
void to_deviations(const DeviceStatistics* statistics,
                   std::int64_t n,
                   float* pixels,
                   cudaStream_t stream);

/// The rms, and the scaling that follows from all of it.
///
/// @param sorted  the deviations in rising order, then NaN.
void take_rms(const float* sorted,
              tile::Scaling scaling,
              DeviceStatistics* statistics,
              cudaStream_t stream);

/// As tile::scale_field and tile::cut_tiles.
///
/// @param tiles  [grid.count(), tile_px + 2 margin_px, tile_px + 2 margin_px].
void scale_and_cut(const DeviceField& field,
                   const DeviceStatistics* statistics,
                   float* tiles,
                   cudaStream_t stream);

/// As tile::sum_tiles.
void sum_tiles(const DeviceField& field, tile::TileSums* sums, cudaStream_t stream);

}  // namespace faintweb::learn::cuda
