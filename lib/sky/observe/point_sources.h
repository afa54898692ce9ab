// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <vector>

#include "lib/image/image.h"

namespace faintweb::sky {

/// Galaxies and quasars too small to resolve, which lie over every deep radio image.
struct PointSourceSettings {
    bool enabled = false;
    double min_flux_jy = 1e-4;     ///< faintest source drawn, at 1.4 GHz
    double max_flux_jy = 1;        ///< brightest source drawn, at 1.4 GHz
    double spectral_index = -0.7;  ///< flux ~ frequency^spectral_index
};

/// @throws UsageError  if the fluxes leave the range of the counts, or are not in order; names
///                     them.
void check(const PointSourceSettings& settings);

/// One unresolved source of a sky.
struct PointSource {
    double x_px = 0;     ///< column in the image, 0-based; whole numbers are the middles of pixels
    double y_px = 0;     ///< row in the image
    double flux_jy = 0;  ///< at the frequency of the sky
};

/// Draws the sources of an image: Poisson numbers, fluxes after counts_at_1400_mhz(), places at
/// random.
///
/// The sources are not clustered. A pixel is taken to cover pixel_arcsec^2 of the sky all over the
/// image.
///
/// @param frequency_hz  of the sky, to which the fluxes of 1.4 GHz are scaled.
/// @return              a function of (settings, rows, cols, seed, realisation) alone.
/// @throws UsageError   as check().
std::vector<PointSource> draw_point_sources(const PointSourceSettings& settings,
                                            std::int64_t rows,
                                            std::int64_t cols,
                                            double pixel_arcsec,
                                            double frequency_hz,
                                            std::uint64_t seed,
                                            std::uint64_t realisation);

/// Adds each source's whole flux to the pixel that it falls on, so that it stays as small as the
/// grid allows: half a pixel is the most that it moves.
///
/// @param sky      [rows, cols], Jy/arcsec2.
/// @param sources  all within the image.
void add_point_sources(image::Image& sky,
                       double pixel_arcsec,
                       const std::vector<PointSource>& sources);

}  // namespace faintweb::sky
