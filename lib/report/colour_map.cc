// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/colour_map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace faintweb::report {

namespace {

/// Every sixteenth colour of inferno, and its last one. Straight lines between them are off by at
/// most 0.025 in one channel, which nobody sees in a picture of noise.
constexpr std::array<Colour, 17> inferno_colours = {{
    {0.001, 0.000, 0.014},
    {0.042, 0.028, 0.141},
    {0.129, 0.047, 0.291},
    {0.238, 0.037, 0.396},
    {0.342, 0.062, 0.429},
    {0.441, 0.099, 0.432},
    {0.541, 0.135, 0.415},
    {0.640, 0.171, 0.381},
    {0.736, 0.216, 0.330},
    {0.817, 0.271, 0.270},
    {0.890, 0.348, 0.198},
    {0.944, 0.443, 0.120},
    {0.977, 0.551, 0.039},
    {0.988, 0.668, 0.058},
    {0.976, 0.790, 0.196},
    {0.949, 0.910, 0.395},
    {0.988, 0.998, 0.645},
}};

}  // namespace

Colour inferno(double t) {
    if (!(t > 0)) {  // also NaN
        return inferno_colours.front();
    }
    const double place = std::min(t, 1.0) * static_cast<double>(inferno_colours.size() - 1);
    const auto i = std::min(static_cast<std::size_t>(place), inferno_colours.size() - 2);
    const double f = place - static_cast<double>(i);
    const Colour& a = inferno_colours[i];
    const Colour& b = inferno_colours[i + 1];
    return {.red = std::lerp(a.red, b.red, f),
            .green = std::lerp(a.green, b.green, f),
            .blue = std::lerp(a.blue, b.blue, f)};
}

}  // namespace faintweb::report
