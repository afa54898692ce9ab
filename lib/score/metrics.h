// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "lib/tile/grid.h"

namespace faintweb::score {

/// How many tiles of a test ended where.
struct Confusion {
    std::int64_t n_1c = 0;  ///< signal called signal (N_sc)
    std::int64_t n_1f = 0;  ///< signal called noise (N_sw)
    std::int64_t n_0f = 0;  ///< noise called signal (N_vw)
    std::int64_t n_0c = 0;  ///< noise called noise (N_vc)

    void add(bool is_signal, bool is_detected);
    Confusion& operator+=(const Confusion& other);
    bool operator==(const Confusion&) const = default;

    std::int64_t n_signal() const { return n_1c + n_1f; }
    std::int64_t n_noise() const { return n_0f + n_0c; }
    /// A_s = N_sc / (N_s + N_vw): missed and false detections both lower it. NaN for 0/0: a test
    /// without signal tiles and without false detections says nothing about A_s.
    double a_s() const;
    /// W_s = N_sc / N_s, the completeness; NaN without signal tiles.
    double w_s() const;
    /// W_v = N_vc / N_v; NaN without noise tiles.
    double w_v() const;
    /// N_sc / (N_sc + N_vw), the part of the detections that is signal; NaN without detections.
    double reliability() const;
};
// @source Gheller et al. 2018, section 4; reliability: docs/words.md, "How well".

/// A ratio of outcomes by which models are compared.
struct Ratio {
    const char* name;     ///< in files
    const char* heading;  ///< for people: the name, and what else the field calls it
    double (Confusion::*value)() const;
};

/// The ratios, in the order in which they are printed and written.
inline constexpr std::array ratios{Ratio{"A_s", "A_s", &Confusion::a_s},
                                   Ratio{"W_s", "W_s (completeness)", &Confusion::w_s},
                                   Ratio{"W_v", "W_v", &Confusion::w_v},
                                   Ratio{"reliability", "reliability", &Confusion::reliability}};

/// Ratios for people, four digits each: "A_s 0.9, W_s (completeness) 0.98, W_v 0.997, reliability
/// 0.92"; "-" for NaN.
///
/// @param values  in the order of `ratios`.
std::string text_of_ratios(const std::array<double, ratios.size()>& values);
/// One ratio for people, with four digits; "-" where it is undefined (NaN).
std::string text_of_ratio(double value);
/// The ratios of these outcomes for people.
std::string text_of_ratios(const Confusion& confusion);

/// The reliability that follows from two other ratios of the same tiles.
///
/// @return  NaN where a ratio is 0 or NaN.
/// @source ours: 1 / A_s = 1 / W_s + N_vw / N_sc.
double reliability_from(double a_s, double w_s);

/// Outcomes of tiles whose score is compared with a threshold, as a detection is.
///
/// @param scores  [n]; detected if above the threshold.
/// @param labels  [n] 1 signal, 0 noise.
Confusion count_outcomes(std::span<const float> scores,
                         std::span<const std::uint8_t> labels,
                         double threshold);

/// The threshold with the highest A_s.
struct BestThreshold {
    double threshold = 0.5;
    Confusion confusion;
};

/// Tries every threshold that tells scores apart; of equally good ones the highest. 0.5 where there
/// is no signal tile.
///
/// @param scores  [n] in [0, 1].
/// @param labels  [n] 1 signal, 0 noise.
BestThreshold best_threshold(std::span<const float> scores, std::span<const std::uint8_t> labels);

/// Wrong tiles that the labels rather than the network may be to blame for: a signal tile is a
/// square of pixels above a threshold, a source is not.
struct ErrorSplit {
    std::int64_t n_0f_faint = 0;   ///< 0F with some pixels above F_th, too few for the label rule
    std::int64_t n_0f_beside = 0;  ///< 0F without any, that touches a signal tile
    std::int64_t n_1f_beside = 0;  ///< 1F that touches another signal tile
    ErrorSplit& operator+=(const ErrorSplit& other);
    bool operator==(const ErrorSplit&) const = default;
};

/// What a model reached on one field, or on several.
struct FieldScore {
    Confusion confusion;
    ErrorSplit split;
    FieldScore& operator+=(const FieldScore& other);
    bool operator==(const FieldScore&) const = default;
};

/// What was reached on several fields together; without any, all counts are 0.
FieldScore sum_of(std::span<const FieldScore> fields);

/// The counts of a FieldScore by the names of their columns, in the order of counts_of().
inline constexpr std::array count_names = {"1C",       "1F",        "0F",       "0C",
                                           "0F_faint", "0F_beside", "1F_beside"};
inline constexpr std::size_t n_counts = count_names.size();
using Counts = std::array<std::int64_t, n_counts>;

/// The counts of a score in the order of count_names.
Counts counts_of(const FieldScore& score);

/// The score that has these counts.
///
/// @param counts  [n_counts], as counts_of() gives them.
FieldScore field_score_of(std::span<const std::int64_t, n_counts> counts);

/// Compares what was found in a field with its labels.
///
/// Tiles that are more than half blank take no part, neither as tiles nor as neighbours. A tile
/// has up to 8 neighbours; those beyond the field's edge are not known and do not count.
///
/// @param labels   [n_tiles] 1 = signal.
/// @param found    [n_tiles] 1 = called signal.
/// @param n_above  [n_tiles] sky pixels above the flux threshold of the labels.
/// @param n_blank  [n_tiles] blank pixels.
/// @source Gheller et al. 2018, section 5, which blames such tiles on the labels.
FieldScore score_field(std::span<const std::uint8_t> labels,
                       std::span<const std::uint8_t> found,
                       std::span<const std::int32_t> n_above,
                       std::span<const std::int32_t> n_blank,
                       const tile::TileGrid& grid);

/// What a model reached on held-out fields; n_fields == 0: it was never evaluated.
struct Metrics {
    Confusion confusion;
    std::int64_t n_fields = 0;
    bool operator==(const Metrics&) const = default;
};

}  // namespace faintweb::score
