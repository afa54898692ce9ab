// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/image/image.h"
#include "lib/tile/grid.h"

namespace faintweb::label {

/// A tile is signal if strictly more than `min_pixels` of its sky pixels lie strictly above
/// `flux_threshold_jy_arcsec2`.
///
/// @source Gheller et al. 2018, section 3.3 (N_pix1 = 40, N_pix2 = 9; F_th = 1e-7 Jy/arcsec2).
struct LabelRule {
    int min_pixels = 40;
    double flux_threshold_jy_arcsec2 = 1e-7;

    bool operator==(const LabelRule&) const = default;
};

/// How many sky pixels of each tile lie strictly above a threshold: the labels of a field under
/// every rule with this threshold follow from it.
///
/// @param sky  [field_rows, field_cols], Jy/arcsec2, without noise; blanks never count.
/// @return     [grid.count()], pixels.
std::vector<std::int32_t> count_above(const image::Image& sky,
                                      const tile::TileGrid& grid,
                                      double flux_threshold_jy_arcsec2);

/// The labels that follow from count_above() for the rule's threshold.
///
/// @return  [n_above.size()], 1 = signal, 0 = noise.
std::vector<std::uint8_t> labels_of(std::span<const std::int32_t> n_above, const LabelRule& rule);

/// Labels every tile of a field.
///
/// @param sky  [field_rows, field_cols], Jy/arcsec2, without noise; blanks never count.
/// @return     [grid.count()], 1 = signal, 0 = noise.
std::vector<std::uint8_t> label_tiles(const image::Image& sky,
                                      const tile::TileGrid& grid,
                                      const LabelRule& rule);

}  // namespace faintweb::label
