// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/stretch.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/tile/statistics.h"

namespace faintweb::report {

namespace {

/// One bright source, or one odd dark pixel, does not leave the rest of a picture in one colour.
constexpr std::size_t pixels_per_outlier = 10'000;
constexpr double log_range = 1e7;

/// What all but 1 in 10,000 of the values lie below, or above. NaN without any value.
enum class End { dark, bright };
double value_at(End end, std::vector<float>& values) {
    if (values.empty()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const auto n_beyond = static_cast<std::ptrdiff_t>(values.size() / pixels_per_outlier);
    const auto place = end == End::dark ? values.begin() + n_beyond : values.end() - 1 - n_beyond;
    std::ranges::nth_element(values, place);
    return static_cast<double>(*place);
}

/// The bright end; the largest value where the end is nothing but background.
double bright_value(std::vector<float> values) {
    const double bright = value_at(End::bright, values);
    if (values.empty() || bright > static_cast<double>(*std::ranges::min_element(values))) {
        return bright;
    }
    return static_cast<double>(*std::ranges::max_element(values));
}

Stretch linear_or_asinh(const image::Image& image, double bright, StretchKind kind) {
    const tile::RobustStatistics level = tile::robust_statistics(image.pixels);
    const auto median = static_cast<double>(level.median);
    // Values near the end of float's range may have no rms within it.
    const double rms = std::isfinite(level.rms) ? static_cast<double>(level.rms) : 0.0;
    const double high = kind == StretchKind::linear ? bright : std::max(bright, median + 50 * rms);
    const double above_median = high - median;
    if (!(above_median > 0)) {  // blank, constant, or nothing above the median
        const double scale = median == 0 ? 1.0 : std::abs(median);
        return {.low = median - scale, .high = median + scale, .softening = scale, .kind = kind};
    }
    // The softening of two rms keeps the noise itself, from dark to a fifth of the map or so, in
    // the linear part. A sky without noise has an rms of about 0: five decades are shown instead.
    const double softening = std::max(2 * rms, 1e-5 * above_median);
    return {.low = median - softening, .high = high, .softening = softening, .kind = kind};
}

}  // namespace

StretchKind stretch_from_name(const std::string& name) {
    for (const auto& [known, kind] : {std::pair{"linear", StretchKind::linear},
                                      {"asinh", StretchKind::asinh},
                                      {"log", StretchKind::log}}) {
        if (name == known) {
            return kind;
        }
    }
    throw base::UsageError(
        fmt::format("stretch '{}' is not known, choose linear, asinh or log", name));
}

double Stretch::position(double value_here) const {
    double t = 0;
    switch (kind) {
        case StretchKind::linear:
            t = (value_here - low) / (high - low);
            break;
        case StretchKind::asinh:
            t = std::asinh((value_here - low) / softening) / std::asinh((high - low) / softening);
            break;
        case StretchKind::log:
            t = std::log(value_here / low) / std::log(high / low);
            break;
    }
    return t > 0 ? std::min(t, 1.0) : 0.0;  // NaN fails the comparison
}

double Stretch::value(double position_here) const {
    switch (kind) {
        case StretchKind::linear:
            return std::lerp(low, high, position_here);
        case StretchKind::asinh:
            return low +
                   softening * std::sinh(position_here * std::asinh((high - low) / softening));
        case StretchKind::log:
            break;
    }
    return low * std::pow(high / low, position_here);
}

Stretch choose_stretch(const image::Image& image, std::optional<StretchKind> kind, double floor) {
    std::vector<float> values;
    std::ranges::copy_if(image.pixels, std::back_inserter(values),
                         [](float v) { return std::isfinite(v); });
    const double bright = bright_value(values);
    const bool has_negative = std::ranges::any_of(values, [](float v) { return v < 0; });
    const StretchKind wanted = kind.value_or(has_negative ? StretchKind::asinh : StretchKind::log);
    if (wanted != StretchKind::log) {
        return linear_or_asinh(image, bright, wanted);
    }
    const double dark = std::max(value_at(End::dark, values), bright / log_range);
    const double low = bright > floor ? std::max(dark, floor) : dark;
    // Else blank, without positive pixels, or of one value.
    return bright > low ? Stretch{.low = low, .high = bright, .kind = StretchKind::log}
                        : linear_or_asinh(image, bright, StretchKind::linear);
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
