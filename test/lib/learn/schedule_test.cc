// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/schedule.h"

#include <gtest/gtest.h>

namespace faintweb::learn {
namespace {

TEST(LearningRate, IsConstantByDefault) {
    const TrainSettings settings{.epochs = 3, .learning_rate = 7e-5};
    for (const std::int64_t step : {0, 1, 29}) {
        EXPECT_EQ(learning_rate_of(settings, step, 10), 7e-5);
    }
}

TEST(LearningRate, IsScaledWithTheBatch) {
    TrainSettings settings{.batch_size = 800, .learning_rate = 1e-4};
    settings.reference_batch = 100;
    EXPECT_DOUBLE_EQ(learning_rate_of(settings, 5, 10), 8e-4);
    settings.batch_size = 50;
    EXPECT_DOUBLE_EQ(learning_rate_of(settings, 5, 10), 5e-5);
}

TEST(LearningRate, RisesOverTheWarmUp) {
    TrainSettings settings{.epochs = 10, .batch_size = 800, .learning_rate = 1e-4};
    settings.warmup_epochs = 2;
    EXPECT_DOUBLE_EQ(learning_rate_of(settings, 0, 10), 1e-4 / 20);
    EXPECT_DOUBLE_EQ(learning_rate_of(settings, 9, 10), 5e-5);
    EXPECT_DOUBLE_EQ(learning_rate_of(settings, 19, 10), 1e-4);
    EXPECT_DOUBLE_EQ(learning_rate_of(settings, 20, 10), 1e-4);
    settings.reference_batch = 100;  // from the rate of the reference
    EXPECT_DOUBLE_EQ(learning_rate_of(settings, 0, 10), 1e-4 + 7e-4 / 20);
    EXPECT_DOUBLE_EQ(learning_rate_of(settings, 19, 10), 8e-4);
    settings.epochs = 1;  // ends before the warm-up does
    EXPECT_DOUBLE_EQ(learning_rate_of(settings, 9, 10), 1e-4 + 3.5e-4);
}

TEST(LearningRate, FallsToTheFinalRate) {
    TrainSettings settings{.epochs = 4, .learning_rate = 1e-3};
    settings.final_rate = 0.1;
    EXPECT_DOUBLE_EQ(learning_rate_of(settings, 39, 10), 1e-4);
    EXPECT_DOUBLE_EQ(learning_rate_of(settings, 19, 10), 5.5e-4);  // half-way
    EXPECT_GT(learning_rate_of(settings, 0, 10), 0.99e-3);
    settings.warmup_epochs = 2;
    EXPECT_DOUBLE_EQ(learning_rate_of(settings, 19, 10), 1e-3);
    EXPECT_DOUBLE_EQ(learning_rate_of(settings, 29, 10), 5.5e-4);
    EXPECT_DOUBLE_EQ(learning_rate_of(settings, 39, 10), 1e-4);
}

}  // namespace
}  // namespace faintweb::learn
