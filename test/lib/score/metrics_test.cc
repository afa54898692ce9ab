// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/score/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::score {
namespace {

/// Counts over the paper's 8 test fields of 2500 tiles that docs/paper.md derives from its
/// Table 2 give that table's metrics back.
TEST(Metrics, GiveThePapersTable) {
    const Confusion n_pix_40{.n_1c = 609, .n_1f = 11, .n_0f = 50, .n_0c = 19330};
    EXPECT_EQ(n_pix_40.n_signal() + n_pix_40.n_noise(), 8 * 2500);
    EXPECT_NEAR(n_pix_40.a_s(), 0.9088, 0.001);
    EXPECT_NEAR(n_pix_40.w_s(), 0.9827, 0.001);
    EXPECT_NEAR(n_pix_40.w_v(), 0.9974, 0.0001);
    const Confusion n_pix_9{.n_1c = 775, .n_1f = 23, .n_0f = 83, .n_0c = 19119};
    EXPECT_NEAR(n_pix_9.a_s(), 0.8800, 0.001);
    EXPECT_NEAR(n_pix_9.w_s(), 0.9710, 0.001);
    EXPECT_NEAR(n_pix_9.w_v(), 0.9957, 0.0001);
    EXPECT_DOUBLE_EQ(n_pix_40.reliability(), 609.0 / 659);
    EXPECT_DOUBLE_EQ(reliability_from(n_pix_40.a_s(), n_pix_40.w_s()), 609.0 / 659);
    EXPECT_EQ(text_of_ratios(n_pix_40),
              "A_s 0.909, W_s (completeness) 0.9823, W_v 0.9974, reliability 0.9241");
}

TEST(Metrics, CountEachOutcome) {
    Confusion confusion;
    confusion.add(true, true);
    confusion.add(true, false);
    confusion.add(true, false);
    confusion.add(false, true);
    confusion.add(false, false);
    EXPECT_EQ(confusion, (Confusion{.n_1c = 1, .n_1f = 2, .n_0f = 1, .n_0c = 1}));
    confusion += Confusion{.n_1c = 10, .n_1f = 20, .n_0f = 30, .n_0c = 40};
    EXPECT_EQ(confusion, (Confusion{.n_1c = 11, .n_1f = 22, .n_0f = 31, .n_0c = 41}));
}

TEST(Metrics, AreNanWhereNothingWasTested) {
    EXPECT_TRUE(std::isnan(Confusion{}.a_s()));
    const Confusion no_signal{.n_1c = 0, .n_1f = 0, .n_0f = 3, .n_0c = 7};
    EXPECT_TRUE(std::isnan(no_signal.w_s()));
    EXPECT_EQ(no_signal.a_s(), 0);
    EXPECT_EQ(no_signal.w_v(), 0.7);
    EXPECT_TRUE(std::isnan((Confusion{.n_1c = 1, .n_1f = 0, .n_0f = 0, .n_0c = 0}.w_v())));
    EXPECT_EQ(no_signal.reliability(), 0);
    const Confusion no_detection{.n_1c = 0, .n_1f = 2, .n_0f = 0, .n_0c = 7};
    EXPECT_TRUE(std::isnan(no_detection.reliability()));
    EXPECT_TRUE(std::isnan(reliability_from(no_detection.a_s(), no_detection.w_s())));
    EXPECT_TRUE(std::isnan(reliability_from(no_signal.a_s(), no_signal.w_s())));
    EXPECT_EQ(text_of_ratios(no_detection), "A_s 0, W_s (completeness) 0, W_v 1, reliability -");
}

TEST(CountOutcomes, DetectsAboveTheThreshold) {
    const std::vector<float> scores{0.5F, 0.75F, 0.25F, 0.9F};
    const std::vector<std::uint8_t> labels{1, 1, 0, 0};
    EXPECT_EQ(count_outcomes(scores, labels, 0.5),
              (Confusion{.n_1c = 1, .n_1f = 1, .n_0f = 1, .n_0c = 1}));
    EXPECT_EQ(count_outcomes(scores, labels, 0.2).n_0f, 2);
}

/// The slow reference tries a threshold between every two scores; ties and scores of 0 and 1 are
/// among them.
TEST(BestThreshold, IsTheBestOfAll) {
    for (std::uint64_t key = 0; key < 50; ++key) {
        base::RandomStream stream(3, base::Purpose::test, key);
        std::vector<float> scores;
        std::vector<std::uint8_t> labels;
        for (int i = 0; i < 40; ++i) {
            labels.push_back(stream.below(4) == 0 ? 1 : 0);
            scores.push_back(static_cast<float>(stream.below(8) + 3 * labels.back()) / 10);
        }
        labels[0] = 1;
        double best = 0;
        for (double threshold = 0.05; threshold < 1; threshold += 0.1) {
            best = std::max(best, count_outcomes(scores, labels, threshold).a_s());
        }
        best = std::max(best, count_outcomes(scores, labels, -1).a_s());
        const BestThreshold found = best_threshold(scores, labels);
        EXPECT_DOUBLE_EQ(found.confusion.a_s(), best);
        if (found.threshold > 0) {
            EXPECT_EQ(count_outcomes(scores, labels, found.threshold), found.confusion);
        }
    }
    EXPECT_EQ(best_threshold(std::vector<float>{1, 1}, std::vector<std::uint8_t>{1, 0}).threshold,
              0.5);
    EXPECT_EQ(
        best_threshold(std::vector<float>{0.3F, 1}, std::vector<std::uint8_t>{0, 0}).threshold,
        0.5);
    EXPECT_EQ(best_threshold({}, {}).threshold, 0.5);
}

/// Asks each pair of tiles whether it touches.
ErrorSplit slow_split(const std::vector<std::uint8_t>& labels,
                      const std::vector<std::uint8_t>& found,
                      const std::vector<std::int32_t>& n_above,
                      const std::vector<std::int32_t>& n_blank,
                      const tile::TileGrid& grid) {
    const auto is_blank = [&](std::int64_t t) {
        return tile::is_blank_tile(n_blank[static_cast<std::size_t>(t)], grid.tile_px);
    };
    ErrorSplit split;
    for (std::int64_t t = 0; t < grid.count(); ++t) {
        const auto i = static_cast<std::size_t>(t);
        bool is_beside = false;
        for (std::int64_t other = 0; other < grid.count(); ++other) {
            const auto d_row = std::abs(other / grid.n_cols() - t / grid.n_cols());
            const auto d_col = std::abs(other % grid.n_cols() - t % grid.n_cols());
            is_beside |= std::max(d_row, d_col) == 1 && !is_blank(other) &&
                         labels[static_cast<std::size_t>(other)] == 1;
        }
        if (is_blank(t)) {
            continue;
        }
        split.n_1f_beside += labels[i] == 1 && found[i] == 0 && is_beside;
        split.n_0f_faint += labels[i] == 0 && found[i] == 1 && n_above[i] > 0;
        split.n_0f_beside += labels[i] == 0 && found[i] == 1 && n_above[i] == 0 && is_beside;
    }
    return split;
}

TEST(Metrics, TellErrorsOfLabelsFromErrorsOfTheNetwork) {
    const tile::TileGrid grid{.field_rows = 120, .field_cols = 160, .tile_px = 40};
    // S signal, . noise; in brackets what was found, with pixels above the threshold.
    //   S(found)  .(found, 5)  .(found)  .(found)
    //   .         S(missed)    .         .
    //   S(missed) .            .         .(found, 1)
    const std::vector<std::uint8_t> labels{1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0};
    const std::vector<std::uint8_t> found{1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1};
    const std::vector<std::int32_t> n_above{50, 5, 0, 0, 0, 60, 0, 0, 41, 0, 0, 1};
    std::vector<std::int32_t> n_blank(12, 0);
    FieldScore score = score_field(labels, found, n_above, n_blank, grid);
    EXPECT_EQ(score.confusion, (Confusion{.n_1c = 1, .n_1f = 2, .n_0f = 4, .n_0c = 5}));
    EXPECT_EQ(score.split, (ErrorSplit{.n_0f_faint = 2, .n_0f_beside = 1, .n_1f_beside = 2}));
    // A blank tile is no neighbour: without the middle one, nothing touches.
    n_blank[5] = 1000;
    score = score_field(labels, found, n_above, n_blank, grid);
    EXPECT_EQ(score.confusion, (Confusion{.n_1c = 1, .n_1f = 1, .n_0f = 4, .n_0c = 5}));
    EXPECT_EQ(score.split, (ErrorSplit{.n_0f_faint = 2, .n_0f_beside = 0, .n_1f_beside = 0}));
}

TEST(Metrics, CountsHoldAScoreAndItsSum) {
    const FieldScore score{{1, 2, 3, 4}, {5, 6, 7}};
    EXPECT_EQ(counts_of(score), (Counts{1, 2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(field_score_of(counts_of(score)), score);
    const std::vector<FieldScore> fields(3, score);
    EXPECT_EQ(counts_of(sum_of(fields)), (Counts{3, 6, 9, 12, 15, 18, 21}));
}

TEST(Metrics, SplitErrorsAsTheSlowReferenceDoes) {
    base::RandomStream random(3, base::Purpose::test);
    for (int trial = 0; trial < 50; ++trial) {
        const tile::TileGrid grid{.field_rows = 1 + static_cast<std::int64_t>(random.below(90)),
                                  .field_cols = 1 + static_cast<std::int64_t>(random.below(90)),
                                  .tile_px = 10};
        std::vector<std::uint8_t> labels;
        std::vector<std::uint8_t> found;
        std::vector<std::int32_t> n_above;
        std::vector<std::int32_t> n_blank;
        for (std::int64_t t = 0; t < grid.count(); ++t) {
            n_above.push_back(static_cast<std::int32_t>(random.below(4)));
            labels.push_back(n_above.back() > 2 ? 1 : 0);
            found.push_back(static_cast<std::uint8_t>(random.below(2)));
            n_blank.push_back(random.below(5) == 0 ? 51 : 50);
        }
        EXPECT_EQ(score_field(labels, found, n_above, n_blank, grid).split,
                  slow_split(labels, found, n_above, n_blank, grid))
            << "trial " << trial;
    }
}

}  // namespace
}  // namespace faintweb::score
