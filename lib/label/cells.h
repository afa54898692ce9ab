// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <vector>

#include "lib/image/image.h"
#include "lib/tile/grid.h"

namespace faintweb::label {

/// The part of each small square cell of each tile that is above a flux: what a label counts, kept
/// apart by place, for networks that learn from it.
///
/// @param sky                       [field_rows, field_cols], Jy/arcsec2, without noise; blanks,
///                                  and pixels past the field's edge, never count.
/// @param flux_threshold_jy_arcsec2 strictly above counts, as in LabelRule.
/// @param cell_px                   edge of a cell, pixel; tile_px / cell_px cells, rounded down,
///                                  lie along a tile's edge.
/// @return                          [grid.count(), n_cells, n_cells], 0 .. 1, tile by tile.
/// @source ours (cells_test.cc).
std::vector<float> parts_above(const image::Image& sky,
                               const tile::TileGrid& grid,
                               double flux_threshold_jy_arcsec2,
                               std::int64_t cell_px);

}  // namespace faintweb::label
