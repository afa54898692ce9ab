// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/lightcone/coded_map.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"

namespace faintweb::sky {
namespace {

constexpr double relative_floor = 1e-12;
constexpr double absolute_floor = 1e-18;
constexpr int largest_code = 65535;

}  // namespace

CodedMap encode(const image::Image& map, int n_threads) {
    FAINTWEB_EXPECTS(map.rows == map.cols);
    const auto n = static_cast<std::size_t>(map.rows);
    std::vector<float> maxima(n, 0.0F);
    base::parallel_for(n_threads, n, [&](std::size_t row) {
        const auto values = map.row(static_cast<std::int64_t>(row));
        FAINTWEB_EXPECTS(std::all_of(values.begin(), values.end(), [](float v) { return v >= 0; }));
        maxima[row] = *std::max_element(values.begin(), values.end());
    });
    const double high = n == 0 ? 0 : *std::max_element(maxima.begin(), maxima.end());
    FAINTWEB_EXPECTS(std::isfinite(high));

    CodedMap coded;
    coded.n = map.rows;
    coded.codes.assign(n * n, 0);
    if (high <= absolute_floor) {
        return coded;
    }
    coded.low = std::max(absolute_floor, high * relative_floor);
    coded.log_step = std::log(high / coded.low) / (largest_code - 1);
    base::parallel_for(n_threads, n, [&](std::size_t row) {
        const auto values = map.row(static_cast<std::int64_t>(row));
        std::uint16_t* codes = coded.codes.data() + row * n;
        for (std::size_t i = 0; i < n; ++i) {
            if (values[i] >= coded.low) {
                const double steps = std::log(values[i] / coded.low) / coded.log_step;
                codes[i] = static_cast<std::uint16_t>(
                    std::min(1 + static_cast<int>(steps + 0.5), largest_code));
            }
        }
    });
    return coded;
}

std::vector<float> code_values(const CodedMap& map) {
    std::vector<float> values(largest_code + 1, 0.0F);
    for (int code = 1; code <= largest_code; ++code) {
        values[static_cast<std::size_t>(code)] =
            static_cast<float>(map.low * std::exp((code - 1) * map.log_step));
    }
    return values;
}

image::Image decode(const CodedMap& map, int n_threads) {
    const std::vector<float> values = code_values(map);
    image::Image decoded = image::make_image(map.n, map.n);
    const auto n = static_cast<std::size_t>(map.n);
    base::parallel_for(n_threads, n, [&](std::size_t row) {
        const std::uint16_t* codes = map.codes.data() + row * n;
        const auto out = decoded.row(static_cast<std::int64_t>(row));
        for (std::size_t i = 0; i < n; ++i) {
            out[i] = values[codes[i]];
        }
    });
    return decoded;
}

}  // namespace faintweb::sky
