// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/celestial_axes.h"

#include <fmt/core.h>

namespace faintweb::image {
namespace {

/// The coordinate in front of the projection code: "RA" of "RA---SIN"; empty without such a code.
std::string coordinate_of(const std::string& ctype) {
    return ctype.size() >= 8 && ctype[4] == '-' ? ctype.substr(0, ctype.find('-')) : "";
}

}  // namespace

std::optional<CelestialAxes> find_celestial_axes(const FitsCards& cards) {
    constexpr int max_axes = 9;
    CelestialAxes axes{.longitude = -1, .latitude = -1};
    for (int n = 0; n < max_axes; ++n) {
        const std::string name =
            coordinate_of(cards.text(fmt::format("CTYPE{}", n + 1)).value_or(""));
        if (axes.longitude < 0 && (name == "RA" || name.ends_with("LON") || name.ends_with("LN"))) {
            axes.longitude = n;
        }
        if (axes.latitude < 0 && (name == "DEC" || name.ends_with("LAT") || name.ends_with("LT"))) {
            axes.latitude = n;
        }
    }
    if (axes.longitude < 0 || axes.latitude < 0) {
        return std::nullopt;
    }
    return axes;
}

std::string swapped_axes_text(const CelestialAxes& axes) {
    return fmt::format(
        "CTYPE{} is a latitude and comes before the longitude in CTYPE{} (rows and columns are "
        "swapped), reorder the axes first",
        axes.latitude + 1, axes.longitude + 1);
}

}  // namespace faintweb::image
