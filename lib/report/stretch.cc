#include "lib/report/stretch.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/tile/scaling.h"

namespace faintweb::report {

double Stretch::position(double value_here) const {
    const double t =
        std::asinh((value_here - low) / softening) / std::asinh((high - low) / softening);
    return t > 0 ? std::min(t, 1.0) : 0.0;  // NaN fails the comparison
}

double Stretch::value(double position_here) const {
    return low + softening * std::sinh(position_here * std::asinh((high - low) / softening));
}

Stretch choose_stretch(const image::Image& image) {
    const tile::RobustStatistics level = tile::robust_statistics(image.pixels);
    float peak = std::numeric_limits<float>::lowest();
    for (const float pixel : image.pixels) {
        if (std::isfinite(pixel)) {
            peak = std::max(peak, pixel);
        }
    }
    const auto median = static_cast<double>(level.median);
    const double above_median = static_cast<double>(peak) - median;
    if (!(above_median > 0)) {  // blank, constant, or nothing above the median
        const double scale = median == 0 ? 1.0 : std::abs(median);
        return {.low = median - scale, .high = median + scale, .softening = scale};
    }
    // The softening of two rms keeps the noise itself, from dark to a fifth of the map or so, in
    // the linear part. A sky without noise has an rms of about 0: five decades are shown instead.
    const double softening = std::max(2 * static_cast<double>(level.rms), 1e-5 * above_median);
    return {.low = median - softening, .high = static_cast<double>(peak), .softening = softening};
}

std::vector<double> colour_bar_ticks(const Stretch& stretch, double min_distance) {
    // In the order in which they deserve a place: zero, the decades, then 2 and 5 where there is
    // room.
    std::vector<double> candidates{0.0};
    const double largest = std::max(std::abs(stretch.low), std::abs(stretch.high));
    const int top_decade = static_cast<int>(std::floor(std::log10(largest)));
    constexpr int n_decades = 12;
    for (const double factor : {1.0, 5.0, 2.0}) {
        for (int decade = top_decade; decade > top_decade - n_decades; --decade) {
            candidates.push_back(factor * std::pow(10.0, decade));
            candidates.push_back(-candidates.back());
        }
    }
    std::vector<double> ticks;
    std::vector<double> places;
    for (const double tick : candidates) {
        if (tick < stretch.low || tick > stretch.high) {
            continue;
        }
        const double place = stretch.position(tick);
        const bool is_free = std::ranges::none_of(
            places, [&](double taken) { return std::abs(taken - place) < min_distance; });
        if (is_free) {
            ticks.push_back(tick);
            places.push_back(place);
        }
    }
    std::ranges::sort(ticks);
    return ticks;
}

}  // namespace faintweb::report
