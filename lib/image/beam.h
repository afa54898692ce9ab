// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <numbers>

namespace faintweb::image {

/// The Gaussian that a point source looks like: full widths at half maximum, and the position angle
/// of the major axis from north through east.
struct Beam {
    double major_arcsec = 0;
    double minor_arcsec = 0;
    double angle_deg = 0;

    bool operator==(const Beam&) const = default;
};

/// Solid angle of the beam, pi / (4 ln 2) * major * minor, arcsec2: Jy/beam divided by it is
/// Jy/arcsec2.
inline double beam_area_arcsec2(const Beam& beam) {
    return std::numbers::pi / (4 * std::numbers::ln2) * beam.major_arcsec * beam.minor_arcsec;
}

}  // namespace faintweb::image
