// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// A network that has no kernels of its own, reads two channels and answers per cell, through the
// same classifier and the same training.

#include <cmath>

#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/conv2d.h>
#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/infer/classifier.h"
#include "lib/infer/precision.h"
#include "lib/learn/model.h"
#include "lib/learn/shared_memory.h"
#include "lib/learn/torch_network.h"
#include "lib/learn/training_step.h"

namespace faintweb::infer {
namespace {

/// A convolution of 2x2 px cells, 2 channels to 4 maps, and a logit of each cell under each
/// threshold; that of a tile is the largest of its cells' under the first.
class ToyNetwork final : public learn::Network {
  public:
    ToyNetwork() : Network("toy", "toy") {}

    learn::SampleLayout sample_layout(int tile_px) const override {
        return {.n_channels = 2, .margin_px = 0, .n_cells = tile_px / 2};
    }
    std::vector<learn::WeightShape> weight_shapes(int, learn::Heads heads) const override {
        return {{"conv.weight", {4, 2, 2, 2}},
                {"conv.bias", {4}},
                {"cell.weight", {heads.n_thresholds, 4, 1, 1}},
                {"cell.bias", {heads.n_thresholds}}};
    }
    std::int64_t multiply_adds(int tile_px, learn::Heads heads) const override {
        return tile_px / 2 * (tile_px / 2) * (2 * 4 * 4 + 4 * heads.n_thresholds);
    }
    bool is_before_relu(std::string_view weight) const override { return weight == "conv.weight"; }
    bool is_rounded(std::string_view weight) const override { return weight.starts_with("cell."); }
    std::int64_t n_rules(std::span<const learn::Tensor>) const override { return 1; }
    std::vector<learn::Tensor> weights_of_rule(std::vector<learn::Tensor> weights,
                                               std::int64_t) const override {
        return weights;
    }
    learn::TrainingOutput forward(const learn::NamedWeights& weights,
                                  const learn::TrainingBatch& batch) const override {
        const at::Tensor cells = cell_logits(weights, batch.tiles);
        const at::Tensor tiles = cells.select(1, 0).flatten(1).amax(1);
        const at::Tensor labels = batch.labels.to(at::kFloat);
        const auto loss = [](const at::Tensor& logits, const at::Tensor& truth) {
            return at::binary_cross_entropy_with_logits(logits, truth, {}, {}, at::Reduction::None);
        };
        learn::TrainingOutput output;
        output.label_loss = loss(tiles, labels).sum();
        output.cell_loss = loss(cells, batch.cells).mean({1, 2, 3}).sum().mul(batch.cells_weight);
        output.n_right = tiles.gt(0).eq(batch.labels).sum();
        return output;
    }
    at::Tensor logits(const learn::NamedWeights& weights, const at::Tensor& tiles) const override {
        return cell_logits(weights, tiles).select(1, 0).flatten(1).amax(1, /*keepdim=*/true);
    }

  private:
    static at::Tensor cell_logits(const learn::NamedWeights& weights, const at::Tensor& tiles) {
        const at::Tensor maps =
            at::conv2d(tiles, weights["conv.weight"], weights["conv.bias"], 2).relu();
        const at::Tensor& weight = weights["cell.weight"];
        return at::conv2d(maps.to(weight.scalar_type()), weight, weights["cell.bias"])
            .to(at::kFloat);
    }
};

constexpr int tile_px = 8;
constexpr std::size_t n_cells = 16;
constexpr std::size_t tile_size = 2 * tile_px * tile_px;
constexpr std::size_t sample_size = tile_size + 2 * n_cells;

class AnyNetwork : public testing::Test {
  protected:
    static void SetUpTestSuite() { learn::register_network(std::make_unique<ToyNetwork>()); }

    /// Noise, and in every second tile a bright cell in the second channel.
    static std::vector<float> make_samples(std::size_t n) {
        std::vector<float> samples(n * sample_size, 0);
        for (std::size_t i = 0; i < n; ++i) {
            float* sample = samples.data() + i * sample_size;
            base::fill_normal(1, base::Purpose::test, i, 0, tile_size, sample);
            const std::size_t cell = i * 7 % n_cells;
            const std::size_t first = tile_px * tile_px + cell / 4 * 2 * tile_px + cell % 4 * 2;
            for (const std::size_t pixel : {0, 1, tile_px, tile_px + 1}) {
                sample[first + pixel] += i % 2 == 1 ? 4.0F : 0.0F;
            }
            sample[tile_size + cell] = sample[tile_size + n_cells + cell] =
                i % 2 == 1 ? 1.0F : 0.0F;
        }
        return samples;
    }
    static std::vector<float> tiles_of(const std::vector<float>& samples) {
        std::vector<float> tiles;
        for (std::size_t first = 0; first < samples.size(); first += sample_size) {
            tiles.insert(tiles.end(), &samples[first], &samples[first] + tile_size);
        }
        return tiles;
    }
    static learn::Model model() {
        learn::Model model = learn::random_model("toy", tile_px, tile::Scaling::asinh_sigma, 1);
        model.n_thresholds = 2;
        model.tensors = learn::random_weights("toy", tile_px, 1, model.heads());
        return model;
    }

