// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <optional>

#include "lib/image/beam.h"
#include "lib/image/fits_cards.h"

namespace faintweb::image {

/// The beam of a header: BMAJ, BMIN, BPA in degrees (numbers, or strings that hold one).
///
/// @return none if there is no BMAJ.
/// @throws InputError  if they say something that cannot be a beam; names the key, without advice.
std::optional<Beam> find_beam(const FitsCards& cards);

/// The beam of the last AIPS "HISTORY ... CLEAN BMAJ=" line.
///
/// @return none if there is no such line.
/// @throws InputError  if it holds no beam, without advice.
std::optional<Beam> find_history_beam(const FitsCards& cards);

/// Frequency of the map, Hz: the FREQ axis at its first pixel, else RESTFRQ, RESTFREQ, OBSFREQ or
/// FREQ; numbers outside 1 MHz to 10 THz are no frequency of a radio map in Hz.
/// @return 0 if the header does not say.
double find_frequency_hz(const FitsCards& cards);

}  // namespace faintweb::image
