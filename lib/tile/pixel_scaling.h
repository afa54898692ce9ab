// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cmath>

#include "lib/base/fast_math.h"
#include "lib/tile/scaling.h"
#include "lib/tile/statistics.h"

/// The scalings pixel by pixel: the arithmetic that processors and GPUs share.
namespace faintweb::tile {

inline constexpr float floor_jy_arcsec2 = 1e-11F;
inline constexpr float ceiling_jy_arcsec2 = 1e-2F;

/// log10 of the floored flux; flux is a number.
FAINTWEB_ON_DEVICE inline float log10_of(float flux) {
    constexpr float log10_2 = 0.301029996F;
    return log10_2 * base::fast_log2(flux > floor_jy_arcsec2 ? flux : floor_jy_arcsec2);
}

/// The same, mapped linearly so that `low` is 0 and 1 / `factor` above it is 1;
/// blanks become 0.
FAINTWEB_ON_DEVICE inline float log_of_pixel(float value, float low, float factor) {
    const float finite = value < largest_float ? value : largest_float;
    // Blanks fail every comparison, so that the logarithm is of a number.
    float scaled = (log10_of(finite) - low) * factor;
    scaled = scaled < 0.0F ? 0.0F : scaled;
    scaled = scaled > 1.0F ? 1.0F : scaled;
    return std::fabs(value) <= largest_float ? scaled : 0.0F;
}

/// (value - median) / rms in a unit in which neither the difference nor the inverse of an rms that
/// is tiny or huge is lost; beyond 1e18 all is the same.
struct InSigma {
    float unit = 1;    ///< a power of two that brings the rms into the range of plain numbers
    float median = 0;  ///< in that unit
    float factor = 1;  ///< 1 / rms in that unit

    FAINTWEB_ON_DEVICE float operator()(float value) const {
        // So that the square of 1e38 over a tiny rms is finite too.
        float x = (value * unit - median) * factor;
        x = x > -1e18F ? x : -1e18F;
        return x < 1e18F ? x : 1e18F;
    }
};

/// The InSigma of a field with these statistics; an rms that is 0 or not finite counts as 1.
FAINTWEB_ON_DEVICE inline InSigma in_sigma_of(const RobustStatistics& robust) {
    // A field of one value has no rms; any finite unit then gives zeros.
    const float rms = robust.rms > 0 && std::isfinite(robust.rms) ? robust.rms : 1.0F;
    InSigma made;
    made.unit = rms < 1e-30F ? 0x1p100F : (rms > 1e8F ? 0x1p-100F : 1.0F);
    made.median = robust.median * made.unit;
    made.factor = 1.0F / (rms * made.unit);
    return made;
}

/// What blanks become, and what stands beyond the margin of a field: the background of the asinh
/// scalings (0 sigma), the floor of the others.
inline constexpr float blank_input = 0;

/// asinh of a pixel in sigma.
FAINTWEB_ON_DEVICE inline float asinh_of_pixel(float value, const InSigma& in_sigma) {
    constexpr float ln_2 = 0.693147181F;
    const float x = in_sigma(value);
    const float asinh = ln_2 * base::fast_log2(std::fabs(x) + std::sqrt(x * x + 1.0F));
    return std::fabs(value) <= largest_float ? std::copysign(asinh, x) : blank_input;
}

/// How the pixels of one field are scaled.
struct PixelScaling {
    bool is_asinh = false;
    InSigma in_sigma{};
    float low = 0;
    float log_factor = 0;

    FAINTWEB_ON_DEVICE float operator()(float value) const {
        return is_asinh ? asinh_of_pixel(value, in_sigma) : log_of_pixel(value, low, log_factor);
    }
};

/// @param range, robust  of the field; asinh_sigma reads robust, asinh_local neither: its pixels
///                       are in sigma already.
inline PixelScaling pixel_scaling(Scaling scaling,
                                  const FiniteRange& range,
                                  const RobustStatistics& robust) {
    PixelScaling made;
    if (scaling == Scaling::asinh_sigma || scaling == Scaling::asinh_local) {
        made.is_asinh = true;
        if (scaling == Scaling::asinh_sigma) {
            made.in_sigma = in_sigma_of(robust);
        }
        return made;
    }
    const bool is_per_field = scaling == Scaling::paper && range.n > 0;
    made.low = log10_of(is_per_field ? range.lowest : floor_jy_arcsec2);
    const float high = log10_of(is_per_field ? range.highest : ceiling_jy_arcsec2);
    made.log_factor = high > made.low ? 1.0F / (high - made.low) : 0.0F;
    return made;
}

}  // namespace faintweb::tile
