#include "lib/report/stretch.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "lib/tile/scaling.h"

namespace faintweb::report {

namespace {

/// The value that all but 1 in 10,000 pixels stay below, so that one bright source does not leave
/// the rest dark; the largest one where that is nothing but background. NaN without any value.
double bright_value(const image::Image& image) {
    std::vector<float> values;
    std::ranges::copy_if(
        image.pixels, std::back_inserter(values), [](float v) { return std::isfinite(v); });
    if (values.empty()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const auto place = values.end() - 1 - static_cast<std::ptrdiff_t>(values.size() / 10'000);
    std::ranges::nth_element(values, place);
    const float bright = *place;
    const bool is_background = bright <= *std::ranges::min_element(values);
    return static_cast<double>(is_background ? *std::ranges::max_element(values) : bright);
}

}  // namespace

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
    const auto median = static_cast<double>(level.median);
    // Values near the end of float's range may have no rms within it.
    const double rms = std::isfinite(level.rms) ? static_cast<double>(level.rms) : 0.0;
    const double high = std::max(bright_value(image), median + 50 * rms);
    const double above_median = high - median;
    if (!(above_median > 0)) {  // blank, constant, or nothing above the median
        const double scale = median == 0 ? 1.0 : std::abs(median);
        return {.low = median - scale, .high = median + scale, .softening = scale};
    }
    // The softening of two rms keeps the noise itself, from dark to a fifth of the map or so, in
    // the linear part. A sky without noise has an rms of about 0: five decades are shown instead.
    const double softening = std::max(2 * rms, 1e-5 * above_median);
    return {.low = median - softening, .high = high, .softening = softening};
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
