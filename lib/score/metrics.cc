// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/score/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <fmt/core.h>

#include "lib/base/contract.h"

namespace faintweb::score {
namespace {

double ratio(std::int64_t part, std::int64_t whole) {
    return whole == 0 ? std::numeric_limits<double>::quiet_NaN()
                      : static_cast<double>(part) / static_cast<double>(whole);
}

/// Whether any of the up to 8 tiles around a tile is marked.
bool touches(std::span<const std::uint8_t> is_marked,
             tile::TileId tile,
             const tile::TileGrid& grid) {
    const std::int64_t row = grid.row_of(tile);
    const std::int64_t col = grid.column_of(tile);
    for (std::int64_t r = std::max<std::int64_t>(row - 1, 0);
         r <= std::min(row + 1, grid.n_rows() - 1); ++r) {
        for (std::int64_t c = std::max<std::int64_t>(col - 1, 0);
             c <= std::min(col + 1, grid.n_cols() - 1); ++c) {
            const tile::TileId other = grid.tile(r, c);
            if (other != tile && is_marked[other.place()] != 0) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

void Confusion::add(bool is_signal, bool is_detected) {
    if (is_signal) {
        ++(is_detected ? n_1c : n_1f);
    } else {
        ++(is_detected ? n_0f : n_0c);
    }
}

Confusion& Confusion::operator+=(const Confusion& other) {
    n_1c += other.n_1c;
    n_1f += other.n_1f;
    n_0f += other.n_0f;
    n_0c += other.n_0c;
    return *this;
}

double Confusion::a_s() const {
    return ratio(n_1c, n_signal() + n_0f);
}
double Confusion::w_s() const {
    return ratio(n_1c, n_signal());
}
double Confusion::w_v() const {
    return ratio(n_0c, n_noise());
}
double Confusion::reliability() const {
    return ratio(n_1c, n_1c + n_0f);
}

std::string text_of_ratio(double value) {
    return std::isnan(value) ? "-" : fmt::format("{:.4g}", value);
}

std::string text_of_ratios(const std::array<double, ratios.size()>& values) {
    std::string text;
    for (std::size_t i = 0; i < ratios.size(); ++i) {
        text +=
            fmt::format("{}{} {}", i > 0 ? ", " : "", ratios[i].heading, text_of_ratio(values[i]));
    }
    return text;
}

std::string text_of_ratios(const Confusion& confusion) {
    std::array<double, ratios.size()> values{};
    std::ranges::transform(ratios, values.begin(),
                           [&](const Ratio& one) { return (confusion.*one.value)(); });
    return text_of_ratios(values);
}

double reliability_from(double a_s, double w_s) {
    // Without a found tile both ratios are 0, whatever the number of false ones.
    return a_s > 0 ? 1 / (1 + 1 / a_s - 1 / w_s) : std::numeric_limits<double>::quiet_NaN();
}

Confusion count_outcomes(std::span<const float> scores,
                         std::span<const std::uint8_t> labels,
                         double threshold) {
    FAINTWEB_EXPECTS(scores.size() == labels.size());
    Confusion confusion;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        confusion.add(labels[i] == 1, static_cast<double>(scores[i]) > threshold);
    }
    return confusion;
}

BestThreshold best_threshold(std::span<const float> scores, std::span<const std::uint8_t> labels) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    BestThreshold best{0.5, count_outcomes(scores, labels, 0.5)};
    if (best.confusion.n_signal() == 0) {
        return best;
    }
    double best_a_s = -1;
    Confusion confusion = count_outcomes(scores, labels, 1);  // nothing is detected
    for (std::size_t i = 0; i < order.size(); ++i) {
        const bool is_signal = labels[order[i]] == 1;
        --(is_signal ? confusion.n_1f : confusion.n_0c);
        confusion.add(is_signal, true);
        const auto score = static_cast<double>(scores[order[i]]);
        const double next = i + 1 < order.size() ? static_cast<double>(scores[order[i + 1]]) : 0.0;
        if (next < score && confusion.a_s() > best_a_s) {
            best_a_s = confusion.a_s();
            best = {(score + next) / 2, confusion};
        }
    }
    return best;
}

ErrorSplit& ErrorSplit::operator+=(const ErrorSplit& other) {
    n_0f_faint += other.n_0f_faint;
    n_0f_beside += other.n_0f_beside;
    n_1f_beside += other.n_1f_beside;
    return *this;
}

FieldScore& FieldScore::operator+=(const FieldScore& other) {
    confusion += other.confusion;
    split += other.split;
    return *this;
}

FieldScore sum_of(std::span<const FieldScore> fields) {
    FieldScore sum;
    for (const FieldScore& field : fields) {
        sum += field;
    }
    return sum;
}

Counts counts_of(const FieldScore& score) {
    return {score.confusion.n_1c,   score.confusion.n_1f,   score.confusion.n_0f,
            score.confusion.n_0c,   score.split.n_0f_faint, score.split.n_0f_beside,
            score.split.n_1f_beside};
}

FieldScore field_score_of(std::span<const std::int64_t, n_counts> counts) {
    return {{counts[0], counts[1], counts[2], counts[3]}, {counts[4], counts[5], counts[6]}};
}

FieldScore score_field(std::span<const std::uint8_t> labels,
                       std::span<const std::uint8_t> found,
                       std::span<const std::int32_t> n_above,
                       std::span<const std::int32_t> n_blank,
                       const tile::TileGrid& grid) {
    const auto n = static_cast<std::size_t>(grid.count());
    FAINTWEB_EXPECTS(labels.size() == n && found.size() == n);
    FAINTWEB_EXPECTS(n_above.size() == n && n_blank.size() == n);
    std::vector<std::uint8_t> is_signal(n);
    for (std::size_t t = 0; t < n; ++t) {
        is_signal[t] = labels[t] != 0 && !tile::is_blank_tile(n_blank[t], grid.tile_px);
    }
    FieldScore score;
    for (std::size_t t = 0; t < n; ++t) {
        if (tile::is_blank_tile(n_blank[t], grid.tile_px)) {
            continue;
        }
        score.confusion.add(is_signal[t] != 0, found[t] != 0);
        if (is_signal[t] == found[t]) {
            continue;
        }
        const bool is_beside = touches(is_signal, tile::TileId(t), grid);
        if (is_signal[t] != 0) {
            score.split.n_1f_beside += is_beside;
        } else if (n_above[t] > 0) {
            ++score.split.n_0f_faint;
        } else {
            score.split.n_0f_beside += is_beside;
        }
    }
    return score;
}

}  // namespace faintweb::score
