// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/map_noise.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>
#include <vector>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/tile/noise_mesh.h"
#include "lib/tile/statistics.h"

namespace faintweb::tile {
namespace {

/// Enough for a median to a fiftieth of the rms where the beam is as wide as 6 pixels.
constexpr std::int64_t n_wanted = 64'000;
/// With fewer values than these more of the map is read.
constexpr std::int64_t n_enough = 4096;
/// With fewer there is no rms.
constexpr std::int64_t n_least = 16;

/// The finite pixels of a sample of rows.
struct Sample {
    std::vector<float> values;
    std::vector<std::size_t> row_ends;

    /// Calls act(the values of a row) for each row.
    void for_rows(const std::function<void(std::span<const float>)>& act) const {
        std::size_t first = 0;
        for (const std::size_t end : row_ends) {
            act(std::span(values).subspan(first, end - first));
            first = end;
        }
    }
};

Sample read_every(std::int64_t stride,
                  std::int64_t cols,
                  std::int64_t rows,
                  const std::function<image::Image(const image::MapWindow&)>& read) {
    Sample sample;
    for (std::int64_t y = stride / 2; y < rows;) {
        // Rows side by side are read at once.
        constexpr std::int64_t n_at_once = 64;
        const std::int64_t n = stride == 1 ? std::min(n_at_once, rows - y) : 1;
        const image::Image some = read({0, y, cols, n});
        for (std::int64_t i = 0; i < n; ++i) {
            std::ranges::copy_if(some.row(i), std::back_inserter(sample.values),
                                 [](float value) { return std::isfinite(value); });
            sample.row_ends.push_back(sample.values.size());
        }
        y += stride * n;
    }
    return sample;
}

bool is_near(float a, float b, double tolerance) {
    return std::fabs(static_cast<double>(a) - static_cast<double>(b)) <= tolerance;
}

/// The values that lie in no run of equal ones.
Sample without_runs(const Sample& sample, double tolerance) {
    constexpr std::size_t shortest_run = 8;
    Sample rest;
    sample.for_rows([&](std::span<const float> row) {
        for (std::size_t first = 0; first < row.size();) {
            std::size_t end = first + 1;
            while (end < row.size() && is_near(row[end], row[end - 1], tolerance)) {
                ++end;
            }
            if (end - first < shortest_run) {
                rest.values.insert(rest.values.end(),
                                   row.begin() + static_cast<std::ptrdiff_t>(first),
                                   row.begin() + static_cast<std::ptrdiff_t>(end));
            }
            first = end;
        }
        rest.row_ends.push_back(rest.values.size());
    });
    return rest;
}

/// What is not flat: the tolerance follows from the rms of what it leaves, so it is looked for from
/// above, where hardly anything is left.
struct Rest {
    Sample sample;
    RobustStatistics robust;
    double tolerance = 0;

    std::int64_t n() const { return std::ssize(sample.values); }
};

Rest find_rest(const Sample& sample) {
    Rest rest;
    if (sample.values.empty()) {
        return rest;
    }
    const auto [lowest, highest] = std::ranges::minmax(sample.values);
    rest.tolerance = static_cast<double>(flat_tolerance_sigma) *
                     (static_cast<double>(highest) - static_cast<double>(lowest));
    constexpr int max_rounds = 60;
    for (int round = 0; round < max_rounds; ++round) {
        Sample next = without_runs(sample, rest.tolerance);
        if (std::ssize(next.values) < n_least && rest.tolerance > 0) {
            // A few huge values make the range: the noise itself is flat beside it.
            rest.tolerance *= 1e-3;
            continue;
        }
        const bool is_settled = next.values.size() == rest.sample.values.size();
        rest.sample = std::move(next);
        if (rest.n() == 0 || is_settled) {
            break;
        }
        rest.robust = robust_statistics(rest.sample.values);
        rest.tolerance =
            static_cast<double>(flat_tolerance_sigma) * static_cast<double>(rest.robust.rms);
    }
    return rest;
}

/// Noise scatters everywhere by much the same, if not outside a primary beam; an image without
/// noise has places, and many, where its scatter is a thousandth of what it is in others.
bool is_without_noise(const Rest& rest) {
    constexpr std::size_t segment_px = 16;
    std::vector<double> spreads;
    rest.sample.for_rows([&](std::span<const float> row) {
        for (std::size_t first = 0; first + segment_px <= row.size(); first += segment_px) {
            const auto [low, high] = std::ranges::minmax(row.subspan(first, segment_px));
            spreads.push_back(static_cast<double>(high) - static_cast<double>(low));
        }
    });
    constexpr std::size_t n_fewest = 20;
    if (spreads.size() < n_fewest) {
        return false;
    }
    const auto low = spreads.begin() + std::ssize(spreads) / 10;
    const auto high = spreads.begin() + std::ssize(spreads) * 9 / 10;
    std::nth_element(spreads.begin(), high, spreads.end());
    const double large = *high;
    std::nth_element(spreads.begin(), low, high);
    constexpr double least_share = 1e-3;
    return *low < least_share * large;
}

/// Whether equal neighbours are common, as where values were rounded to steps.
bool is_in_steps(const Rest& rest) {
    std::int64_t n_equal = 0;
    rest.sample.for_rows([&](std::span<const float> row) {
        for (std::size_t i = 0; i + 1 < row.size(); ++i) {
            n_equal += is_near(row[i], row[i + 1], rest.tolerance) ? 1 : 0;
        }
    });
    constexpr std::int64_t one_in = 100;
    return one_in * n_equal > rest.n();
}

}  // namespace

MapNoise measure_map_noise(std::int64_t cols,
                           std::int64_t rows,
                           const std::function<image::Image(const image::MapWindow&)>& read) {
    FAINTWEB_EXPECTS(cols >= 1 && rows >= 1);
    std::int64_t stride = std::clamp<std::int64_t>(rows * cols / n_wanted, 1, rows);
    Sample sample = read_every(stride, cols, rows, read);
    Rest rest = find_rest(sample);
    while (rest.n() < n_enough && stride > 1) {
        stride = std::max<std::int64_t>(1, stride / 4);
        sample = read_every(stride, cols, rows, read);
        rest = find_rest(sample);
    }
    if (sample.values.empty()) {
        return {};
    }
    if (rest.n() == 0) {
        throw base::InputError(
            "its noise cannot be measured (all values are equal, or lie in flat patches as outside "
            "a mosaic), give an observed map");
    }
    if (rest.n() < n_least) {
        throw base::InputError(
            fmt::format("its noise cannot be measured (only {} pixels have a value that is no flat "
                        "patch's), give a larger map",
                        rest.n()));
    }
    if (!(rest.robust.rms > 0) || !std::isfinite(rest.robust.rms)) {
        throw base::InputError(
            "its noise cannot be measured (more than half of the values are one number), give an "
            "observed map");
    }
    if (is_without_noise(rest)) {
        throw base::InputError(
            "its noise cannot be measured (the values scatter a thousand times less in places than "
            "in others, as in a model image or outside a mosaic), give an observed map");
    }
    return {rest.robust.median, rest.robust.rms, is_in_steps(rest)};
}

}  // namespace faintweb::tile
