#pragma once

#include <cmath>
#include <limits>

#include "lib/base/fast_math.h"
#include "lib/tile/scaling.h"

/// The scalings pixel by pixel: the arithmetic that processors and GPUs share.
namespace faintweb::tile {

inline constexpr float floor_jy_arcsec2 = 1e-11F;
inline constexpr float ceiling_jy_arcsec2 = 1e-2F;

inline constexpr float largest_float = std::numeric_limits<float>::max();

/// 1 / Phi^-1(3/4): the median absolute deviation of a unit Gaussian is 0.6745.
inline constexpr float rms_per_mad = 1.4826022F;

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

/// asinh((value - median) * factor); blanks become `blank_value`.
FAINTWEB_ON_DEVICE inline float asinh_of_pixel(float value,
                                               double median,
                                               double factor,
                                               float blank_value) {
    constexpr float ln_2 = 0.693147181F;
    // In double: the rms may be denormal, its inverse beyond float's range.
    double in_sigma = (static_cast<double>(value) - median) * factor;
    // Clamped, so that 1e38 over a tiny rms stays finite.
    in_sigma = in_sigma > -1e30 ? in_sigma : -1e30;
    in_sigma = in_sigma < 1e30 ? in_sigma : 1e30;
    const auto x = static_cast<float>(in_sigma);
    const float size = std::fabs(x);
    // From 1e9 on the 1 below the root is lost anyhow, and the square soon too large.
    const float small = size < 1e9F ? size : 0.0F;
    const float root = std::sqrt(small * small + 1.0F);
    const float sum = size + (size < 1e9F ? root : size);
    const float asinh = ln_2 * base::fast_log2(sum);
    return std::fabs(value) <= largest_float ? std::copysign(asinh, x) : blank_value;
}

/// How the pixels of one field are scaled.
struct PixelScaling {
    bool is_asinh = false;
    double median = 0;
    double factor = 1;
    float low = 0;
    float log_factor = 0;
    float blank_value = 0;

    FAINTWEB_ON_DEVICE float operator()(float value) const {
        return is_asinh ? asinh_of_pixel(value, median, factor, blank_value)
                        : log_of_pixel(value, low, log_factor);
    }
};

/// @param range, robust  of the field; robust is read by asinh_sigma alone.
FAINTWEB_ON_DEVICE inline PixelScaling pixel_scaling(Scaling scaling,
                                                     const FiniteRange& range,
                                                     const RobustStatistics& robust) {
    PixelScaling made;
    if (scaling == Scaling::asinh_sigma) {
        const auto rms = static_cast<double>(robust.rms);
        made.is_asinh = true;
        made.median = static_cast<double>(robust.median);
        // A field of one value has no rms; any finite unit then gives zeros.
        made.factor = rms > 0 && std::isfinite(rms) ? 1.0 / rms : 1.0;
        if (range.n > 0) {
            const float lowest = asinh_of_pixel(range.lowest, made.median, made.factor, 0);
            made.blank_value = lowest < 0.0F ? lowest : 0.0F;
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
