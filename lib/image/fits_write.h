#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/image/beam.h"
#include "lib/image/image.h"
#include "lib/image/wcs.h"

namespace faintweb::image {

/// What a written map says about itself.
struct FitsHeader {
    std::string object = {};
    std::string bunit = {};  ///< unit_name(...) of fits_map.h; empty: no unit (a probability).
    std::optional<Beam> beam = {};
    double pixel_arcsec = 0;
    SkyPosition centre = {};  ///< of the middle of the image.
    double frequency_hz = 0;  ///< 0: not written.
    std::vector<std::string> history = {};
};

/// Writes a map: float32, RA---TAN / DEC--TAN about the middle of the image, ICRS, NaN = blank.
///
/// The file appears whole or not at all: it is written to PATH.partial, synced and renamed.
///
/// @param image  [rows, cols], row 0 = first FITS row, in the unit of header.bunit; not empty.
/// @throws DiskError   if the disk is full, read-only or failing; nothing is left behind.
/// @throws InputError  if the file cannot be made for another reason.
void write_fits(const std::string& path, const Image& image, const FitsHeader& header);

}  // namespace faintweb::image
