// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>

#include "lib/image/image.h"

namespace faintweb::image {

/// Convolves an image with a circular Gaussian of unit sum.
///
/// Blank pixels and those beyond the edge have no weight (normalised convolution), and blank pixels
/// stay blank: near a blank region the values are means over what is there.
///
/// @param image    [rows, cols] row-major, any unit, NaN (or infinite) = blank.
/// @param fwhm_px  full width at half maximum, pixels; 0 returns the image as it is.
/// @source         Knutsson & Westin 1993 (CVPR), normalised convolution; the kernel ends at 4
///                 sigma.
Image smooth(const Image& image, double fwhm_px);

/// Pixels around a pixel that its smoothed value depends on.
///
/// @param fwhm_px  full width at half maximum of the kernel, pixels.
std::int64_t smoothing_reach_px(double fwhm_px);

}  // namespace faintweb::image
