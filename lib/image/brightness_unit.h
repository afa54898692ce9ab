// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

namespace faintweb::image {

/// What a map's values are, up to a factor. kelvin: brightness temperature, Rayleigh-Jeans.
enum class PixelUnit { jy_beam, jy_arcsec2, kelvin };

/// "Jy/beam", "Jy/arcsec2" or "K", as it is written to BUNIT.
const char* unit_name(PixelUnit unit);

/// A unit of brightness: pixel value times `factor` is in `unit`.
struct ScaledUnit {
    PixelUnit unit = PixelUnit::jy_beam;
    double factor = 1;

    bool operator==(const ScaledUnit&) const = default;
};

/// Reads a unit of brightness as headers spell it: Jy with any prefix, per beam or per solid angle
/// (arcsec2, arcmin2, deg2, sr), or K, in any case and order, with a factor in front if need be:
/// "JY/BEAM", "beam-1 mJy", "10**-3 Jy beam-1", "MJy/sr", "jy_beam", "mK".
///
/// @throws InputError  why, in a few words: it is another unit, or may mean two, as MJY/BEAM in
///                     capitals may be milli or mega.
/// @source FITS standard 4.0, section 4.3; the spellings beyond it are those of AIPS, CASA,
///         astropy.
ScaledUnit parse_unit(const std::string& text);

/// Jy/arcsec2 of 1 K at a frequency, in the law of Rayleigh and Jeans, 2 k nu^2 / c^2.
///
/// @source  Wilson, Rohlfs & Huettemeister, Tools of Radio Astronomy, equation 1.28.
double jy_arcsec2_per_kelvin(double frequency_hz);

}  // namespace faintweb::image
