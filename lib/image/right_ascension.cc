// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/right_ascension.h"

#include <cmath>

#include <fmt/core.h>

namespace faintweb::image {

double wrapped_deg(double angle_deg) {
    const double rest = std::fmod(angle_deg, 360);
    const double positive = rest < 0 ? rest + 360 : rest;
    // The sum turns -0 into 0.
    return positive < 360 ? positive + 0.0 : 0;
}

std::string ra_text(double ra_deg, int n_digits) {
    const std::string text = fmt::format("{:.{}g}", ra_deg, n_digits);
    return text == "360" ? "0" : text;
}

}  // namespace faintweb::image
