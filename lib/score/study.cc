// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/score/study.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "lib/base/contract.h"

namespace faintweb::score {
namespace {

constexpr std::array paper_rates{1e-6, 5e-6, 1e-5, 3e-5, 5e-5, 7e-5, 1e-4, 5e-4, 1e-3};
constexpr std::array paper_batch_sizes{15, 30, 50, 64, 100};
constexpr std::array paper_epochs{10, 20, 50, 100};

bool is_near(double a, double b) {
    return std::abs(a - b) <= 1e-6 * std::abs(b);
}

// Table 2: label rule, then A_s, W_s, W_v.
const std::array paper_scores{
    PaperScore{{40, 1e-7}, {0.9088, 0.0090}, {0.9827, 0.0003}, {0.9974, 0.0003}},
    PaperScore{{40, 0.75e-7}, {0.9232, 0.0046}, {0.9947, 0.0002}, {0.9972, 0.0002}},
    PaperScore{{40, 0.5e-7}, {0.9159, 0.0070}, {0.9958, 0.0005}, {0.9960, 0.0004}},
    PaperScore{{40, 0.1e-7}, {0.8934, 0.0072}, {0.9521, 0.0005}, {0.9933, 0.0005}},
    PaperScore{{9, 1e-7}, {0.8800, 0.0062}, {0.9710, 0.0062}, {0.9957, 0.0003}},
    PaperScore{{9, 0.75e-7}, {0.9175, 0.0051}, {0.9754, 0.0037}, {0.9969, 0.0001}},
    PaperScore{{9, 0.5e-7}, {0.9022, 0.0046}, {0.9797, 0.0044}, {0.9948, 0.0001}},
    PaperScore{{9, 0.1e-7}, {0.8181, 0.0035}, {0.8848, 0.0023}, {0.9890, 0.0011}}};

struct Sums {
    double n_1c = 0;
    double n_all = 0;

