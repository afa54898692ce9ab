#pragma once

#include <string>
#include <vector>

#include "lib/image/image.h"

namespace faintweb::report {

/// How pixel values become positions in a colour map: asinh, that is linear near zero and
/// logarithmic well above the softening.
struct Stretch {
    double low = 0;        ///< shown as the darkest colour, the pixels' unit
    double high = 1;       ///< shown as the brightest colour; > low
    double softening = 1;  ///< where linear turns into logarithmic; > 0

    /// Position in [0, 1], clamped; 0 for NaN.
    double position(double value) const;
    /// The value shown at a position: the inverse of position().
    double value(double position) const;
};

/// A stretch that shows both the noise and the brightest source: from two robust rms below the
/// median to what all but 1 in 10,000 pixels stay below, and where there is no noise over five
/// decades.
///
/// @return  finite and valid for any image, also a blank or a constant one.
Stretch choose_stretch(const image::Image& image);

/// Round values (1, 2 or 5 times a power of ten, and zero) to write beside a colour bar, ascending,
/// at least `min_distance` of the bar's length apart.
std::vector<double> colour_bar_ticks(const Stretch& stretch, double min_distance);

}  // namespace faintweb::report
