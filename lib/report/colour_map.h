// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>

namespace faintweb::report {

/// A colour of a picture.
struct Colour {
    double red = 0;
    double green = 0;
    double blue = 0;  ///< each in [0, 1], sRGB
};

/// Black over purple and orange to pale yellow, even in lightness: equal steps look equally large,
/// also to colour-blind readers and in grey.
///
/// @param t  position in the map; clamped to [0, 1], NaN gives 0.
/// @source   the colour map `inferno` of N. Smith and S. van der Walt (2015, CC0); a table of 17 of
///           its colours, with straight lines between them.
Colour inferno(double t);

}  // namespace faintweb::report