    void add(const MeanScore& score, double sign) {
        n_1c += sign * score.n_1c;
        n_all += sign * (score.n_signal + score.n_0f);
    }
    double a_s() const { return n_1c / n_all; }
};

Sums sum_of(std::span<const MeanScore> scores) {
    Sums sums;
    for (const MeanScore& score : scores) {
        sums.add(score, 1);
    }
    return sums;
}

}  // namespace

FieldScore StudyRow::total() const {
    return sum_of(std::span<const FieldScore>(fields));
}

std::vector<StudyColumn> study_columns() {
    using Row = const StudyRow&;
    const auto number = [](auto value) { return std::int64_t{value}; };
    std::vector<StudyColumn> columns{
        {"run", [](Row row) { return row.run; }},
        {"set_up", [](Row row) { return row.set_up; }},
        {"variant", [](Row row) { return row.variant; }},
        {"test_id", [=](Row row) { return number(row.test_id); }},
        {"min_pixels", [=](Row row) { return number(row.label.min_pixels); }},
        {"flux_threshold_jy_arcsec2", [](Row row) { return row.label.flux_threshold_jy_arcsec2; }},
        {"network", [](Row row) { return row.network; }},
        {"scaling", [](Row row) { return row.scaling; }},
        {"learning_rate", [](Row row) { return row.learning_rate; }},
        {"batch_size", [=](Row row) { return number(row.batch_size); }},
        {"epochs", [=](Row row) { return number(row.epochs); }},
        {"seed", [](Row row) { return row.seed; }},
        {"n_parameters", [](Row row) { return row.n_parameters; }},
        {"mflop_per_tile", [](Row row) { return row.mflop_per_tile; }},
        {"n_steps", [](Row row) { return row.n_steps; }},
    };
    for (std::size_t i = 0; i < n_counts; ++i) {
        columns.push_back({count_names[i], [i](Row row) { return counts_of(row.total())[i]; }});
    }
    for (const Ratio& ratio : ratios) {
        columns.push_back(
            {ratio.name, [&ratio](Row row) { return (row.total().confusion.*ratio.value)(); }});
    }
    columns.push_back({"failure", [](Row row) { return row.failure; }});
    columns.push_back({"training_s", [](Row row) { return row.training_s; }});
    return columns;
}

int paper_test_id(double learning_rate, int batch_size, int epochs) {
    const auto rate = std::ranges::find_if(
        paper_rates, [&](double of_paper) { return is_near(learning_rate, of_paper); });
    const auto size = std::ranges::find(paper_batch_sizes, batch_size);
    const auto length = std::ranges::find(paper_epochs, epochs);
    if (rate == paper_rates.end() || size == paper_batch_sizes.end() ||
        length == paper_epochs.end()) {
        return 0;
    }
    const auto n_rates = static_cast<int>(paper_rates.size());
    const auto n_lengths = static_cast<int>(paper_epochs.size());
    return 1 + static_cast<int>(rate - paper_rates.begin()) +
           n_rates * (static_cast<int>(length - paper_epochs.begin()) +
                      n_lengths * static_cast<int>(size - paper_batch_sizes.begin()));
}

std::optional<PaperScore> paper_score(const label::LabelRule& label) {
    const auto found = std::ranges::find_if(paper_scores, [&](const PaperScore& score) {
        return score.label.min_pixels == label.min_pixels &&
               is_near(label.flux_threshold_jy_arcsec2, score.label.flux_threshold_jy_arcsec2);
    });
    return found == paper_scores.end() ? std::nullopt : std::optional(*found);
}

double signal_tiles_of(const PaperScore& score) {
    const double false_rate = 1 - score.w_v.mean;
    return score.a_s.mean * false_rate * 2500 /
           (score.w_s.mean - score.a_s.mean * (1 - false_rate));
}

Measured mean_and_deviation(std::span<const double> values) {
    const auto n = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
    double squares = 0;
    for (const double value : values) {
        squares += (value - mean) * (value - mean);
    }
    return {mean, values.size() < 2 ? std::numeric_limits<double>::quiet_NaN()
                                    : std::sqrt(squares / (n - 1))};
}

Measured over_models(std::span<const std::vector<FieldScore>> models,
                     double (Confusion::*ratio)() const) {
    std::vector<double> values;
    for (const std::vector<FieldScore>& fields : models) {
        values.push_back((sum_of(std::span<const FieldScore>(fields)).confusion.*ratio)());
    }
    return mean_and_deviation(values);
}

std::vector<MeanScore> mean_scores(std::span<const std::vector<FieldScore>> models) {
    FAINTWEB_EXPECTS(!models.empty());
    std::vector<MeanScore> means(models.front().size());
    const double weight = 1.0 / static_cast<double>(models.size());
    for (const std::vector<FieldScore>& fields : models) {
        FAINTWEB_EXPECTS(fields.size() == means.size());
        for (std::size_t i = 0; i < fields.size(); ++i) {
            const Confusion& confusion = fields[i].confusion;
            means[i].n_1c += weight * static_cast<double>(confusion.n_1c);
            means[i].n_signal += weight * static_cast<double>(confusion.n_signal());
            means[i].n_0f += weight * static_cast<double>(confusion.n_0f);
        }
    }
    return means;
}

Measured paired_difference(std::span<const MeanScore> ours, std::span<const MeanScore> others) {
    FAINTWEB_EXPECTS(ours.size() == others.size() && ours.size() >= 2);
    const Sums all_ours = sum_of(ours);
    const Sums all_others = sum_of(others);
    std::vector<double> without;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        Sums a = all_ours;
        Sums b = all_others;
        a.add(ours[i], -1);
        b.add(others[i], -1);
        without.push_back(a.a_s() - b.a_s());
    }
    const auto n = static_cast<double>(ours.size());
    // (n - 1) / n times the sum of squares, where the sample's deviation has 1 / (n - 1).
    const double error = mean_and_deviation(without).deviation * (n - 1) / std::sqrt(n);
    return {all_ours.a_s() - all_others.a_s(), error};
}

}  // namespace faintweb::score
