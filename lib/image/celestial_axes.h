// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <optional>
#include <string>

#include "lib/image/fits_cards.h"

namespace faintweb::image {

/// Which FITS axes hold the sky, counted from 0.
struct CelestialAxes {
    int longitude = 0;
    int latitude = 1;
};

/// Looks for a longitude and a latitude with a projection among CTYPEn ("RA---SIN", "GLAT-TAN").
std::optional<CelestialAxes> find_celestial_axes(const FitsCards& cards);

/// Why a map with Dec before RA is refused, and what to do.
std::string swapped_axes_text(const CelestialAxes& axes);

}  // namespace faintweb::image
