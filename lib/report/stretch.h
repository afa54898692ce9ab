// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/image/image.h"

namespace faintweb::report {

/// How pixel values become positions in a colour map. asinh is linear near zero and logarithmic
/// well above the softening.
enum class StretchKind { linear, asinh, log };

/// Reads the name of a kind of stretch.
///
/// @throws base::UsageError  names the value and the choices.
StretchKind stretch_from_name(const std::string& name);

/// The range of pixel values that a picture shows, and how it is spread over the colours.
struct Stretch {
    double low = 0;        ///< shown as the darkest colour, the pixels' unit; log: > 0
    double high = 1;       ///< shown as the brightest colour; > low
    double softening = 1;  ///< asinh: where linear turns into logarithmic; > 0
    StretchKind kind = StretchKind::asinh;

    /// Position in [0, 1], clamped; 0 for NaN.
    double position(double value) const;
    /// The value shown at a position: the inverse of position().
    double value(double position) const;
};

/// A stretch for an image. All but 1 in 10,000 pixels stay below its bright end.
///
/// - log: from what all but 1 in 10,000 pixels exceed, but at most seven decades;
/// - asinh: shows both the noise and the brightest source, from two robust rms below the median;
///   where there is no noise, over five decades;
/// - linear: from two robust rms below the median.
///
/// @param kind   none: log for an image without negative pixels (a sky without noise, a density),
///               else asinh. An image without positive pixels is never shown in log.
/// @param floor  log: where it begins at the lowest, unless all of the image lies below.
/// @return       finite and valid for any image, also a blank or a constant one.
Stretch choose_stretch(const image::Image& image,
                       std::optional<StretchKind> kind = std::nullopt,
                       double floor = 0);

/// Round values (1, 2 or 5 times a power of ten, and zero) to write beside a colour bar, ascending,
/// at least `min_distance` of the bar's length apart.
std::vector<double> colour_bar_ticks(const Stretch& stretch, double min_distance);

}  // namespace faintweb::report
