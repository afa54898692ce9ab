// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// What runs on a GPU against the same on the CPU; skipped, visibly, where there is none.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/parallel.h"
#include "lib/base/random.h"
#include "lib/infer/classifier.h"
#include "lib/learn/training_step.h"
#include "test/lib/infer/model_with_biases.h"

namespace faintweb::infer {
namespace {

constexpr int tile_px = 40;

class Gpu : public testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        device_ = learn::choose_device("auto", 0);
        if (device_.kind != learn::DeviceKind::cuda) {
            GTEST_SKIP() << "no GPU, or built without CUDA";
        }
    }

    static learn::NetworkInfo info() { return learn::network_info(GetParam(), tile_px); }

    static std::vector<float> make_tiles(std::size_t n) {
        std::vector<float> tiles(n * static_cast<std::size_t>(info().n_tile_values()));
        base::fill_normal(3, base::Purpose::test, 0, 0, tiles.size(), tiles.data());
        return tiles;
    }

    /// Tiles with the parts above of their cells behind each.
    static std::vector<float> make_samples(std::size_t n) {
        const auto size = static_cast<std::size_t>(info().n_sample_values);
        const auto tile_size = static_cast<std::size_t>(info().n_tile_values());
        const std::vector<float> tiles = make_tiles(n);
        std::vector<float> samples(n * size, 0.25F);
        for (std::size_t i = 0; i < n; ++i) {
            std::copy_n(&tiles[i * tile_size], tile_size, &samples[i * size]);
        }
        return samples;
    }

    learn::Device device_;
};

TEST_P(Gpu, ScoresAsTheCpuDoes) {
    const learn::Model model =
        learn::random_model(GetParam(), tile_px, tile::Scaling::asinh_sigma, 7);
    const std::vector<float> tiles = make_tiles(300);
    const std::vector<float> on_cpu = Classifier(model, {}, 1).scores(tiles);
    const std::vector<float> on_gpu = Classifier(model, device_, 1).scores(tiles);
    ASSERT_EQ(on_gpu.size(), on_cpu.size());
    for (std::size_t i = 0; i < on_cpu.size(); ++i) {
        EXPECT_NEAR(on_gpu[i], on_cpu[i], 1e-4) << i;
    }
}

learn::Model model_of(const std::string& network, int edge_px, tile::Scaling scaling) {
    return model_with_biases(network, edge_px, scaling, 7, 1.0F);
}

/// A field with blanks and bright pixels.
image::Image make_field(std::int64_t rows, std::int64_t cols, std::int64_t margin_px) {
    image::Image wide = image::make_image(rows + 2 * margin_px, cols + 2 * margin_px);
    base::fill_normal(5, base::Purpose::test, 0, 0, wide.pixels.size(), wide.pixels.data());
    for (std::size_t i = 0; i < wide.pixels.size(); ++i) {
        wide.pixels[i] *= i % 1000 == 0 ? 1e-4F : 1e-7F;
        if (i % 1777 < 3) {
            wide.pixels[i] = i % 2 == 0 ? std::numeric_limits<float>::quiet_NaN()
                                        : std::numeric_limits<float>::infinity();
        }
    }
    return wide;
}

/// A local rms that rises over the first hundreds of pixels.
tile::LocalNoise rising_noise(float level, float rms) {
    constexpr std::int64_t n = 30;
    std::vector<float> boxes;
    for (std::int64_t i = 0; i < n * n; ++i) {
        boxes.push_back(rms * (1 + 0.1F * static_cast<float>(i % n)));
    }
    return {{level, rms}, tile::LocalRms({.box_px = 40}, {-2, -2, n, n}, boxes, rms)};
}

