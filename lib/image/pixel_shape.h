// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

#include "lib/base/text.h"

namespace faintweb::image {

/// The parallelogram on the sky that a pixel covers.
struct PixelShape {
    double width_arcsec = 0;   ///< along a row
    double height_arcsec = 0;  ///< along a column
    double skew_deg = 0;       ///< by how much rows and columns miss the right angle, 0 to 90

    bool operator==(const PixelShape&) const = default;
};

/// "7.5 arcsec", "15 x 3.75 arcsec" or "7.5 arcsec, skewed by 30 deg".
inline std::string pixel_text(const PixelShape& pixel) {
    const std::string width = base::text(pixel.width_arcsec);
    const std::string height = base::text(pixel.height_arcsec);
    constexpr double least_skew_deg = 0.1;
    return base::text(
        width, width == height ? "" : " x " + height, " arcsec",
        pixel.skew_deg > least_skew_deg ? base::text(", skewed by ", pixel.skew_deg, " deg") : "");
}

/// The shape of a pixel with equal edges and right angles.
inline PixelShape square_pixel(double edge_arcsec) {
    return {edge_arcsec, edge_arcsec, 0};
}

}  // namespace faintweb::image
