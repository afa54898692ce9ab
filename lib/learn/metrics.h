#pragma once

#include <cstdint>
#include <span>

namespace faintweb::learn {

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
    /// W_s = N_sc / N_s; NaN without signal tiles.
    double w_s() const;
    /// W_v = N_vc / N_v; NaN without noise tiles.
    double w_v() const;
};
// @source Gheller et al. 2018, section 4.

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

/// What a model reached on held-out fields; n_fields == 0: it was never evaluated.
struct Metrics {
    Confusion confusion;
    std::int64_t n_fields = 0;
    bool operator==(const Metrics&) const = default;
};

}  // namespace faintweb::learn
