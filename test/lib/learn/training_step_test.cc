// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/training_step.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/learn/checkpoint.h"
#include "lib/learn/model.h"
#include "lib/learn/sampling.h"
#include "lib/learn/torch_network.h"
#include "test/lib/learn/toy.h"

namespace faintweb::learn {
namespace {

/// [n, n_rules] logits of tiles with their margin, of the layers that are trained.
std::vector<float> logits_of(const Model& model, std::vector<float> tiles) {
    const c10::InferenceMode no_gradient;
    const Network& network = find_network(model.network);
    const std::int64_t edge = model.tile_px + 2 * network.sample_layout(model.tile_px).margin_px;
    const at::Tensor input =
        at::from_blob(tiles.data(), {std::ssize(tiles) / edge / edge, 1, edge, edge});
    const at::Tensor logits =
        network.logits(network.inference_weights(at::kCPU, model.tensors, Precision::fp32), input);
    return {logits.const_data_ptr<float>(), logits.const_data_ptr<float>() + logits.numel()};
}

class TrainingOf : public testing::TestWithParam<std::string> {
  protected:
    TrainSettings settings_{.network = GetParam(), .seed = 5, .learning_rate = 1e-3};
};
INSTANTIATE_TEST_SUITE_P(Networks, TrainingOf, testing::ValuesIn(network_names()));

/// The gradient against finite differences of the loss, at the weights of each tensor where it is
/// largest (elsewhere float32 leaves the difference no digits). Dropout and augmentation are on.
TEST_P(TrainingOf, GradientIsTheSlopeOfTheLoss) {
    constexpr int tile_px = 12;
    settings_.cells_weight = 0.5;
    const Heads heads{.n_rules = 2, .n_thresholds = 2};
    const Toy toy(6, GetParam(), tile_px, 1, heads);
    const std::vector<SampleKey> keys = keys_of(6, 2);
    TrainingStep step(settings_, tile_px, Device{}, 1, nullptr, heads);
    step.accumulate(toy.samples, toy.labels, keys, 6);
    const std::vector<float> gradient(step.gradients().begin(), step.gradients().end());
    const TrainingStep::Checkpoint start = step.checkpoint();
    const auto loss_with = [&](std::size_t i, float change) {
        TrainingStep::Checkpoint moved = start;
        moved.weights[i] += change;
        step.restore(moved);
        return step.accumulate(toy.samples, toy.labels, keys, 6).loss / 6;
    };
    std::size_t first = 0;
    for (const WeightShape& weight : weight_shapes(GetParam(), tile_px, heads)) {
        const auto n = static_cast<std::size_t>(n_values(weight));
        std::vector<std::size_t> order(n);
        std::iota(order.begin(), order.end(), first);
        const auto middle =
            order.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(2, n));
        std::partial_sort(order.begin(), middle, order.end(), [&](std::size_t a, std::size_t b) {
            return std::fabs(gradient[a]) > std::fabs(gradient[b]);
        });
        for (auto i = order.begin(); i != middle; ++i) {
            constexpr float change = 3e-4F;
            const double slope = (loss_with(*i, change) - loss_with(*i, -change)) / (2 * change);
            EXPECT_NEAR(gradient[*i] / slope, 1, 0.03) << weight.name << " " << *i - first;
        }
        first += n;
    }
    EXPECT_EQ(first, gradient.size());
}

/// Data-parallel training is the same training: two parts of each batch, their gradients summed,
/// give the losses of the whole batch on one rank.
TEST_P(TrainingOf, TwoRanksTrainAsOne) {
    constexpr int tile_px = 24;
    constexpr std::int64_t batch = 21;
    const Toy toy(batch, GetParam(), tile_px, 1);
    TrainingStep whole(settings_, tile_px, Device{}, 1);
    TrainingStep parts[2] = {TrainingStep(settings_, tile_px, Device{}, 1),
                             TrainingStep(settings_, tile_px, Device{}, 2)};
    double first_loss = 0;
    for (std::uint32_t epoch = 0; epoch < 4; ++epoch) {
        const std::vector<SampleKey> keys = keys_of(batch, epoch);
        const TrainingStep::Sum sum = whole.accumulate(toy.samples, toy.labels, keys, batch);
        whole.apply(settings_.learning_rate);
        TrainingStep::Sum sum_of_parts;
        std::vector<float> gradient(whole.gradients().size(), 0);
        for (int rank = 0; rank < 2; ++rank) {
            const BatchPart part = batch_part(batch, rank, 2);
            const auto first = static_cast<std::size_t>(part.first);
            const auto n = static_cast<std::size_t>(part.n);
            const TrainingStep::Sum mine = parts[rank].accumulate(
                toy.samples_of(first, n), std::span(toy.labels).subspan(first, n),
                std::span(keys).subspan(first, n), batch);
            sum_of_parts.loss += mine.loss;
            sum_of_parts.n_right += mine.n_right;
            for (std::size_t i = 0; i < gradient.size(); ++i) {
                gradient[i] += parts[rank].gradients()[i];
            }
        }
        for (TrainingStep& part : parts) {
            std::copy(gradient.begin(), gradient.end(), part.gradients().begin());
            part.apply(settings_.learning_rate);
        }
        EXPECT_NEAR(sum_of_parts.loss / sum.loss, 1, 1e-4) << "epoch " << epoch;
        EXPECT_EQ(sum_of_parts.n_right, sum.n_right) << "epoch " << epoch;
        EXPECT_EQ(parts[0].weights(), parts[1].weights());
        first_loss = epoch == 0 ? sum.loss : first_loss;
        if (epoch == 3) {
            EXPECT_NE(sum.loss, first_loss);
        }
    }
}

TEST_P(TrainingOf, LearnsToFindBlobs) {
    constexpr int tile_px = 16;
    constexpr std::size_t n = 640;
    constexpr std::size_t batch = 32;
    const Toy toy(n, GetParam(), tile_px, 1);
    TrainingStep step(settings_, tile_px, Device{}, 1);
    double first_loss = 0;
    double last_loss = 0;
    for (std::uint32_t epoch = 0; epoch < 8; ++epoch) {
        const std::vector<SampleKey> keys = keys_of(n, epoch);
        last_loss = 0;
        for (std::size_t first = 0; first < n; first += batch) {
            last_loss += step.accumulate(toy.samples_of(first, batch),
                                         std::span(toy.labels).subspan(first, batch),
                                         std::span(keys).subspan(first, batch), batch)
                             .loss;
            step.apply(settings_.learning_rate);
        }
        first_loss = epoch == 0 ? last_loss : first_loss;
    }
    EXPECT_LT(last_loss, 0.5 * first_loss);

    Model model = random_model(GetParam(), tile_px, tile::Scaling::asinh_sigma, 0);
    model.tensors = step.weights();
    const Toy unseen(400, GetParam(), tile_px, 2);
    const std::vector<float> logits = logits_of(model, unseen.tiles());
    int n_right = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        n_right += (logits[i] > 0) == (unseen.labels[i] == 1);
    }
    EXPECT_GT(n_right, 380);
}

