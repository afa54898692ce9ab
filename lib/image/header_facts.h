#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/image/beam.h"
#include "lib/image/fits_cards.h"
#include "lib/image/fits_map.h"

namespace faintweb::image {

/// A unit of brightness: pixel value times `factor` is in `unit`.
struct ScaledUnit {
    PixelUnit unit = PixelUnit::jy_beam;
    double factor = 1;
};

/// Reads BUNIT: Jy/beam or Jy/arcsec2 in any case and the usual spellings, also as mJy and uJy.
///
/// All-capital "MJY" is not taken: it may mean milli or mega.
std::optional<ScaledUnit> parse_unit(const std::string& bunit);

/// The beam of a header: BMAJ, BMIN, BPA in degrees (numbers, or strings that hold one), else the
/// last AIPS "HISTORY ... CLEAN BMAJ=" line.
///
/// @return none if the header says nothing about a beam.
/// @throws InputError  if it says something that cannot be a beam; names the key, without advice.
std::optional<Beam> find_beam(const FitsCards& cards);

/// Frequency of the map, Hz: the FREQ axis at its first pixel, else RESTFRQ, RESTFREQ, OBSFREQ or
/// FREQ.
/// @return 0 if the header does not say.
double find_frequency_hz(const FitsCards& cards);

}  // namespace faintweb::image
