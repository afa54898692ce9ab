// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>

#include "lib/image/image.h"

namespace faintweb::image {

/// Morphological opening with a square box: the largest of the smallest values in the boxes that
/// hold a pixel. What is narrower than the box in either direction goes, what is wider stays; the
/// result nowhere exceeds the image.
///
/// Blank pixels take no part, nor does what lies past the edges: they lower no box, and no box is
/// centred on them. A value depends on the pixels that are less than box_px columns and rows away.
///
/// @param image   [rows, cols], any unit, NaN = blank.
/// @param box_px  edge of the box, pixel; >= 1. The centre of an even box is the pixel behind its
///                middle, for smallest and largest values in turn, so that nothing is shifted.
/// @return        [rows, cols], in that unit; blank where the image is.
/// @source        Rudnick 2002 (PASP 114, 427) for radio maps; by windows of twice the length in
///                each pass, which in vectors takes less time than van Herk's (1992) three
///                comparisons per pixel.
Image opening(const Image& image, std::int64_t box_px);

}  // namespace faintweb::image