/// Adam's first step moves each weight by the step's learning rate against the sign of its
/// gradient, whatever its size (Kingma & Ba 2015, section 2.1).
TEST_P(TrainingOf, FirstStepMovesEachWeightByTheLearningRate) {
    const Toy toy(4, GetParam(), 12, 1);
    TrainingStep step(settings_, 12, Device{}, 1);
    const std::vector<float> before = step.checkpoint().weights;
    step.accumulate(toy.samples, toy.labels, keys_of(4, 0), 4);
    const std::vector<float> gradient(step.gradients().begin(), step.gradients().end());
    step.apply(2e-3);
    const std::vector<float> after = step.checkpoint().weights;
    int n_moved = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (std::fabs(gradient[i]) > 1e-4F) {  // far above Adam's epsilon of 1e-8
            ++n_moved;
            ASSERT_NEAR(after[i] - before[i], gradient[i] > 0 ? -2e-3 : 2e-3, 4e-6) << i;
        }
    }
    EXPECT_GT(n_moved, std::min<std::ptrdiff_t>(1000, std::ssize(before) / 4));
    EXPECT_TRUE(std::all_of(step.gradients().begin(), step.gradients().end(),
                            [](float value) { return value == 0; }));
}

TEST_P(TrainingOf, GoesOnFromACheckpointBitByBit) {
    const Toy toy(10, GetParam(), 12, 1);
    const auto train = [&](TrainingStep& step, std::uint32_t first, std::uint32_t last) {
        for (std::uint32_t epoch = first; epoch < last; ++epoch) {
            step.accumulate(toy.samples, toy.labels, keys_of(10, epoch), 10);
            step.apply(settings_.learning_rate);
        }
    };
    TrainingStep uninterrupted(settings_, 12, Device{}, 1);
    train(uninterrupted, 0, 6);
    TrainingStep before(settings_, 12, Device{}, 1);
    train(before, 0, 3);
    TrainSettings other_seed = settings_;
    other_seed.seed = 99;
    TrainingStep resumed(other_seed, 12, Device{}, 1);
    resumed.restore(before.checkpoint());
    train(resumed, 3, 6);
    EXPECT_EQ(resumed.weights(), uninterrupted.weights());
    EXPECT_EQ(tensors_of(resumed.checkpoint().weights, weight_shapes(GetParam(), 12)),
              resumed.weights());
    EXPECT_NE(before.weights(), uninterrupted.weights());
}

