// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <vector>

#include "lib/image/image.h"
#include "lib/image/window.h"
#include "lib/tile/local_rms.h"

namespace faintweb::tile {

/// Takes compact emission out of a map by a morphological opening and smooths what is left: the
/// classical way to see diffuse emission among compact sources.
///
/// Lengths are multiples of the beam's full width at half maximum. A step towards a finder beside
/// the threshold finder, and an input of networks.
struct OpeningFilter {
    std::int64_t box_px = 12;        ///< edge of the opening's box: 2 beams
    double smoothing_fwhm_px = 18;   ///< of the Gaussian kernel: 3 beams
    static constexpr float cut = 5;  ///< local sigma above the opening that are compact

    /// Pixels around a pixel that its filtered value depends on.
    std::int64_t reach_px() const;
};

/// The filter for a map with this beam.
///
/// @param beam_px  full width at half maximum, geometric mean of both axes, pixel; > 0.
OpeningFilter make_opening_filter(double beam_px);

/// What an opening filter makes of a part of a map.
struct FilteredField {
    image::Image opened;   ///< the opening of the map, local sigma
    image::Image diffuse;  ///< the map without its compact pixels, smoothed, local sigma
    std::vector<std::uint8_t> is_compact;  ///< [rows x cols] 1: was taken out
};

/// Filters a part of a map in units of its local rms.
///
/// Values within filter.reach_px() of an edge of the window lack what lies beyond it; at an edge of
/// the map that is right.
///
/// @param pixels  [window.rows, window.cols], in the unit of the rms, blanks NaN: they stay blank
///                and take no part.
/// @param window  map pixels of the image.
/// @source        Rudnick 2002 (PASP 114, 427), with the peaks above the opening set to 0 instead
///                of keeping the opening, which has an offset that depends on the noise.
FilteredField filter_field(const image::Image& pixels,
                           const image::MapWindow& window,
                           const LocalRms& rms,
                           const OpeningFilter& filter);

}  // namespace faintweb::tile
