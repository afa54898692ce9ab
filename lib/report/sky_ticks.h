// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/image/wcs.h"

namespace faintweb::report {

/// A tick of a picture's axis: where along the axis, in map pixels, and what is written there.
struct AxisTick {
    double place_px = 0;
    std::string label;
};

/// Round numbers of map pixels between two pixels, about n_wanted of them.
std::vector<AxisTick> pixel_ticks(double first_px, double last_px, int n_wanted);

/// Where round right ascensions cross the row y_px between two columns: "17h04m", "17h04m30s".
///
/// The steps are round times, at most n_wanted of them. Empty where the row lies off the sky.
std::vector<AxisTick> ra_ticks(
    const image::Wcs& wcs, double y_px, double first_px, double last_px, int n_wanted);

/// Where round declinations cross the column x_px between two rows: "+78°38'".
std::vector<AxisTick> dec_ticks(
    const image::Wcs& wcs, double x_px, double first_px, double last_px, int n_wanted);

}  // namespace faintweb::report