/// What a sample contributes depends on its key, not on its place in the batch.
TEST_P(TrainingOf, SampleDoesNotDependOnItsPlace) {
    const Toy toy(2, GetParam(), 12, 1);
    const std::vector<SampleKey> keys = keys_of(2, 0);
    TrainingStep step(settings_, 12, Device{}, 1);
    const double loss = step.accumulate(toy.samples, toy.labels, keys, 2).loss;
    const auto first = toy.samples_of(0, 1);
    const auto second = toy.samples_of(1, 1);
    std::vector<float> swapped(second.begin(), second.end());
    swapped.insert(swapped.end(), first.begin(), first.end());
    const std::vector<std::uint8_t> labels{toy.labels[1], toy.labels[0]};
    EXPECT_NEAR(step.accumulate(swapped, labels, std::vector{keys[1], keys[0]}, 2).loss / loss, 1,
                1e-6);
    EXPECT_GT(std::fabs(step.accumulate(swapped, labels, keys, 2).loss / loss - 1), 1e-4);
    EXPECT_GT(std::fabs(step.accumulate(toy.samples, toy.labels, keys_of(2, 1), 2).loss / loss - 1),
              1e-4);
}

/// Tiles that go through in pieces give the gradient of all at once, to the order of sums.
TEST_P(TrainingOf, MicroBatchesAddUp) {
    const Toy toy(30, GetParam(), 12, 1);
    const std::vector<SampleKey> keys = keys_of(30, 0);
    settings_.micro_batch = 0;
    TrainingStep whole(settings_, 12, Device{}, 1);
    const double loss = whole.accumulate(toy.samples, toy.labels, keys, 30).loss;
    for (const int micro_batch : {1, 7, 30, 100}) {
        settings_.micro_batch = micro_batch;
        TrainingStep pieces(settings_, 12, Device{}, 1);
        EXPECT_NEAR(pieces.accumulate(toy.samples, toy.labels, keys, 30).loss / loss, 1, 1e-6);
        double difference = 0;
        double norm = 0;
        for (std::size_t i = 0; i < whole.gradients().size(); ++i) {
            const double a = whole.gradients()[i];
            difference += (a - pieces.gradients()[i]) * (a - pieces.gradients()[i]);
            norm += a * a;
        }
        EXPECT_LT(std::sqrt(difference / norm), 1e-5) << micro_batch;
    }
}

/// A batch of more tiles than go through at once.
TEST_P(TrainingOf, LargeBatchIsTheSumOfItsParts) {
    settings_.dropout_keep = 1;
    const Toy toy(150, GetParam(), 8, 1);
    const std::vector<SampleKey> keys = keys_of(150, 0);
    TrainingStep at_once(settings_, 8, Device{}, 1);
    const TrainingStep::Sum sum = at_once.accumulate(toy.samples, toy.labels, keys, 150);
    TrainingStep one_by_one(settings_, 8, Device{}, 1);
    double loss = 0;
    for (std::size_t i = 0; i < 150; ++i) {
        loss += one_by_one
                    .accumulate(toy.samples_of(i, 1), std::span(toy.labels).subspan(i, 1),
                                std::span(keys).subspan(i, 1), 150)
                    .loss;
    }
    EXPECT_NEAR(loss / sum.loss, 1, 1e-5);
    double difference = 0;
    double norm = 0;
    for (std::size_t i = 0; i < at_once.gradients().size(); ++i) {
        const double a = at_once.gradients()[i];
        difference += (a - one_by_one.gradients()[i]) * (a - one_by_one.gradients()[i]);
        norm += a * a;
    }
    EXPECT_LT(std::sqrt(difference / norm), 1e-4);
}

