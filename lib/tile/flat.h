// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <vector>

#include "lib/image/image.h"
#include "lib/tile/local_rms.h"
#include "lib/tile/noise_mesh.h"

namespace faintweb::tile {

/// How many pixels of each block of a mesh differ from their right neighbour by no more than a
/// tolerance: in noise hardly any, in what lies outside a mosaic all.
struct FlatPairs {
    float tolerance = 0;
    bool is_in_steps = false;  ///< see MapNoise
    std::int64_t block_px = 0;
    std::int64_t first_col = 0;  ///< number of the first block, counted from map pixel (0, 0)
    std::int64_t first_row = 0;
    std::int64_t n_cols = 0;
    std::int64_t n_rows = 0;
    std::vector<std::int32_t> counts;  ///< [n_rows, n_cols]

    /// Of a block by its number in the map; 0 for one that is not there.
    std::int32_t count(std::int64_t col, std::int64_t row) const {
        const std::int64_t x = col - first_col;
        const std::int64_t y = row - first_row;
        return x < 0 || y < 0 || x >= n_cols || y >= n_rows
                   ? 0
                   : counts[static_cast<std::size_t>(y * n_cols + x)];
    }
};

/// @param pixels     [window.rows, window.cols], any unit, blanks NaN.
/// @param window     what the image shows; may reach beyond the map.
/// @param map_noise  of the map, in the unit of the pixels; the tolerance is flat_tolerance_sigma
///                   of its rms.
FlatPairs count_flat_pairs(const image::Image& pixels,
                           const image::MapWindow& window,
                           const NoiseMesh& mesh,
                           const MapNoise& map_noise);

/// Makes blank (NaN) what lies outside an observation but was filled with a number: pixels of
/// connected patches of more than mesh.patch_px pixels whose values are equal or spread by no more
/// than the tolerance. Noise in coarse steps has connected patches too, but ragged ones: there at
/// least half of a patch's pixels must have the same value a beam away in all four directions.
///
/// Whether a pixel is one follows from the block of mesh.block_px that it lies in and the eight
/// around it, so that it does not depend on where a map is cut into fields.
///
/// @param pixels   [window.rows, window.cols], any unit; changed inside `changed`.
/// @param window   what the image shows; may reach beyond the map, where pixels are blank.
/// @param changed  `window` reaches mesh.reach_px() further, or to the map's edge.
/// @source         ours (flat_test.cc)
void blank_flat_patches(image::Image& pixels,
                        const image::MapWindow& window,
                        const image::MapWindow& changed,
                        const NoiseMesh& mesh,
                        const FlatPairs& pairs);

}  // namespace faintweb::tile
