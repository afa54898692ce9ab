// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <functional>

#include "lib/catalogue/records.h"
#include "lib/image/image.h"

namespace faintweb::catalogue {

/// The scores of one map as an image of one pixel per tile: the network's probability of signal,
/// not calibrated. Tiles that were not classified are blank (NaN).
///
/// @param map  row of /provenance/maps.
/// @return     [tile rows of the map, tile columns].
/// @throws UsageError  if the map failed, or its fields do not begin on whole tiles, so that the
///     tiles form no grid (field_px is no multiple of tile_px).
image::Image score_map(const Catalogue& catalogue, MapId map);

/// The local rms of one map, Jy/arcsec2, as score_map() gives its scores.
///
/// @throws UsageError  as score_map().
image::Image rms_map(const Catalogue& catalogue, MapId map);

/// The calibrated probabilities of one map, as score_map() gives its scores. Those of the rows of
/// /tiles are the rows' own, which were made from more than a score keeps.
///
/// @param probability_of_score  as the model is calibrated.
/// @throws UsageError  as score_map().
image::Image probability_map(const Catalogue& catalogue,
                             MapId map,
                             const std::function<double(float)>& probability_of_score);

}  // namespace faintweb::catalogue
