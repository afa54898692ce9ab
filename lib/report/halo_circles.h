// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/report/picture.h"

namespace faintweb::report {

/// Reads the haloes of a mock sky as circles of their virial radius R100, in the order of the file.
///
/// @param path           CSV with the columns x_px, y_px, m200_msun and r100_arcsec among others.
/// @param min_mass_msun  lighter haloes are left out (m200_msun).
/// @param pixel_arcsec   of the map that they are drawn on, > 0.
/// @throws InputError    if the file cannot be read, lacks a column or holds no number where one
///                       belongs; names the file, and the columns or the line.
std::vector<Circle> read_halo_circles(const std::string& path,
                                      double min_mass_msun,
                                      double pixel_arcsec);

}  // namespace faintweb::report
