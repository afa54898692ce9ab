// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/image/image.h"
#include "lib/score/metrics.h"
#include "lib/tile/grid.h"

namespace faintweb::source {

/// The classical way to find diffuse emission, against which a network is measured: smooth the map,
/// keep the islands above k sigma that are large enough, and call a tile signal if it holds enough
/// pixels of such islands.
///
/// Sigma is the robust rms of the smoothed map, counted from its median.
struct ThresholdFinder {
    double smoothing_fwhm_arcsec = 0;  ///< of the kernel, on top of the map's own beam
    double k_sigma = 3;
    int min_island_pixels = 1;
    int min_tile_pixels = 1;
};

/// All settings that are tried when the finder is tuned, for a map with the given beam.
///
/// @source  ours: smoothing by 0 to 6 beams, 1 to 6 sigma, islands of 1 to 160 pixels, tiles with 1
///          to 80 island pixels.
std::vector<ThresholdFinder> threshold_finder_grid(double beam_fwhm_arcsec);

/// Which tiles a finder calls signal.
///
/// @param noise         [rows, cols] row-major, the noise image, Jy/arcsec2, NaN = blank.
/// @param pixel_arcsec  edge of a pixel, arcsec.
/// @return              [n_tiles], 1 = signal; blank tiles are 0.
std::vector<std::uint8_t> find_tiles(const image::Image& noise,
                                     const tile::TileGrid& grid,
                                     double pixel_arcsec,
                                     const ThresholdFinder& finder);

/// Counts right and wrong tiles of one field for many finders and several label rules at once.
///
/// Much faster than find_tiles() for each: finders that share smoothing and k share the islands,
/// and all rules share them. Tiles that are more than half blank take no part.
///
/// @param labels  [n_rules][n_tiles], 1 = signal.
/// @return        [n_rules][finders.size()]; add them up over the training fields.
std::vector<std::vector<score::Confusion>> try_finders(
    const image::Image& noise,
    std::span<const std::vector<std::uint8_t>> labels,
    const tile::TileGrid& grid,
    double pixel_arcsec,
    std::span<const ThresholdFinder> finders);

/// The finder of largest A_s; of equal ones the first.
///
/// @param counts  one per finder, summed over the training fields.
/// @return             its number.
/// @throws InputError  if no field held a signal tile, so that A_s is not defined for any finder.
std::size_t best_finder(std::span<const score::Confusion> counts);

}  // namespace faintweb::source