/// The factored layer and what is behind it first, then the layers before it, or all at once of a
/// network without such a layer, for any part; complete when they are told, and told for the last
/// tiles of a part only.
TEST_P(TrainingOf, ReportsPiecesOfTheGradientInAFixedOrder) {
    const Toy toy(150, GetParam(), 8, 1);
    const std::vector<SampleKey> keys = keys_of(150, 0);
    TrainingStep told(settings_, 8, Device{}, 1);
    TrainingStep untold(settings_, 8, Device{}, 1);
    for (const std::size_t n : {std::size_t{150}, std::size_t{0}, std::size_t{1}}) {
        const auto samples = toy.samples_of(0, n);
        const auto labels = std::span(toy.labels).first(n);
        untold.accumulate(samples, labels, std::span(keys).first(n), 150);
        const std::vector<float> whole(untold.gradients().begin(), untold.gradients().end());
        std::vector<std::pair<const float*, std::vector<float>>> pieces;
        told.accumulate(
            samples, labels, std::span(keys).first(n), 150, [&](std::span<float> piece) {
                pieces.emplace_back(piece.data(), std::vector<float>(piece.begin(), piece.end()));
            });
        std::vector<std::size_t> sizes{0};
        for (const WeightShape& weight : weight_shapes(GetParam(), 8)) {
            if (weight.name == find_network(GetParam()).factored_layer() + ".weight") {
                sizes.push_back(0);
            }
            sizes.back() += static_cast<std::size_t>(n_values(weight));
        }
        ASSERT_EQ(pieces.size(), sizes.size());
        std::vector<float> joined;
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            const auto& [first, values] = pieces[pieces.size() - 1 - i];
            EXPECT_EQ(values.size(), sizes[i]);
            EXPECT_EQ(first, told.gradients().data() + joined.size());
            joined.insert(joined.end(), values.begin(), values.end());
        }
        EXPECT_EQ(joined, whole) << n;
        EXPECT_EQ(std::any_of(whole.begin(), whole.end(), [](float value) { return value != 0; }),
                  n > 0);
        told.apply(settings_.learning_rate);
        untold.apply(settings_.learning_rate);
    }
    EXPECT_EQ(told.weights(), untold.weights());
    EXPECT_GT(told.times().forward_s, 0);
    EXPECT_GT(told.times().backward_s, 0);
    EXPECT_GT(told.times().optimiser_s, 0);
}

/// Products of 8 bits: the gradient of fp32 within their rounding, and as good a training.
TEST_P(TrainingOf, Bf16FollowsFp32) {
    const Toy toy(64, GetParam(), 16, 1);
    TrainSettings rounded = settings_;
    rounded.precision = Precision::bf16;
    TrainingStep exact_step(settings_, 16, Device{}, 1);
    TrainingStep rounded_step(rounded, 16, Device{}, 1);
    for (std::uint32_t epoch = 0; epoch < 12; ++epoch) {
        const std::vector<SampleKey> keys = keys_of(64, epoch);
        // In two parts, so that gradients are written and added to.
        double exact_loss = 0;
        double rounded_loss = 0;
        for (const std::size_t first : {std::size_t{0}, std::size_t{32}}) {
            const auto samples = toy.samples_of(first, 32);
            const auto labels = std::span(toy.labels).subspan(first, 32);
            const auto part = std::span(keys).subspan(first, 32);
            exact_loss += exact_step.accumulate(samples, labels, part, 64).loss;
            rounded_loss += rounded_step.accumulate(samples, labels, part, 64).loss;
        }
        EXPECT_NEAR(rounded_loss / exact_loss, 1, 0.05) << epoch;
        EXPECT_NE(rounded_loss, exact_loss);
        if (epoch == 0) {
            double difference = 0;
            double norm = 0;
            for (std::size_t i = 0; i < exact_step.gradients().size(); ++i) {
                const double a = exact_step.gradients()[i];
                difference += (a - rounded_step.gradients()[i]) * (a - rounded_step.gradients()[i]);
                norm += a * a;
            }
            EXPECT_LT(std::sqrt(difference / norm), 0.03);
        }
        exact_step.apply(settings_.learning_rate);
        rounded_step.apply(settings_.learning_rate);
    }
}

/// The second rule wants the opposite of the first.
TEST_P(TrainingOf, LearnsTwoRulesAtOnce) {
    TrainSettings settings;
    settings.network = GetParam();
    settings.learning_rate = 1e-3;
    const Heads heads{.n_rules = 2, .n_thresholds = 1};
    Toy toy(64, GetParam(), 16, 1);
    for (std::uint8_t& label : toy.labels) {
        label = label == 1 ? 1 : 2;
    }
    TrainingStep step(settings, 16, {}, 1, nullptr, heads);
    TrainingStep::Sum sum;
    for (std::uint32_t epoch = 0; epoch < 60; ++epoch) {
        sum = step.accumulate(toy.samples, toy.labels, keys_of(64, epoch), 64);
        step.apply(settings.learning_rate);
    }
    EXPECT_GT(sum.n_right, 120);  // of 128 answers
    Model model = random_model(GetParam(), 16, settings.scaling, 1);
    model.tensors = step.weights();
    const std::vector<float> logits = logits_of(model, toy.tiles());
    int n_right = 0;
    for (std::size_t i = 0; i < 64; ++i) {
        n_right += (logits[2 * i] > 0) == (toy.labels[i] == 1);
        n_right += (logits[2 * i + 1] > 0) == (toy.labels[i] == 2);
    }
    EXPECT_GT(n_right, 120);
}

