// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "lib/label/rule.h"
#include "lib/score/metrics.h"

/// What a study of many trainings gives, and what may be said of it.
namespace faintweb::score {

/// One training, looked at after some epochs.
struct StudyRow {
    std::string run;      ///< name of the training
    std::string set_up;   ///< what it shares with the runs of other seeds and label rules
    std::string variant;  ///< name of the variant; empty without any
    int test_id = 0;      ///< the paper's number of its rate, batch size and epochs; 0: not there
    label::LabelRule label;
    std::string network;
    std::string scaling;
    double learning_rate = 0;
    int batch_size = 0;
    int epochs = 0;
    std::uint64_t seed = 0;
    std::int64_t n_parameters = 0;
    double mflop_per_tile = 0;
    std::int64_t n_steps = 0;  ///< of the optimiser, up to this epoch
    double training_s = 0;     ///< of its epochs with validation, over all stops; no reading.
                               ///< That of the whole training in each of its label rules' rows
    std::string failure;       ///< why there is no model; empty: there is one
    std::vector<FieldScore> fields;  ///< of each test field; empty after a failure

    FieldScore total() const;
};

using StudyValue = std::variant<std::string, std::int64_t, std::uint64_t, double>;

/// A column of the table of a study, whose values all have one type.
struct StudyColumn {
    std::string name;
    std::function<StudyValue(const StudyRow& row)> value;
};

/// The columns, each declared once: what a study's files hold is made from them. The fields of a
/// row are there as their total.
std::vector<StudyColumn> study_columns();

/// The paper's number of a set-up, 1 to 180; 0 for one that is not on its grid.
///
/// @source Gheller et al. 2018, Figure 5: it grows with the batch size, then the epochs, then the
///         rate (docs/paper.md, "Study").
int paper_test_id(double learning_rate, int batch_size, int epochs);

/// A mean with its scatter or its error.
struct Measured {
    double mean = 0;
    double deviation = 0;  ///< standard deviation of a row's value, or error of a difference
};

/// What the paper reached under a label rule.
struct PaperScore {
    label::LabelRule label;
    Measured a_s;
    Measured w_s;
    Measured w_v;
};
/// @return  none for a rule that the paper has not.
/// @source Gheller et al. 2018, Table 2.
std::optional<PaperScore> paper_score(const label::LabelRule& label);
/// Signal tiles per field of 2500 that follow from PaperScore: with "1 to 2 missed" of a rate of
/// 1 - W_s and the false ones of 1 - W_v, A_s leaves one number of signal tiles.
///
/// @source ours: A_s = W_s N_s / (N_s + (1 - W_v) (2500 - N_s)), solved for N_s.
double signal_tiles_of(const PaperScore& score);

/// Mean and standard deviation of a sample (n - 1); no deviation (NaN) of fewer than two.
Measured mean_and_deviation(std::span<const double> values);

/// A ratio of each model's outcomes over all fields, for instance &Confusion::a_s.
///
/// @param models  [n_models][n_fields].
Measured over_models(std::span<const std::vector<FieldScore>> models,
                     double (Confusion::*ratio)() const);

/// What the difference of two A_s follows from: counts of one field, mean over seeds.
struct MeanScore {
    double n_1c = 0;
    double n_signal = 0;
    double n_0f = 0;
};

/// @param models  [n_models][n_fields], of the same fields; at least one model.
/// @return        [n_fields].
std::vector<MeanScore> mean_scores(std::span<const std::vector<FieldScore>> models);

/// A_s of one set-up minus that of another on the same fields, with its standard error.
///
/// A_s is a ratio of sums, so the fields' own differences cannot be averaged: the error is the
/// delete-one jackknife over fields of the difference of the two ratios, which keeps the pairs. It
/// takes fields as independent; those of one map are nearly so, their large structures are not.
///
/// @param ours, others  [n_fields], as mean_scores() gives them; at least two fields.
/// @source Efron & Tibshirani 1993, "An Introduction to the Bootstrap", equation 11.5.
Measured paired_difference(std::span<const MeanScore> ours, std::span<const MeanScore> others);

}  // namespace faintweb::score
