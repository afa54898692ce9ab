// What runs on a GPU against the same on the CPU; skipped, visibly, where there is none.

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/learn/classifier.h"
#include "lib/learn/training_step.h"

namespace faintweb::learn {
namespace {

constexpr int tile_px = 40;

class Gpu : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        device_ = choose_device("auto", 0);
        if (device_.kind != DeviceKind::cuda) {
            GTEST_SKIP() << "no GPU, or built without CUDA";
        }
    }

    static std::vector<float> make_tiles(std::size_t n) {
        std::vector<float> tiles(n * tile_px * tile_px);
        base::fill_normal(3, base::Purpose::test, 0, 0, tiles.size(), tiles.data());
        return tiles;
    }

    Device device_;
};

TEST_P(Gpu, ScoresAsTheCpuDoes) {
    const Model model = random_model(GetParam(), tile_px, tile::Scaling::asinh_sigma, 7);
    const std::vector<float> tiles = make_tiles(300);
    const std::vector<float> on_cpu = Classifier(model, {}, 1).scores(tiles);
    const std::vector<float> on_gpu = Classifier(model, device_, 1).scores(tiles);
    ASSERT_EQ(on_gpu.size(), on_cpu.size());
    for (std::size_t i = 0; i < on_cpu.size(); ++i) {
        EXPECT_NEAR(on_gpu[i], on_cpu[i], 1e-4) << i;
    }
}

TEST_P(Gpu, TrainsAsTheCpuDoes) {
    TrainSettings settings;
    settings.network = GetParam();
    settings.learning_rate = 1e-3;
    TrainingStep on_cpu(settings, tile_px, {}, 1);
    TrainingStep on_gpu(settings, tile_px, device_, 1);
    const std::vector<float> tiles = make_tiles(40);
    std::vector<std::uint8_t> labels;
    std::vector<SampleKey> keys;
    for (std::uint64_t i = 0; i < 40; ++i) {
        labels.push_back(static_cast<std::uint8_t>(i % 2));
        keys.push_back({1, 0, i});
    }
    for (int step = 0; step < 5; ++step) {
        const double cpu_loss = on_cpu.accumulate(tiles, labels, keys, 40).loss;
        const double gpu_loss = on_gpu.accumulate(tiles, labels, keys, 40).loss;
        EXPECT_NEAR(gpu_loss / cpu_loss, 1, 1e-3) << step;
        on_cpu.apply();
        on_gpu.gradients();
        on_gpu.apply();
    }
}

INSTANTIATE_TEST_SUITE_P(Networks, Gpu, testing::Values("cosmodeep", "cosmodeep_spp"));

}  // namespace
}  // namespace faintweb::learn
