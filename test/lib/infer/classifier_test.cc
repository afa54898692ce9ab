// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/classifier.h"

#include <cmath>

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/tile/pixel_scaling.h"
#include "test/lib/infer/model_with_biases.h"
#include "test/lib/infer/slow_network.h"

namespace faintweb::infer {
namespace {

std::vector<float> random_tiles(std::size_t n, int tile_px, std::uint64_t seed) {
    std::vector<float> tiles(n * static_cast<std::size_t>(tile_px * tile_px));
    base::fill_normal(seed, base::Purpose::test, 0, 0, tiles.size(), tiles.data());
    return tiles;
}

learn::Model model_of(const std::string& network, int tile_px) {
    return model_with_biases(network, tile_px, tile::Scaling::asinh_sigma, 3, 0.3F);
}

class EachNetwork : public testing::TestWithParam<std::string> {
  protected:
    /// Of a tile of 40 px with its margin.
    static int edge_px() { return 40 + 2 * learn::network_info(GetParam(), 40).margin_px; }
};
INSTANTIATE_TEST_SUITE_P(Classifier, EachNetwork, testing::ValuesIn(learn::network_names()));

TEST_P(EachNetwork, ScoresAsPlainLoopsDo) {
    for (const int tile_px : {8, 23, 40}) {
        const learn::Model model = model_of(GetParam(), tile_px);
        const int edge_px = tile_px + 2 * learn::network_info(GetParam(), tile_px).margin_px;
        const std::vector<float> tiles = random_tiles(4, edge_px, 1);
        const std::vector<float> scores = Classifier(model, learn::Device{}, 1).scores(tiles);
        ASSERT_EQ(scores.size(), 4U);
        const auto tile_size = static_cast<std::size_t>(edge_px * edge_px);
        for (std::size_t i = 0; i < scores.size(); ++i) {
            const std::span<const float> tile = std::span(tiles).subspan(i * tile_size, tile_size);
            const double expected = slow_score(model.network, model.tensors, tile);
            EXPECT_NEAR(scores[i], expected, 2e-5) << tile_px << " px, tile " << i;
            // A score near 0 or 1 would agree by saturation alone.
            EXPECT_GT(expected, 1e-4);
            EXPECT_LT(expected, 1 - 1e-4);
        }
    }
}

TEST_P(EachNetwork, ClassifiesAFieldAsItsPiecesSay) {
    // More tiles than are taken together.
    const learn::Model model = model_of(GetParam(), 8);
    const std::int64_t margin_px = learn::network_info(GetParam(), 8).margin_px;
    image::Image wide = image::make_image(330 + 2 * margin_px, 90 + 2 * margin_px);
    base::fill_normal(5, base::Purpose::test, 0, 0, wide.pixels.size(), wide.pixels.data());
    const tile::TileGrid grid{330, 90, 8};
    ASSERT_GT(grid.count(), 500);
    const Classifier classifier(model, {}, 1);
    const FieldAnswer answer = classifier.classify(wide, grid, {}, 2);
    const image::Image scaled =
        tile::scale_field(wide, model.scaling, tile::field_statistics(wide, margin_px));
    const std::vector<float> logits =
        classifier.logits(tile::cut_tiles(scaled, grid, tile::blank_input, margin_px));
    EXPECT_EQ(answer.logits, logits);
    EXPECT_EQ(classifier.classify(wide, grid, {}, 1).logits, answer.logits);
    EXPECT_EQ(answer.sums, tile::sum_tiles(wide, grid, margin_px));
    EXPECT_EQ(answer.robust.rms, tile::field_statistics(wide, margin_px).robust.rms);
}

TEST_P(EachNetwork, ScoresInBf16NearThoseOfFp32) {
    const learn::Model model = model_of(GetParam(), 40);
    const std::vector<float> tiles = random_tiles(300, edge_px(), 1);
    const std::vector<float> exact = Classifier(model, {}, 1).scores(tiles);
    const std::vector<float> scores =
        Classifier(model, {}, 1, learn::Precision::bf16).scores(tiles);
    for (std::size_t i = 0; i < exact.size(); ++i) {
        EXPECT_NEAR(scores[i], exact[i], 0.02) << i;
    }
}

/// What counts is that a trained model finds the same.
TEST(Classifier, DecidesInBf16AsInFp32) {
    const learn::Model model =
        learn::read_model(FAINTWEB_SOURCE_DIR "/config/models/askap.safetensors");
    const int margin_px = learn::network_info(model.network, model.tile_px).margin_px;
    const int edge_px = model.tile_px + 2 * margin_px;
    constexpr std::size_t n_tiles = 1000;
    std::vector<float> tiles = random_tiles(n_tiles, edge_px, 1);
    // Blobs of 0 to 3 sigma in the middle of half of them.
    for (std::size_t t = 0; t < n_tiles; t += 2) {
        for (int y = 0; y < edge_px; ++y) {
            for (int x = 0; x < edge_px; ++x) {
                const float distance = std::hypot(static_cast<float>(x - edge_px / 2),
                                                  static_cast<float>(y - edge_px / 2));
                tiles[(t * static_cast<std::size_t>(edge_px) + static_cast<std::size_t>(y)) *
                          static_cast<std::size_t>(edge_px) +
                      static_cast<std::size_t>(x)] +=
                    0.003F * static_cast<float>(t) * std::exp(-distance * distance / 72);
            }
        }
    }
    const std::vector<float> exact = Classifier(model, {}, 1).scores(tiles);
    const std::vector<float> scores =
        Classifier(model, {}, 1, learn::Precision::bf16).scores(tiles);
    const auto threshold = static_cast<float>(model.threshold);
    int n_found = 0;
    int n_otherwise = 0;
    int n_far = 0;
    for (std::size_t i = 0; i < n_tiles; ++i) {
        n_found += exact[i] > threshold ? 1 : 0;
        n_otherwise += (exact[i] > threshold) != (scores[i] > threshold) ? 1 : 0;
        n_far += std::fabs(exact[i] - scores[i]) >= 0.02F ? 1 : 0;
    }
    EXPECT_GT(n_found, 50);
    EXPECT_LT(n_found, 500);
    // Where a third of all tiles are near the threshold; a field has one in a hundred.
    EXPECT_LE(n_otherwise, 3);
    EXPECT_LE(n_far, 5);
}

TEST_P(EachNetwork, AnswersOneOfSeveralRulesAsOnItsOwn) {
    const learn::Heads heads{.n_rules = 3, .n_thresholds = 2};
    learn::Model all = model_of(GetParam(), 40);
    all.tensors = learn::random_weights(GetParam(), 40, 5, heads);
    const std::vector<float> tiles = random_tiles(4, edge_px(), 1);
    const std::vector<float> logits = Classifier(all, learn::Device{}, 1).logits(tiles);
    ASSERT_EQ(logits.size(), 12U);
    for (std::size_t rule = 0; rule < 3; ++rule) {
        learn::Model one = all;
        one.tensors =
            learn::weights_of_rule(GetParam(), all.tensors, static_cast<std::int64_t>(rule));
        const std::vector<float> answers = Classifier(one, learn::Device{}, 1).logits(tiles);
        ASSERT_EQ(answers.size(), 4U);
        for (std::size_t i = 0; i < 4; ++i) {
            EXPECT_NEAR(answers[i], logits[3 * i + rule], 1e-5) << rule;
        }
        std::vector<learn::WeightShape> shapes;
        for (const learn::Tensor& tensor : one.tensors) {
            shapes.push_back({tensor.name, tensor.shape});
        }
        EXPECT_EQ(shapes, learn::weight_shapes(GetParam(), 40, {.n_rules = 1, .n_thresholds = 2}));
    }
    EXPECT_GT(std::fabs(logits[0] - logits[1]), 1e-3);
}

TEST_P(EachNetwork, ScoresAreTheSameForAnyNumberOfThreads) {
    const learn::Model model = model_of(GetParam(), 40);
    const std::vector<float> tiles = random_tiles(700, edge_px(), 2);
    for (const learn::Precision precision : {learn::Precision::fp32, learn::Precision::bf16}) {
        const std::vector<float> one =
            Classifier(model, learn::Device{}, 1, precision).scores(tiles);
        const Classifier three_threads(model, learn::Device{}, 3, precision);
        EXPECT_EQ(one, three_threads.scores(tiles));
        EXPECT_EQ(one, three_threads.scores(tiles));
        EXPECT_NE(one[0], one[1]);
    }
}

TEST_P(EachNetwork, ScoreDoesNotDependOnTheOtherTiles) {
    const learn::Model model = model_of(GetParam(), 40);
    for (const learn::Precision precision : {learn::Precision::fp32, learn::Precision::bf16}) {
        const Classifier classifier(model, learn::Device{}, 2, precision);
        const auto tile_size = static_cast<std::ptrdiff_t>(edge_px() * edge_px());
        std::vector<float> tiles = random_tiles(300, edge_px(), 2);
        const std::vector<float> scores = classifier.scores(tiles);
        // The last batch is cut short, and all tiles but the first and the last become others.
        tiles.resize(static_cast<std::size_t>(270 * tile_size));
        const std::vector<float> others = random_tiles(268, edge_px(), 9);
        std::copy(others.begin(), others.end(), tiles.begin() + tile_size);
        const std::vector<float> again = classifier.scores(tiles);
        EXPECT_EQ(again[0], scores[0]);
        EXPECT_EQ(again[269], scores[269]);
        EXPECT_NE(again[1], scores[1]);
    }
}

TEST(ScoreOfLogit, IsTheLogisticCurve) {
    EXPECT_EQ(score_of_logit(0), 0.5F);
    EXPECT_FLOAT_EQ(score_of_logit(std::log(3.0F)), 0.75F);
    EXPECT_FLOAT_EQ(score_of_logit(-20), 2.0611537e-9F);
    EXPECT_EQ(score_of_logit(40), 1);
    EXPECT_EQ(score_of_logit(-1000), 0);
    EXPECT_EQ(scores_of_logits(std::vector<float>{0, 40}), (std::vector<float>{0.5F, 1}));
}

TEST(ClassifierScores, OfNothingAreNothing) {
    const learn::Model model = learn::random_model("cosmodeep_spp", 40, tile::Scaling::fixed, 1);
    EXPECT_TRUE(Classifier(model, learn::Device{}, 2).scores({}).empty());
}

}  // namespace
}  // namespace faintweb::infer