TEST_P(TrainingOf, LossIsTheMeanOverTheRules) {
    TrainSettings settings;
    settings.network = GetParam();
    settings.dropout_keep = 1;
    const Toy toy(10, GetParam(), 16, 1);
    TrainingStep step(settings, 16, {}, 1, nullptr, {.n_rules = 2, .n_thresholds = 1});
    const auto loss_of = [&](int factor) {
        std::vector<std::uint8_t> labels;
        for (const std::uint8_t label : toy.labels) {
            labels.push_back(static_cast<std::uint8_t>(label * factor));
        }
        return step.accumulate(toy.samples, labels, keys_of(10, 0), 10).loss;
    };
    const double none = loss_of(0);
    const double first = loss_of(1);
    const double second = loss_of(2);
    EXPECT_NEAR(loss_of(3), first + second - none, 1e-4 * none);
    EXPECT_GT(std::fabs(first - none), 1e-2);
}

TEST(TrainingStepCells, CountInTheLossAsTheyWeigh) {
    const Toy toy(10, "faintweb_fast", 16, 1);
    const auto loss_with = [&](double cells_weight) {
        TrainingStep step({.network = "faintweb_fast", .cells_weight = cells_weight}, 16, Device{},
                          1);
        return step.accumulate(toy.samples, toy.labels, keys_of(10, 0), 10).loss;
    };
    const double of_cells = loss_with(1) - loss_with(0);
    EXPECT_GT(of_cells, 1);
    EXPECT_NEAR(loss_with(3) - loss_with(0), 3 * of_cells, 1e-4 * of_cells);
}

TEST(TrainingStepEmptyPart, AddsNothing) {
    TrainingStep step(TrainSettings{}, 12, Device{}, 1);
    const TrainingStep::Sum sum = step.accumulate({}, {}, {}, 10);
    EXPECT_EQ(sum.loss, 0);
    EXPECT_EQ(sum.n_right, 0);
    EXPECT_EQ(step.gradients().size(), 677'250U);
    EXPECT_EQ(step.gradients()[0], 0);
}

TEST(TrainingStepSettings, AreChecked) {
    EXPECT_THROW(TrainingStep({.network = "x"}, 40, Device{}, 1), base::UsageError);
    EXPECT_THROW(TrainingStep({.learning_rate = 0}, 40, Device{}, 1), base::UsageError);
    EXPECT_THROW(TrainingStep({.dropout_keep = 0}, 40, Device{}, 1), base::UsageError);
    TrainingStep step({}, 40, Device{}, 1);
    EXPECT_THROW(step.restore({}), base::UsageError);
}

TEST(OrientTile, GivesTheEightSymmetriesOfTheSquare) {
    const std::vector<float> tile{1, 2, 3, 4, 5, 6, 7, 8, 9};
    std::set<std::vector<float>> seen;
    for (unsigned orientation = 0; orientation < 8; ++orientation) {
        std::vector<float> out(9);
        orient_tile(tile, 3, orientation, out);
        // Neighbours stay neighbours: the middle stays, corners stay corners in order round it.
        EXPECT_EQ(out[4], 5);
        EXPECT_EQ(out[0] + out[8], 10);
        EXPECT_EQ(out[2] + out[6], 10);
        EXPECT_EQ(out[1] * 2, out[0] + out[2]);
        seen.insert(out);
    }
    EXPECT_EQ(seen.size(), 8U);
    std::vector<float> out(9);
    orient_tile(tile, 3, 0, out);
    EXPECT_EQ(out, tile);
    orient_tile(tile, 3, 1, out);
    EXPECT_EQ(out, (std::vector<float>{3, 2, 1, 6, 5, 4, 9, 8, 7}));
    orient_tile(tile, 3, 2, out);
    EXPECT_EQ(out, (std::vector<float>{7, 8, 9, 4, 5, 6, 1, 2, 3}));
    orient_tile(tile, 3, 4, out);
    EXPECT_EQ(out, (std::vector<float>{1, 4, 7, 2, 5, 8, 3, 6, 9}));
    orient_tile(tile, 3, 5, out);  // mirrored first, then swapped
    EXPECT_EQ(out, (std::vector<float>{3, 6, 9, 2, 5, 8, 1, 4, 7}));
}

}  // namespace
}  // namespace faintweb::learn
