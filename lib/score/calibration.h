// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace faintweb::score {

/// probability = 1 / (1 + exp(-(scale * logit + offset))).
struct Calibration {
    double scale = 1;
    double offset = 0;
    bool operator==(const Calibration&) const = default;
};

/// The calibrated probability of signal, in [0, 1], of a tile with this logit.
double probability_of(const Calibration& calibration, double logit);

/// The calibrated probability of signal, in [0, 1], of a tile with this score, which is what a
/// catalogue keeps of it; a score of 1 is taken for the smallest that rounds to it.
double probability_of_score(const Calibration& calibration, float score);

/// The scale and offset under which the labels are likeliest, with targets a little inside 0 and 1
/// so that there is one however well the logits tell signal from noise.
///
/// @param logits  [n] of tiles that occur as often as on the sky; finite.
/// @param labels  [n] 1 signal, 0 noise.
/// @return        scale 1 and offset 0 where one of the two does not occur.
/// @source Platt 1999; the Newton steps of Lin, Lin & Weng 2007 (Machine Learning 68, 267).
Calibration fit_calibration(std::span<const float> logits, std::span<const std::uint8_t> labels);

/// Tiles of about equal probability: what was promised and what came.
struct ReliabilityBin {
    std::int64_t n = 0;      ///< tiles
    double probability = 0;  ///< their mean
    double signal_part = 0;  ///< part of them that is signal
    double sigma = 0;        ///< scatter of signal_part if the probabilities are right
};

/// How well probabilities say how often a tile is signal.
struct Reliability {
    std::vector<ReliabilityBin> bins;  ///< of equal numbers of tiles, by rising probability
    std::int64_t n_tiles = 0;
    double expected_error = 0;  ///< mean of |signal_part - probability|, weighted with n
};

/// Most tiles of a sky are certainly noise and would hide the others: only those of a higher
/// probability say how right probabilities are.
inline constexpr double lowest_probability = 0.01;

/// Tiles above `lowest` take part.
///
/// @param probabilities  [n] calibrated.
/// @param labels         [n] 1 signal, 0 noise.
/// @return               fewer bins where there are fewer tiles than n_bins.
/// @source Naeini, Cooper & Hauskrecht 2015 (AAAI) for the expected calibration error, here in bins
///         of equal counts; sigma is sqrt(sum p (1 - p)) / n.
Reliability measure_reliability(std::span<const double> probabilities,
                                std::span<const std::uint8_t> labels,
                                double lowest = lowest_probability,
                                int n_bins = 10);

/// One line per bin, with a head line of column names.
std::string reliability_csv(const Reliability& reliability);

}  // namespace faintweb::score
