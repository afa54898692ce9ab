// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/image/fits_bytes.h"
#include "lib/image/fits_cards.h"

namespace faintweb::image {

/// A binary table of a FITS file; its data are in the file.
struct FitsTable {
    int hdu = 0;
    FitsCards cards;
    std::int64_t data_byte = 0;
    std::int64_t data_bytes = 0;
};

/// Where the image of a FITS file lies, taken from raw header blocks and checked against the file.
struct FitsImage {
    int hdu = 0;  ///< 0 is the primary HDU.
    int bitpix = 0;
    std::vector<std::int64_t> axes;  ///< lengths, all positive, product without overflow.
    std::int64_t data_byte = 0;      ///< where its pixels start, or the table of its packed tiles.
    bool is_tile_compressed = false;
    std::vector<std::int64_t> tile_edges =
        {};                      ///< of a compressed image, per axis; at most its length.
    std::int64_t heap_byte = 0;  ///< where its packed tiles start.
    bool is_gzip_tiled = false;
    bool is_quantised = false;  ///< floats packed as scaled integers.
    std::int64_t end_byte = 0;  ///< first byte after the HDU's data.
    FitsCards cards;  ///< of a tile-compressed image: the table's, turned back into the image's.
    std::string choice = {};  ///< a line that names the other images, if one had to be chosen.
    std::optional<FitsTable> beams = {};  ///< CASA's table of the beam of each plane.
};

/// Finds an image and proves that its header can be trusted: known BITPIX, positive axes, no
/// overflow, data that are really in the file, at most 10,000 cards and 1,000 HDUs, an END, and of
/// tile compression only Rice and GZIP with as many tiles as the image needs.
///
/// @param wanted_hdu      0 is the primary HDU; -1: the first image of at least two axes, one that
///                        calls itself noise, weight, mask or beam only if there is no other.
/// @param max_tile_bytes  what one compressed tile may unpack to.
/// @throws InputError     one line that says what is wrong.
FitsImage find_image(FitsBytes& bytes,
                     const std::string& path,
                     int wanted_hdu,
                     std::int64_t max_tile_bytes);

}  // namespace faintweb::image
