// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <utility>

#include "lib/campaign/campaign.h"
#include "lib/image/fits_map.h"
#include "lib/image/image.h"

namespace faintweb::pipeline {

/// Opens the ready map that a sky of source fits shows; the maps of a set are shown in turn.
///
/// @throws UsageError  one line: a map that cannot be used, or of other pixels than
///                     sky.pixel_arcsec.
image::FitsMap open_sky_map(const campaign::Campaign& campaign, sky::SkySet set, int number);

/// Reads all of a ready map, Jy/arcsec2.
///
/// @throws UsageError  one line: all of its pixels are blank.
image::Image read_sky(const campaign::Campaign& campaign,
                      sky::SkySet set,
                      int number,
                      const image::FitsMap& map);

/// Columns and rows of a sky, pixel.
///
/// @throws UsageError  as open_sky_map.
/// @throws InputError  if the campaign makes no such sky and there is none in its folder.
std::pair<std::int64_t, std::int64_t> size_of_sky(const campaign::Campaign& campaign,
                                                  sky::SkySet set,
                                                  int number);

/// Looks into the files that the campaign's stages make skies from, which is quick, and warns of
/// what they do not tell.
///
/// @throws UsageError  names the first file that cannot be used or is another one's copy, and where
///                     it was given.
void check_sky_files(const campaign::Campaign& campaign);

}  // namespace faintweb::pipeline