TEST_P(Gpu, ClassifiesFieldsAsTheCpuDoes) {
    struct Case {
        int tile_px;
        std::int64_t rows, cols;
    };
    // Edges that are no multiple of a tile, odd ones, a field within one tile, more than one batch.
    for (const Case& c : {Case{40, 290, 371}, {23, 100, 81}, {40, 5, 7}, {8, 500, 401}}) {
        const std::int64_t margin_px = learn::network_info(GetParam(), c.tile_px).margin_px;
        const tile::TileGrid grid{c.rows, c.cols, c.tile_px};
        for (const tile::Scaling scaling : tile::all_scalings()) {
            const learn::Model model = model_of(GetParam(), c.tile_px, scaling);
            image::Image wide = make_field(c.rows, c.cols, margin_px);
            const tile::LocalNoise noise = rising_noise(1e-8F, 1e-7F);
            for (const bool is_blank : {false, true}) {
                if (is_blank) {
                    std::ranges::fill(wide.pixels, std::numeric_limits<float>::quiet_NaN());
                }
                const FieldAnswer on_cpu = Classifier(model, {}, 1).classify(wide, grid, noise, 1);
                const FieldAnswer exact =
                    Classifier(model, device_, 1).classify(wide, grid, noise, 1);
                const FieldAnswer rounded = Classifier(model, device_, 1, learn::Precision::bf16)
                                                .classify(wide, grid, noise, 1);
                EXPECT_EQ(exact.robust.median, on_cpu.robust.median);
                EXPECT_EQ(exact.robust.rms, on_cpu.robust.rms);
                EXPECT_EQ(exact.sums, on_cpu.sums);
                EXPECT_EQ(rounded.sums, on_cpu.sums);
                ASSERT_EQ(exact.logits.size(), on_cpu.logits.size());
                ASSERT_EQ(rounded.logits.size(), on_cpu.logits.size());
                float largest = 1;
                for (const float logit : on_cpu.logits) {
                    largest = std::max(largest, std::fabs(logit));
                }
                for (std::size_t i = 0; i < on_cpu.logits.size(); ++i) {
                    EXPECT_NEAR(exact.logits[i], on_cpu.logits[i], 1e-4F * largest)
                        << c.tile_px << " " << i;
                    EXPECT_NEAR(rounded.logits[i], on_cpu.logits[i], 0.05F * largest)
                        << c.tile_px << " " << i;
                }
            }
        }
    }
}

TEST_P(Gpu, FieldsAtTheSameTimeGiveTheSame) {
    const learn::Model model = model_of(GetParam(), tile_px, tile::Scaling::asinh_sigma);
    const Classifier classifier(model, device_, 1, learn::Precision::bf16);
    const image::Image wide = make_field(290, 371, info().margin_px);
    const tile::TileGrid grid{290, 371, tile_px};
    const tile::LocalNoise noise{};
    const FieldAnswer expected = classifier.classify(wide, grid, noise, 1);
    base::parallel_for(8, 40, [&](std::size_t) {
        const FieldAnswer answer = classifier.classify(wide, grid, noise, 1);
        EXPECT_EQ(answer.logits, expected.logits);
        EXPECT_EQ(answer.sums, expected.sums);
    });
}

TEST_P(Gpu, ScoresInBf16NearThoseOfFp32) {
    const learn::Model model =
        learn::random_model(GetParam(), tile_px, tile::Scaling::asinh_sigma, 7);
    const std::vector<float> tiles = make_tiles(300);
    const std::vector<float> exact = Classifier(model, {}, 1).scores(tiles);
    const std::vector<float> scores =
        Classifier(model, device_, 1, learn::Precision::bf16).scores(tiles);
    for (std::size_t i = 0; i < exact.size(); ++i) {
        EXPECT_NEAR(scores[i], exact[i], 0.02) << i;
    }
}

TEST_P(Gpu, TrainsAsTheCpuDoes) {
    learn::TrainSettings settings;
    settings.network = GetParam();
    settings.learning_rate = 1e-3;
    learn::TrainingStep on_cpu(settings, tile_px, {}, 1);
    learn::TrainingStep on_gpu(settings, tile_px, device_, 1);
    const std::vector<float> tiles = make_samples(40);
    std::vector<std::uint8_t> labels;
    std::vector<learn::SampleKey> keys;
    for (std::uint64_t i = 0; i < 40; ++i) {
        labels.push_back(static_cast<std::uint8_t>(i % 2));
        keys.push_back({1, 0, i});
    }
    for (int step = 0; step < 5; ++step) {
        const double cpu_loss = on_cpu.accumulate(tiles, labels, keys, 40).loss;
        const double gpu_loss = on_gpu.accumulate(tiles, labels, keys, 40).loss;
        EXPECT_NEAR(gpu_loss / cpu_loss, 1, 1e-3) << step;
        on_cpu.apply(settings.learning_rate);
        on_gpu.gradients();
        on_gpu.apply(settings.learning_rate);
    }
}

INSTANTIATE_TEST_SUITE_P(Networks, Gpu, testing::ValuesIn(learn::network_names()));

}  // namespace
}  // namespace faintweb::infer
