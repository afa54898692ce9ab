// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/score/history.h"

#include <cmath>

#include <gtest/gtest.h>

namespace faintweb::score {
namespace {

/// Epochs with these A_s at 0.5; below 0: not validated.
std::vector<EpochRecord> epochs_of(const std::vector<double>& a_s) {
    std::vector<EpochRecord> history;
    for (const double value : a_s) {
        EpochRecord& record = history.emplace_back();
        record.epoch = static_cast<int>(history.size());
        if (!(value < 0)) {
            record.validation = Validation{.a_s = value, .best_a_s = 1 - value};
        }
    }
    return history;
}

TEST(BestEpoch, IsTheFirstWithTheHighestScore) {
    EXPECT_EQ(best_epoch({}, false), 0);
    EXPECT_EQ(best_epoch(epochs_of({-1, -1}), false), 0);
    EXPECT_EQ(best_epoch(epochs_of({-1, 0.2, std::nan(""), 0.7, 0.7, 0.1}), false), 4);
    EXPECT_EQ(best_epoch(epochs_of({std::nan("")}), false), 0);
    // The threshold that the model will have decides.
    EXPECT_EQ(best_epoch(epochs_of({0.5, 0.2, 0.7}), true), 2);
}

TEST(Patience, EndsAfterSoManyEpochsWithoutABetterOne) {
    const auto is_over = [](const std::vector<double>& a_s, int patience) {
        return is_out_of_patience(epochs_of(a_s), false, patience);
    };
    EXPECT_FALSE(is_over({0.5, 0.1, 0.1, 0.1, 0.1}, 0));
    EXPECT_FALSE(is_over({0.5, 0.1, 0.1}, 3));
    EXPECT_TRUE(is_over({0.5, 0.1, 0.1, 0.1}, 3));
    EXPECT_FALSE(is_over({0.5, 0.1, 0.1, 0.6}, 3));
    EXPECT_FALSE(is_over({-1, -1, -1, -1, -1}, 3));
    EXPECT_FALSE(is_over({}, 3));
}

TEST(History, IsATable) {
    std::vector<EpochRecord> history{{1, 10, 1e-4, 0.5, 0.75, std::nullopt},
                                     {2, 20, 2e-4, 0.25, 0.875, std::nullopt}};
    history[1].validation = Validation{0.5, 0.75, 0.99, 0.625, 0.9};
    EXPECT_EQ(history_csv(history),
              "epoch,steps,learning_rate,loss,accuracy,A_s,W_s,W_v,best_A_s,best_threshold\n"
              "1,10,0.0001,0.5,0.75,,,,,\n"
              "2,20,0.0002,0.25,0.875,0.5,0.75,0.99,0.625,0.9\n");
}

TEST(History, OfTimesIsATable) {
    EXPECT_EQ(timing_csv({{3, 2.5, 400, 0.25, 0.5, 0.125}}),
              "epoch,train_s,tiles_per_s,exchange_s,reduce_s,validate_s\n"
              "3,2.5,400,0.25,0.5,0.125\n");
}

TEST(Validate, CountsAtHalfAndAtTheBestThreshold) {
    const std::vector<float> scores{0.9F, 0.8F, 0.6F, 0.1F};
    const std::vector<std::uint8_t> labels{1, 1, 0, 0};
    const Validation validation = validate(scores, labels);
    EXPECT_DOUBLE_EQ(validation.a_s, 2.0 / 3);
    EXPECT_EQ(validation.w_s, 1);
    EXPECT_EQ(validation.w_v, 0.5);
    EXPECT_EQ(validation.best_a_s, 1);
    EXPECT_NEAR(validation.best_threshold, 0.7, 1e-6);
}

}  // namespace
}  // namespace faintweb::score