    static constexpr std::size_t n_ = 640;
    const std::vector<float> samples_ = make_samples(n_);
};

TEST_F(AnyNetwork, IsKnownByItsLayout) {
    const learn::NetworkInfo info = learn::network_info("toy", tile_px, {1, 2});
    EXPECT_EQ(info.n_channels, 2);
    EXPECT_EQ(info.n_tile_values(), static_cast<std::int64_t>(tile_size));
    EXPECT_EQ(info.n_sample_values, static_cast<std::int64_t>(sample_size));
    EXPECT_EQ(info.n_parameters, 32 + 4 + 8 + 2);
}

TEST_F(AnyNetwork, IsClassifiedByItsOwnLayers) {
    const learn::Model toy = model();
    const std::vector<float> tiles = tiles_of(samples_);
    const std::vector<float> exact = Classifier(toy, {}, 1).logits(tiles);
    ASSERT_EQ(exact.size(), n_);
    // The first tile by hand.
    const auto weight = [&](std::size_t i) { return toy.tensors[i].values; };
    float largest = -1e30F;
    for (std::size_t cell = 0; cell < n_cells; ++cell) {
        float logit = weight(3)[0];
        for (std::size_t map = 0; map < 4; ++map) {
            float sum = weight(1)[map];
            for (std::size_t k = 0; k < 8; ++k) {
                const std::size_t row = cell / 4 * 2 + k % 4 / 2;
                const std::size_t col = cell % 4 * 2 + k % 2;
                sum +=
                    weight(0)[map * 8 + k] * tiles[k / 4 * tile_px * tile_px + row * tile_px + col];
            }
            logit += weight(2)[map] * std::max(sum, 0.0F);
        }
        largest = std::max(largest, logit);
    }
    EXPECT_NEAR(exact[0], largest, 1e-5);
    EXPECT_EQ(Classifier(toy, {}, 3).logits(tiles), exact);
    const Classifier rounded(toy, {}, 2, learn::Precision::bf16);
    const std::vector<float> logits = rounded.logits(tiles);
    EXPECT_NE(logits, exact);
    for (std::size_t i = 0; i < n_; ++i) {
        EXPECT_NEAR(logits[i], exact[i], 0.05) << i;
    }
    EXPECT_EQ(choose_precision("fp32", {}, "toy"), learn::Precision::fp32);
}

TEST_F(AnyNetwork, IsTrainedWithAndWithoutSharedMemory) {
    const learn::TrainSettings settings{
        .network = "toy", .batch_size = 64, .learning_rate = 1e-2, .micro_batch = 32};
    learn::OwnMemory memory;
    learn::TrainingStep alone(settings, tile_px, {}, 1, nullptr, {1, 2});
    learn::TrainingStep shared(settings, tile_px, {}, 1, &memory, {1, 2});
    EXPECT_TRUE(shared.is_shared());
    std::vector<std::uint8_t> labels;
    for (std::size_t i = 0; i < 64; ++i) {
        labels.push_back(i % 2);
    }
    learn::TrainingStep::Sum sum;
    double first_loss = 0;
    std::size_t n_reported = 0;
    for (std::uint32_t step = 0; step < 200; ++step) {
        const std::size_t first = step % 10 * 64;
        std::vector<learn::SampleKey> keys;
        for (std::uint64_t i = 0; i < 64; ++i) {
            keys.push_back({1, step, first + i});
        }
        const std::span<const float> samples =
            std::span(samples_).subspan(first * sample_size, 64 * sample_size);
        n_reported = 0;
        sum = alone.accumulate(samples, labels, keys, 64,
                               [&](std::span<float> piece) { n_reported += piece.size(); });
        const learn::TrainingStep::Sum of_shared = shared.accumulate(samples, labels, keys, 64);
        EXPECT_NEAR(of_shared.loss / sum.loss, 1, 1e-4) << step;
        alone.apply(settings.learning_rate);
        shared.apply(settings.learning_rate);
        first_loss = step == 0 ? sum.loss : first_loss;
    }
    EXPECT_EQ(n_reported, 46U);
    EXPECT_LT(sum.loss, 0.5 * first_loss);
    learn::Model trained = model();
    trained.tensors = alone.weights();
    const std::vector<float> logits = Classifier(trained, {}, 1).logits(tiles_of(samples_));
    int n_right = 0;
    for (std::size_t i = 0; i < n_; ++i) {
        n_right += (logits[i] > 0) == (i % 2 == 1) ? 1 : 0;
    }
    EXPECT_GT(n_right, 600);
}

}  // namespace
}  // namespace faintweb::infer
