// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

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
    double pixel_arcsec = 0;  ///< 0: no sky coordinates, unless wcs_cards has them.
    SkyPosition centre = {};  ///< of the middle of the image.
    std::string wcs_cards =
        {};                   ///< 80 characters each; if given, instead of pixel_arcsec and centre.
    double frequency_hz = 0;  ///< 0: not written.
    std::vector<std::string> history = {};
};

/// What ORIGIN says in every FITS file that we write.
inline constexpr const char* fits_origin = "faintweb";

enum class FitsContent { image, table };

/// Why a FITS file is not one that we wrote with such content in it, as "is no ..."; empty if it
/// is.
std::string objection_to_fits(const std::string& path, FitsContent content);

/// Writes a map: float32, NaN = blank, RA---TAN / DEC--TAN about the middle of the image, ICRS, or
/// the sky coordinates given as cards.
///
/// The file appears whole or not at all: it is written to PATH.partial, synced and renamed.
///
/// @param image  [rows, cols], row 0 = first FITS row, in the unit of header.bunit; not empty.
/// @throws DiskError   if the disk is full, read-only or failing; nothing is left behind.
/// @throws InputError  if the file cannot be made for another reason.
void write_fits(const std::string& path, const Image& image, const FitsHeader& header);

}  // namespace faintweb::image
