#pragma once

namespace faintweb::image {

/// The parallelogram on the sky that a pixel covers.
struct PixelShape {
    double width_arcsec = 0;   ///< along a row
    double height_arcsec = 0;  ///< along a column
    double skew_deg = 0;       ///< by how much rows and columns miss the right angle, 0 to 90

    bool operator==(const PixelShape&) const = default;
};

inline PixelShape square_pixel(double edge_arcsec) {
    return {edge_arcsec, edge_arcsec, 0};
}

}  // namespace faintweb::image
