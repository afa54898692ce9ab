// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/sky_ticks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

namespace faintweb::report {

namespace {

constexpr int n_samples = 400;  // along an axis; straight lines between them

/// "07", "59": two digits.
std::string two_digits(std::int64_t number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
}

/// Right ascension of a whole number of seconds of time, as short as the step allows.
std::string ra_label(std::int64_t seconds, std::int64_t step) {
    constexpr std::int64_t day = 24 * 3600;
    seconds = (seconds % day + day) % day;
    std::string label = two_digits(seconds / 3600) + "h";
    if (step % 3600 != 0) {
        label += two_digits(seconds / 60 % 60) + "m";
    }
    if (step % 60 != 0) {
        label += two_digits(seconds % 60) + "s";
    }
    return label;
}

/// Declination of a whole number of arcseconds, as short as the step allows.
std::string dec_label(std::int64_t arcsec, std::int64_t step) {
    const std::int64_t size = std::abs(arcsec);
    std::string label = (arcsec < 0 ? "-" : "+") + two_digits(size / 3600) + "°";
    if (step % 3600 != 0) {
        label += two_digits(size / 60 % 60) + "'";
    }
    if (step % 60 != 0) {
        label += two_digits(size % 60) + "\"";
    }
    return label;
}

/// A coordinate along an axis: places in map pixels and values, none off the sky.
struct Profile {
    std::vector<double> places_px;
    std::vector<std::optional<double>> values;
};

Profile sample(double first_px,
               double last_px,
               const std::function<std::optional<double>(double)>& value_at) {
    Profile profile;
    for (int i = 0; i <= n_samples; ++i) {
        const double place = std::lerp(first_px, last_px, static_cast<double>(i) / n_samples);
        profile.places_px.push_back(place);
        profile.values.push_back(value_at(place));
    }
    return profile;
}

/// The smallest of the round steps that gives at most n_wanted ticks over the profile's range; 0 if
/// the profile is empty.
std::int64_t choose_step(const Profile& profile,
                         std::span<const std::int64_t> steps,
                         int n_wanted) {
    double low = 0;
    double high = 0;
    bool is_first = true;
    for (const std::optional<double>& value : profile.values) {
        if (value) {
            low = is_first ? *value : std::min(low, *value);
            high = is_first ? *value : std::max(high, *value);
            is_first = false;
        }
    }
    if (is_first) {
        return 0;
    }
    for (const std::int64_t step : steps) {
        if ((high - low) / static_cast<double>(step) <= n_wanted) {
            return step;
        }
    }
    return steps.back();
}

/// Where the profile crosses multiples of the step.
std::vector<AxisTick> crossings(const Profile& profile,
                                std::int64_t step,
                                std::string (*label)(std::int64_t, std::int64_t)) {
    std::vector<AxisTick> ticks;
    for (std::size_t i = 0; step > 0 && i + 1 < profile.values.size(); ++i) {
        if (!profile.values[i] || !profile.values[i + 1]) {
            continue;
        }
        const double a = *profile.values[i] / static_cast<double>(step);
        const double b = *profile.values[i + 1] / static_cast<double>(step);
        // Half-open from a to b, so that a crossing right at a sample counts once.
        const double first = a <= b ? std::ceil(a) : std::floor(b) + 1;
        for (double n = first; a <= b ? n < b : n <= a; ++n) {
            const double f = a == b ? 0 : (n - a) / (b - a);
            ticks.push_back(
                {.place_px = std::lerp(profile.places_px[i], profile.places_px[i + 1], f),
                 .label = label(static_cast<std::int64_t>(n) * step, step)});
        }
    }
    return ticks;
}

}  // namespace

std::vector<AxisTick> pixel_ticks(double first_px, double last_px, int n_wanted) {
    const double range = std::max(last_px - first_px, 1.0);
    const double decade = std::pow(10, std::floor(std::log10(range / n_wanted)));
    double step = std::max(decade, 1.0);
    for (const double factor : {2.0, 5.0, 10.0}) {
        if (range / step > n_wanted) {
            step = std::max(factor * decade, 1.0);
        }
    }
    std::vector<AxisTick> ticks;
    for (double place = std::ceil(first_px / step) * step; place <= last_px; place += step) {
        ticks.push_back(
            {.place_px = place, .label = std::to_string(static_cast<std::int64_t>(place))});
    }
    return ticks;
}

std::vector<AxisTick> ra_ticks(
    const image::Wcs& wcs, double y_px, double first_px, double last_px, int n_wanted) {
    // Seconds of time; 24 h is a tick too, once around.
    static constexpr auto steps = std::to_array<std::int64_t>(
        {1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600});
    constexpr double seconds_per_deg = 240;
    std::optional<double> last_ra_deg;
    const Profile profile = sample(first_px, last_px, [&](double x) -> std::optional<double> {
        const auto position = wcs.sky(x, y_px);
        if (!position) {
            return std::nullopt;
        }
        double ra_deg = position->ra_deg;
        if (last_ra_deg) {  // goes on smoothly through 0 h
            ra_deg += 360 * std::round((*last_ra_deg - ra_deg) / 360);
        }
        last_ra_deg = ra_deg;
        return ra_deg * seconds_per_deg;
    });
    return crossings(profile, choose_step(profile, steps, n_wanted), ra_label);
}

std::vector<AxisTick> dec_ticks(
    const image::Wcs& wcs, double x_px, double first_px, double last_px, int n_wanted) {
    static constexpr auto steps = std::to_array<std::int64_t>(
        {1,   2,   5,    10,   15,   20,   30,    60,    120,   300,
         600, 900, 1200, 1800, 3600, 7200, 18000, 36000, 54000, 108000});
    const Profile profile = sample(first_px, last_px, [&](double y) -> std::optional<double> {
        const auto position = wcs.sky(x_px, y);
        return position ? std::optional(position->dec_deg * 3600) : std::nullopt;
    });
    return crossings(profile, choose_step(profile, steps, n_wanted), dec_label);
}

}  // namespace faintweb::report
