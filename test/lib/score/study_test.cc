// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/score/study.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::score {
namespace {

TEST(study, test_ids_grow_with_the_batch_size_then_the_epochs_then_the_rate) {
    EXPECT_EQ(paper_test_id(1e-6, 15, 10), 1);
    EXPECT_EQ(paper_test_id(5e-6, 15, 10), 2);
    EXPECT_EQ(paper_test_id(1e-3, 15, 10), 9);
    EXPECT_EQ(paper_test_id(1e-6, 15, 20), 10);
    EXPECT_EQ(paper_test_id(1e-6, 30, 10), 37);
    EXPECT_EQ(paper_test_id(1e-3, 100, 100), 180);
    EXPECT_EQ(paper_test_id(2e-6, 15, 10), 0);
    EXPECT_EQ(paper_test_id(1e-6, 16, 10), 0);
    EXPECT_EQ(paper_test_id(1e-6, 15, 11), 0);
    std::set<int> ids;
    for (const double rate : {1e-6, 5e-6, 1e-5, 3e-5, 5e-5, 7e-5, 1e-4, 5e-4, 1e-3}) {
        for (const int size : {15, 30, 50, 64, 100}) {
            for (const int epochs : {10, 20, 50, 100}) {
                ids.insert(paper_test_id(rate, size, epochs));
            }
        }
    }
    EXPECT_EQ(ids.size(), 180);
    EXPECT_EQ(*ids.begin(), 1);
}

TEST(study, the_papers_rows_imply_its_numbers_of_signal_tiles) {
    // The numbers that docs/paper.md and config/paper-skies.yaml derive from Table 2.
    const double wanted_40[] = {77.5, 87.2, 109.6, 231};
    const double wanted_9[] = {99.8, 117, 143, 297};
    const double thresholds[] = {1e-7, 0.75e-7, 0.5e-7, 0.1e-7};
    for (int i = 0; i < 4; ++i) {
        const auto row_40 = paper_score({40, thresholds[i]});
        const auto row_9 = paper_score({9, thresholds[i]});
        ASSERT_TRUE(row_40 && row_9);
        EXPECT_NEAR(signal_tiles_of(*row_40), wanted_40[i], 0.02 * wanted_40[i]);
        EXPECT_NEAR(signal_tiles_of(*row_9), wanted_9[i], 0.02 * wanted_9[i]);
    }
    EXPECT_FALSE(paper_score({40, 2e-7}));
    EXPECT_FALSE(paper_score({20, 1e-7}));
}

TEST(study, the_deviation_is_that_of_a_sample) {
    const Measured of_three = mean_and_deviation(std::vector{1.0, 2.0, 6.0});
    EXPECT_DOUBLE_EQ(of_three.mean, 3);
    EXPECT_DOUBLE_EQ(of_three.deviation, std::sqrt((4.0 + 1.0 + 9.0) / 2));
    EXPECT_TRUE(std::isnan(mean_and_deviation(std::vector{4.0}).deviation));
}

TEST(study, a_row_adds_its_fields_and_seeds_are_averaged_field_by_field) {
    StudyRow row;
    row.fields = {{{1, 2, 3, 4}, {1, 1, 1}}, {{10, 20, 30, 40}, {2, 3, 4}}};
    EXPECT_EQ(row.total(), (FieldScore{{11, 22, 33, 44}, {3, 4, 5}}));
    const std::vector<std::vector<FieldScore>> models{row.fields, {{{3, 0, 1, 0}, {}}, {}}};
    const auto means = mean_scores(models);
    ASSERT_EQ(means.size(), 2);
    EXPECT_DOUBLE_EQ(means[0].n_1c, 2);
    EXPECT_DOUBLE_EQ(means[0].n_signal, 3);
    EXPECT_DOUBLE_EQ(means[0].n_0f, 2);
    EXPECT_DOUBLE_EQ(means[1].n_1c, 5);
}

TEST(study, a_difference_is_zero_without_error_for_equals_and_changes_sign_with_the_order) {
    const std::vector<MeanScore> a{{8, 10, 1}, {3, 5, 2}, {6, 6, 0}};
    const std::vector<MeanScore> b{{7, 10, 3}, {3, 5, 1}, {5, 6, 0}};
    EXPECT_EQ(paired_difference(a, a).mean, 0);
    EXPECT_EQ(paired_difference(a, a).deviation, 0);
    const Measured forth = paired_difference(a, b);
    const Measured back = paired_difference(b, a);
    EXPECT_DOUBLE_EQ(forth.mean, 17.0 / 24 - 15.0 / 25);
    EXPECT_DOUBLE_EQ(back.mean, -forth.mean);
    EXPECT_DOUBLE_EQ(back.deviation, forth.deviation);
}

TEST(study, the_error_of_a_difference_is_the_scatter_of_its_repetitions) {
    // Many studies of 30 fields, whose difficulty both share and whose detections differ.
    constexpr int n_studies = 400;
    constexpr int n_fields = 30;
    base::RandomStream random(5, base::Purpose::test);
    const auto detected = [&](double n, double part) {
        double sum = 0;
        for (int i = 0; i < static_cast<int>(n); ++i) {
            sum += random.uniform_double() < part ? 1 : 0;
        }
        return sum;
    };
    std::vector<double> differences;
    double squared_errors = 0;
    for (int study = 0; study < n_studies; ++study) {
        std::vector<MeanScore> a;
        std::vector<MeanScore> b;
        for (int field = 0; field < n_fields; ++field) {
            const double n = 40 + std::floor(60 * random.uniform_double());
            const double ease = 0.2 * random.uniform_double();
            a.push_back({detected(n, 0.75 + ease), n, static_cast<double>(random.poisson(4))});
            b.push_back({detected(n, 0.70 + ease), n, static_cast<double>(random.poisson(6))});
        }
        const Measured difference = paired_difference(a, b);
        differences.push_back(difference.mean);
        squared_errors += difference.deviation * difference.deviation;
    }
    const double scatter = mean_and_deviation(differences).deviation;
    EXPECT_NEAR(std::sqrt(squared_errors / n_studies) / scatter, 1, 0.12);
}

}  // namespace
}  // namespace faintweb::score
