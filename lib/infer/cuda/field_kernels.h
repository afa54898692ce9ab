// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

#include "lib/tile/grid.h"
#include "lib/tile/pixel_scaling.h"

/// What a GPU does with the pixels of a field before the network, bit by bit as lib/tile does. All
/// pointers are to memory of the device, all work is queued in the stream.
namespace faintweb::infer::cuda {

/// A field in the memory of a device.
struct DeviceField {
    const float* wide = nullptr;  ///< [field_rows + 2 margin_px, field_cols + 2 margin_px]
    tile::TileGrid grid;
    std::int64_t margin_px = 0;
};

/// Scales a field and cuts it into tiles, as tile::scale_field and tile::cut_tiles do.
///
/// @param scaling  of the field's pixels, which are in local sigma for asinh_local.
/// @param tiles    [grid.count(), tile_px + 2 margin_px, tile_px + 2 margin_px].
void scale_and_cut(const DeviceField& field,
                   const tile::PixelScaling& scaling,
                   float* tiles,
                   cudaStream_t stream);

}  // namespace faintweb::infer::cuda
