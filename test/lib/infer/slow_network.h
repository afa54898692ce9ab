// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "lib/learn/network.h"

/// The networks once more as plain loops in double precision: slow, obvious, and what the fast ones
/// are tested against.
namespace faintweb::infer {

/// Square maps, [n_maps][rows * rows].
struct Maps {
    int edge = 0;
    std::vector<std::vector<double>> maps;
};

inline const std::vector<float>& values_of(const std::vector<learn::Tensor>& weights,
                                           const std::string& name) {
    const auto found = std::ranges::find(weights, name, &learn::Tensor::name);
    if (found == weights.end()) {
        throw std::out_of_range("no weight " + name);
    }
    return found->values;
}

/// 3x3, zero outside the maps ("SAME"), then ReLU.
inline Maps slow_conv(const Maps& in, std::span<const float> kernel, std::span<const float> bias) {
    Maps out{in.edge, {}};
    for (std::size_t o = 0; o < bias.size(); ++o) {
        std::vector<double> map;
        for (int y = 0; y < in.edge; ++y) {
            for (int x = 0; x < in.edge; ++x) {
                double sum = bias[o];
                for (std::size_t i = 0; i < in.maps.size(); ++i) {
                    for (int dy = -1; dy <= 1; ++dy) {
                        for (int dx = -1; dx <= 1; ++dx) {
                            if (y + dy < 0 || y + dy >= in.edge || x + dx < 0 ||
                                x + dx >= in.edge) {
                                continue;
                            }
                            const auto k = (o * in.maps.size() + i) * 9 +
                                           static_cast<std::size_t>((dy + 1) * 3 + dx + 1);
                            const auto p = static_cast<std::size_t>((y + dy) * in.edge + x + dx);
                            sum += kernel[k] * in.maps[i][p];
                        }
                    }
                }
                map.push_back(std::max(0.0, sum));
            }
        }
        out.maps.push_back(std::move(map));
    }
    return out;
}

inline double slow_max(const Maps& in, std::size_t map, int y0, int y1, int x0, int x1) {
    double largest = -std::numeric_limits<double>::infinity();
    for (int y = y0; y < y1; ++y) {
        for (int x = x0; x < x1; ++x) {
            largest = std::max(largest, in.maps[map][static_cast<std::size_t>(y * in.edge + x)]);
        }
    }
    return largest;
}

inline Maps slow_pool(const Maps& in) {
    Maps out{in.edge / 2, {}};
    for (std::size_t m = 0; m < in.maps.size(); ++m) {
        std::vector<double> map;
        for (int y = 0; y < out.edge; ++y) {
            for (int x = 0; x < out.edge; ++x) {
                map.push_back(slow_max(in, m, 2 * y, 2 * y + 2, 2 * x, 2 * x + 2));
            }
        }
        out.maps.push_back(std::move(map));
    }
    return out;
}

/// First the 3x3 grid map by map, then the maximum of each map. Cell i of 3 covers the pixels from
/// floor(i edge / 3) to ceil((i + 1) edge / 3).
inline std::vector<double> slow_pyramid(const Maps& in) {
    std::vector<double> features;
    const int edge = in.edge;
    for (std::size_t m = 0; m < in.maps.size(); ++m) {
        for (int i = 0; i < 3; ++i) {
            for (int j = 0; j < 3; ++j) {
                features.push_back(slow_max(in, m, i * edge / 3, ((i + 1) * edge + 2) / 3,
                                            j * edge / 3, ((j + 1) * edge + 2) / 3));
            }
        }
    }
    for (std::size_t m = 0; m < in.maps.size(); ++m) {
        features.push_back(slow_max(in, m, 0, edge, 0, edge));
    }
    return features;
}

inline std::vector<double> slow_linear(const std::vector<double>& in,
                                       std::span<const float> weight,
                                       std::span<const float> bias) {
    std::vector<double> out;
    for (std::size_t o = 0; o < bias.size(); ++o) {
        double sum = bias[o];
        for (std::size_t i = 0; i < in.size(); ++i) {
            sum += weight[o * in.size() + i] * in[i];
        }
        out.push_back(sum);
    }
    return out;
}

/// Without padding, `step` pixels from one place of the kernel to the next, then ReLU or not.
inline Maps slow_valid_conv(const Maps& in,
                            std::span<const float> kernel,
                            int kernel_edge,
                            int step,
                            std::span<const float> bias,
                            bool has_relu) {
    Maps out{(in.edge - kernel_edge) / step + 1, {}};
    for (std::size_t o = 0; o < bias.size(); ++o) {
        std::vector<double> map;
        for (int y = 0; y < out.edge; ++y) {
            for (int x = 0; x < out.edge; ++x) {
                double sum = bias[o];
                std::size_t k =
                    o * in.maps.size() * static_cast<std::size_t>(kernel_edge * kernel_edge);
                for (const std::vector<double>& values : in.maps) {
                    for (int dy = 0; dy < kernel_edge; ++dy) {
                        for (int dx = 0; dx < kernel_edge; ++dx) {
                            const int p = (step * y + dy) * in.edge + step * x + dx;
                            sum += kernel[k++] * values[static_cast<std::size_t>(p)];
                        }
                    }
                }
                map.push_back(has_relu ? std::max(0.0, sum) : sum);
            }
        }
        out.maps.push_back(std::move(map));
    }
    return out;
}

inline double mean_of(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// The features of a CellsNetwork: means, maxima, and ten times and the logarithm of the part of
/// the tile above the threshold.
inline std::vector<double> slow_cell_features(const std::vector<learn::Tensor>& weights,
                                              Maps maps) {
    const auto weight = [&](const std::string& name) -> std::span<const float> {
        return values_of(weights, name);
    };
    maps = slow_valid_conv(maps, weight("stem.weight"), 6, 2, weight("stem.bias"), true);
    for (const std::string layer : {"conv1", "conv2", "conv3"}) {
        maps =
            slow_valid_conv(maps, weight(layer + ".weight"), 3, 1, weight(layer + ".bias"), true);
    }
    const Maps cells =
        slow_valid_conv(maps, weight("cells.weight"), 1, 1, weight("cells.bias"), false);
    double part_above = 0;
    for (const double logit : cells.maps.front()) {
        part_above += 1 / (1 + std::exp(-logit)) / static_cast<double>(cells.maps.front().size());
    }
    std::vector<double> features;
    for (const std::vector<double>& map : maps.maps) {
        features.push_back(mean_of(map));
    }
    for (const std::vector<double>& map : maps.maps) {
        features.push_back(*std::max_element(map.begin(), map.end()));
    }
    features.push_back(10 * part_above);
    features.push_back(std::log(part_above + 1e-3));
    return features;
}

/// Probability of signal of one tile.
///
/// @param tile  with its margin.
inline double slow_score(const std::string& network,
                         const std::vector<learn::Tensor>& weights,
                         std::span<const float> tile) {
    const auto weight = [&](const char* name) -> std::span<const float> {
        return values_of(weights, name);
    };
    Maps maps{static_cast<int>(std::lround(std::sqrt(tile.size()))), {{tile.begin(), tile.end()}}};
    std::vector<double> features;
    const std::string& kind = learn::find_network(network).kind();
    if (kind == "cells") {
        features = slow_cell_features(weights, std::move(maps));
    } else if (kind != "cosmodeep") {
        throw std::invalid_argument("test/lib/infer/slow_network.h has no plain loops of " + kind);
    } else {
        maps = slow_pool(slow_conv(maps, weight("conv1.weight"), weight("conv1.bias")));
        maps = slow_conv(maps, weight("conv2.weight"), weight("conv2.bias"));
        if (network == "cosmodeep_spp") {
            features = slow_pyramid(maps);
        } else {
            for (const std::vector<double>& map : slow_pool(maps).maps) {
                features.insert(features.end(), map.begin(), map.end());
            }
        }
    }
    std::vector<double> hidden =
        slow_linear(features, weight("hidden.weight"), weight("hidden.bias"));
    for (double& value : hidden) {
        value = std::max(0.0, value);
    }
    const std::vector<double> output =
        slow_linear(hidden, weight("output.weight"), weight("output.bias"));
    return 1 / (1 + std::exp(output[0] - output[1]));
}

}  // namespace faintweb::infer
