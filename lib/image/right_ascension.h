// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

namespace faintweb::image {

/// An angle brought into [0, 360), also where rounding would give 360.
double wrapped_deg(double angle_deg);

/// A right ascension in [0, 360) as text of so many digits, which is never "360".
std::string ra_text(double ra_deg, int n_digits);

}  // namespace faintweb::image
