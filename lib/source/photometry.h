// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/tile/sums.h"

namespace faintweb::source {

/// What the pixels of one tile hold. All values are finite; a tile without valid pixels has zeros.
struct TileFlux {
    double sum_jy = 0;
    float peak_jy_arcsec2 = 0;
    float mean_jy_arcsec2 = 0;
    float rms_jy_arcsec2 = 0;  ///< root of the mean square, about zero
    int n_blank = 0;           ///< blank, infinite, or beyond the field's edge
};

/// The flux in every tile of a field.
///
/// @param sums          [n_tiles] of the field in Jy/arcsec2.
/// @param tile_px       edge of a tile, pixel.
/// @param pixel_arcsec  edge of a pixel, arcsec.
/// @return              [n_tiles]; mean and rms are over the valid pixels.
/// @source              ours; tested against a slow reference.
std::vector<TileFlux> tile_photometry(std::span<const tile::TileSums> sums,
                                      std::int64_t tile_px,
                                      double pixel_arcsec);

}  // namespace faintweb::source
