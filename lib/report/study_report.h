// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/report/colour_map.h"
#include "lib/score/study.h"

/// The tables and figures of a study.
namespace faintweb::report {

/// What the best threshold finder reaches under a label rule.
struct FinderResult {
    label::LabelRule label;
    std::string settings;                   ///< "smoothing 20 arcsec, k 3"
    std::vector<score::FieldScore> fields;  ///< empty: none could be tuned, shown as "-"
};

/// Table 2 of the paper beside ours, as Markdown that also reads as plain text.
///
/// For each label rule A_s, W_s, W_v and reliability of the paper, of each set-up (mean +- standard
/// deviation over seeds) and of the best threshold finder; then how far the reference set-up's A_s
/// lies above each other's, field by field (learn::paired_difference); then how many signal tiles a
/// field has here and there, and the set-ups' errors that the labels may be to blame for.
///
/// @param rows       of one study, failed ones included.
/// @param finders    of the same test fields; may be empty.
/// @param reference  a variant's name; empty or of no row: no differences.
std::string study_table(std::span<const score::StudyRow> rows,
                        std::span<const FinderResult> finders,
                        const std::string& reference);

/// Colour of a learning rate, in logarithmic scale from 1e-6 (violet) over blue (5e-5) and green
/// (1e-4) to yellow (5e-4) and red (1e-3).
///
/// @source Gheller et al. 2018, text of Figures 5 and 6: yellow and red points have the highest
///         rates, those of 5e-5 to 1e-4 are green and blue.
Colour rate_colour(double learning_rate);

/// Figure 5 of the paper: A_s (upper panel), W_s and W_v (lower panel) against the TestID, coloured
/// by learning rate. Rows without a TestID or without a model are left out.
void draw_test_ids(const std::string& path, std::span<const score::StudyRow> rows);

/// How a training went.
struct LearningCurve {
    double learning_rate = 0;
    int batch_size = 0;
    std::vector<double> steps;     ///< of the optimiser, at the end of each epoch
    std::vector<double> accuracy;  ///< part of the epoch's tiles that were right
};

/// Figure 6 of the paper: the part of tiles that were right against the epoch, and below against
/// the steps of the optimiser, in which trainings on sets of different size compare. Coloured by
/// learning rate; the marker tells the batch size.
void draw_learning_curves(const std::string& path, std::span<const LearningCurve> curves);

}  // namespace faintweb::report
