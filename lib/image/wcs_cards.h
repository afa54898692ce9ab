// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

#include "lib/image/celestial_axes.h"
#include "lib/image/fits_cards.h"

namespace faintweb::image {

/// A header of two axes for wcslib, which says what this one says of the celestial axes of its
/// primary WCS.
///
/// wcslib drops a card that it cannot read, or reads the number up to the first strange letter, and
/// goes on with a default: a map somewhere else on the sky. Here every value that counts is read
/// first, in any legal spelling (1.5D+02), and written anew. Nothing else may refuse a map: no
/// other axis, no alternate WCS.
///
/// @return  cards of 80 characters: axis 1 is the longitude, axis 2 the latitude.
/// @throws InputError  "KEY = VALUE ... (why)", without advice: a value is no finite number, is
///     missing, stands twice and differs, or the pixels that they give have no size.
std::string celestial_cards(const FitsCards& cards, const CelestialAxes& axes);

}  // namespace faintweb::image
