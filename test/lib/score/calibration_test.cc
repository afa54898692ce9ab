// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/score/calibration.h"

#include <cmath>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::score {
namespace {

/// Tiles whose label is drawn with the probability that `truth` gives their logit.
struct Drawn {
    std::vector<float> logits;
    std::vector<std::uint8_t> labels;

    Drawn(std::size_t n, const Calibration& truth, std::uint64_t seed) {
        base::RandomStream stream(seed, base::Purpose::test);
        for (std::size_t i = 0; i < n; ++i) {
            logits.push_back(static_cast<float>(4 * stream.normal()));
            const double probability = probability_of(truth, static_cast<double>(logits.back()));
            labels.push_back(stream.uniform_double() < probability ? 1 : 0);
        }
    }
};

TEST(ProbabilityOfScore, IsThatOfTheLogit) {
    const Calibration calibration{0.6, -2};
    for (const float logit : {-80.0F, -9.0F, -0.5F, 0.0F, 0.5F, 6.0F}) {
        const auto exact = static_cast<double>(logit);
        const auto score = static_cast<float>(1 / (1 + std::exp(-exact)));
        const double expected = probability_of(calibration, exact);
        // What a score of 0.998 has lost of its logit is 2e-5.
        EXPECT_NEAR(probability_of_score(calibration, score), expected, 1e-5 * expected) << logit;
    }
    const double highest = probability_of_score(calibration, 1.0F);
    EXPECT_GT(highest, 0.999);
    EXPECT_LT(highest, 1);
    EXPECT_GE(probability_of_score(calibration, 0.0F), 0);
    EXPECT_LT(probability_of_score(calibration, 0.0F), 1e-20);
}

TEST(FitCalibration, FindsWhatLabelsWereDrawnWith) {
    const Calibration truth{0.5, -3.5};
    const Drawn tiles(40'000, truth, 1);
    const Calibration fit = fit_calibration(tiles.logits, tiles.labels);
    // Standard errors of this many tiles are 0.01 and 0.05.
    EXPECT_NEAR(fit.scale, 0.5, 0.03);
    EXPECT_NEAR(fit.offset, -3.5, 0.15);
}

/// The slow reference: no point of a fine grid around the fit is likelier.
TEST(FitCalibration, NothingNearIsLikelier) {
    const Drawn tiles(300, {0.7, -1}, 2);
    double n_signal = 0;
    for (const std::uint8_t label : tiles.labels) {
        n_signal += label;
    }
    const double n_noise = 300 - n_signal;
    const auto loss = [&](double scale, double offset) {
        double sum = 0;
        for (std::size_t i = 0; i < tiles.logits.size(); ++i) {
            const double target =
                tiles.labels[i] == 1 ? (n_signal + 1) / (n_signal + 2) : 1 / (n_noise + 2);
            const double p = probability_of({scale, offset}, static_cast<double>(tiles.logits[i]));
            sum -= target * std::log(p) + (1 - target) * std::log(1 - p);
        }
        return sum;
    };
    const Calibration fit = fit_calibration(tiles.logits, tiles.labels);
    const double least = loss(fit.scale, fit.offset);
    for (int i = -20; i <= 20; ++i) {
        for (int j = -20; j <= 20; ++j) {
            EXPECT_GE(loss(fit.scale + 0.01 * i, fit.offset + 0.01 * j), least - 1e-9);
        }
    }
}

TEST(FitCalibration, EndsWhereLogitsTellAllApart) {
    const std::vector<float> logits{-60, -50, 40, 70};
    const std::vector<std::uint8_t> labels{0, 0, 1, 1};
    const Calibration fit = fit_calibration(logits, labels);
    EXPECT_GT(fit.scale, 0);
    EXPECT_GT(probability_of(fit, 40), 0.6);
    EXPECT_LT(probability_of(fit, -50), 0.4);
    EXPECT_TRUE(std::isfinite(fit.offset));
}

TEST(FitCalibration, NeedsBothSignalAndNoise) {
    const std::vector<float> logits{1, 2};
    EXPECT_EQ(fit_calibration(logits, std::vector<std::uint8_t>{1, 1}), Calibration{});
    EXPECT_EQ(fit_calibration(logits, std::vector<std::uint8_t>{0, 0}), Calibration{});
    EXPECT_EQ(fit_calibration({}, {}), Calibration{});
    // Logits that say nothing: the prevalence.
    const Calibration fit = fit_calibration(std::vector<float>(100, 3), [] {
        std::vector<std::uint8_t> labels(100, 0);
        labels[0] = 1;
        return labels;
    }());
    EXPECT_NEAR(probability_of(fit, 3), 0.02, 0.01);
}

TEST(Reliability, OfRightProbabilitiesIsOnTheDiagonal) {
    const Calibration truth{0.5, -2};
    const Drawn tiles(20'000, truth, 3);
    std::vector<double> right;
    std::vector<double> wrong;
    for (const float logit : tiles.logits) {
        right.push_back(probability_of(truth, static_cast<double>(logit)));
        wrong.push_back(probability_of({0.5, 0}, static_cast<double>(logit)));
    }
    const Reliability good = measure_reliability(right, tiles.labels);
    ASSERT_EQ(good.bins.size(), 10U);
    EXPECT_LT(good.expected_error, 0.02);
    for (const ReliabilityBin& bin : good.bins) {
        EXPECT_LT(std::fabs(bin.signal_part - bin.probability), 3.5 * bin.sigma);
        EXPECT_LT(std::fabs(static_cast<double>(bin.n - good.bins[0].n)), 1.5);
    }
    EXPECT_GT(measure_reliability(wrong, tiles.labels).expected_error, 0.15);
}

TEST(Reliability, CountsByHand) {
    const std::vector<double> probabilities{0.9, 0.005, 0.2, 0.4, 0.7};
    const std::vector<std::uint8_t> labels{1, 1, 0, 1, 0};
    const Reliability result = measure_reliability(probabilities, labels, 0.01, 2);
    ASSERT_EQ(result.bins.size(), 2U);
    EXPECT_EQ(result.n_tiles, 4);
    EXPECT_DOUBLE_EQ(result.bins[0].probability, 0.3);
    EXPECT_DOUBLE_EQ(result.bins[0].signal_part, 0.5);
    EXPECT_DOUBLE_EQ(result.bins[0].sigma, std::sqrt(0.16 + 0.24) / 2);
    EXPECT_DOUBLE_EQ(result.bins[1].probability, 0.8);
    EXPECT_DOUBLE_EQ(result.bins[1].signal_part, 0.5);
    EXPECT_DOUBLE_EQ(result.expected_error, (0.2 + 0.3) / 2);
    EXPECT_EQ(reliability_csv(measure_reliability(probabilities, labels, 0.8)),
              "n_tiles,probability,signal_part,sigma\n1,0.9,1,0.3\n");
    EXPECT_TRUE(measure_reliability({}, {}).bins.empty());
}

}  // namespace
}  // namespace faintweb::score
