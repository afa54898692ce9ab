// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <numbers>

namespace faintweb::base {

inline constexpr double deg_per_rad = 180.0 / std::numbers::pi;
inline constexpr double rad_per_deg = std::numbers::pi / 180.0;
inline constexpr double arcsec_per_deg = 3600.0;
inline constexpr double arcsec_per_rad = arcsec_per_deg * deg_per_rad;
/// FWHM of a Gaussian in units of its standard deviation, 2 sqrt(2 ln 2).
inline constexpr double fwhm_per_sigma = 2.3548200450309493;

}  // namespace faintweb::base
