#pragma once

#include <vector>

#include "lib/image/image.h"
#include "lib/tile/grid.h"

namespace faintweb::source {

/// What the pixels of one tile hold. All values are finite; a tile without valid pixels has zeros.
struct TileFlux {
    double sum_jy = 0;
    float peak_jy_arcsec2 = 0;
    float mean_jy_arcsec2 = 0;
    float rms_jy_arcsec2 = 0;  ///< root of the mean square, about zero
    int n_blank = 0;           ///< blank, infinite, or beyond the field's edge
};

/// Measures the flux in every tile of a field.
///
/// Sums are taken in double precision over every eighth pixel of a row, then over those, so that a
/// tile's values depend on its own pixels alone. The mean and the rms are over the valid pixels.
///
/// @param field_jy_arcsec2  [rows, cols] row-major, Jy/arcsec2, NaN = blank; the grid's size.
/// @param pixel_arcsec      edge of a pixel, arcsec.
/// @return                  [n_tiles], in the grid's order.
/// @source                  ours; tested against a slow reference.
std::vector<TileFlux> tile_photometry(const image::Image& field_jy_arcsec2,
                                      const tile::TileGrid& grid,
                                      double pixel_arcsec);

}  // namespace faintweb::source
