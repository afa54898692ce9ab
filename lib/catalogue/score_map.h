#pragma once

#include <cstdint>

#include "lib/catalogue/records.h"
#include "lib/image/image.h"

namespace faintweb::catalogue {

/// The scores of one map as an image of one pixel per tile: the network's probability of signal,
/// not calibrated. Tiles that were not classified are blank (NaN).
///
/// @param map  row of /provenance/maps.
/// @return     [tile rows of the map, tile columns].
/// @throws UsageError  if the map failed, or its fields do not begin on whole tiles, so that the
/// tiles
///     form no grid (field_px is no multiple of tile_px).
image::Image score_map(const Catalogue& catalogue, std::int32_t map);

}  // namespace faintweb::catalogue
