// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/score/calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/core.h>

#include "lib/base/contract.h"

namespace faintweb::score {
namespace {

/// What Newton's method needs of minus the logarithm of the likelihood.
struct Slope {
    double loss = 0;
    double scale = 0, offset = 0;  ///< first derivatives
    double scale_scale = 0, scale_offset = 0, offset_offset = 0;
};

/// log(1 + exp(z)) without overflow.
double softplus(double z) {
    return std::max(z, 0.0) + std::log1p(std::exp(-std::fabs(z)));
}

Slope slope_at(const Calibration& at,
               std::span<const float> logits,
               std::span<const std::uint8_t> labels,
               double noise_target,
               double signal_target) {
    Slope slope;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        const auto logit = static_cast<double>(logits[i]);
        const double target = labels[i] == 1 ? signal_target : noise_target;
        const double z = at.scale * logit + at.offset;
        const double probability = probability_of(at, logit);
        const double excess = probability - target;
        const double weight = probability * (1 - probability);
        slope.loss += softplus(z) - target * z;
        slope.scale += excess * logit;
        slope.offset += excess;
        slope.scale_scale += weight * logit * logit;
        slope.scale_offset += weight * logit;
        slope.offset_offset += weight;
    }
    return slope;
}

}  // namespace

double probability_of(const Calibration& calibration, double logit) {
    return 1 / (1 + std::exp(-(calibration.scale * logit + calibration.offset)));
}

double probability_of_score(const Calibration& calibration, float score) {
    constexpr double smallest = 1e-45;
    constexpr double nearest_to_one = 1 - 0x1p-25;
    const double inside = std::clamp(static_cast<double>(score), smallest, nearest_to_one);
    return probability_of(calibration, std::log(inside / (1 - inside)));
}

Calibration fit_calibration(std::span<const float> logits, std::span<const std::uint8_t> labels) {
    FAINTWEB_EXPECTS(logits.size() == labels.size());
    const auto n_signal = static_cast<double>(std::count(labels.begin(), labels.end(), 1));
    const double n_noise = static_cast<double>(labels.size()) - n_signal;
    if (n_signal == 0 || n_noise == 0) {
        return {};
    }
    const double noise_target = 1 / (n_noise + 2);
    const double signal_target = (n_signal + 1) / (n_signal + 2);
    const auto at = [&](const Calibration& point) {
        return slope_at(point, logits, labels, noise_target, signal_target);
    };
    Calibration best{0, std::log((n_signal + 1) / (n_noise + 1))};
    Slope slope = at(best);
    constexpr int max_steps = 100;
    for (int step = 0; step < max_steps; ++step) {
        // A little on the diagonal: logits that are all alike leave the matrix singular.
        const double a = slope.scale_scale + 1e-12;
        const double b = slope.scale_offset;
        const double c = slope.offset_offset + 1e-12;
        const double determinant = a * c - b * b;
        const double d_scale = -(c * slope.scale - b * slope.offset) / determinant;
        const double d_offset = -(a * slope.offset - b * slope.scale) / determinant;
        const double descent = slope.scale * d_scale + slope.offset * d_offset;
        constexpr double enough = 1e-12;
        if (!(descent < -enough * slope.loss)) {
            break;
        }
        constexpr double shortest = 1e-10;
        double length = 1;
        Calibration next = best;
        Slope slope_next;
        for (; length > shortest; length /= 2) {
            next = {best.scale + length * d_scale, best.offset + length * d_offset};
            slope_next = at(next);
            if (slope_next.loss < slope.loss + 1e-4 * length * descent) {
                break;
            }
        }
        if (length <= shortest) {
            break;
        }
        best = next;
        slope = slope_next;
    }
    return best;
}

Reliability measure_reliability(std::span<const double> probabilities,
                                std::span<const std::uint8_t> labels,
                                double lowest,
                                int n_bins) {
    FAINTWEB_EXPECTS(probabilities.size() == labels.size() && n_bins >= 1);
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
        if (probabilities[i] > lowest) {
            order.push_back(i);
        }
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return probabilities[a] < probabilities[b];
    });
    Reliability result;
    result.n_tiles = static_cast<std::int64_t>(order.size());
    const auto n_parts = static_cast<std::size_t>(n_bins);
    for (std::size_t bin = 0; bin < n_parts; ++bin) {
        const std::size_t first = order.size() * bin / n_parts;
        const std::size_t end = order.size() * (bin + 1) / n_parts;
        if (first == end) {
            continue;
        }
        double sum = 0;
        double variance = 0;
        double n_signal = 0;
        for (std::size_t i = first; i < end; ++i) {
            const double probability = probabilities[order[i]];
            sum += probability;
            variance += probability * (1 - probability);
            n_signal += labels[order[i]] == 1 ? 1 : 0;
        }
        const auto n = static_cast<double>(end - first);
        result.bins.push_back({static_cast<std::int64_t>(end - first), sum / n, n_signal / n,
                               std::sqrt(variance) / n});
        result.expected_error += std::fabs(sum - n_signal) / static_cast<double>(result.n_tiles);
    }
    return result;
}

std::string reliability_csv(const Reliability& reliability) {
    std::string csv = "n_tiles,probability,signal_part,sigma\n";
    for (const ReliabilityBin& bin : reliability.bins) {
        csv +=
            fmt::format("{},{:g},{:g},{:g}\n", bin.n, bin.probability, bin.signal_part, bin.sigma);
    }
    return csv;
}

}  // namespace faintweb::score
