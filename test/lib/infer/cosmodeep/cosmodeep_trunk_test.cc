// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/cosmodeep/cosmodeep_trunk.h"

#include <tuple>

#include <ATen/ops/conv2d.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "lib/learn/cosmodeep.h"
#include "test/lib/infer/model_with_biases.h"

namespace faintweb::infer::cosmodeep {
namespace {

/// Network, tile edge.
class EachCosmodeepTrunk : public testing::TestWithParam<std::tuple<std::string, int>> {
  protected:
    const int tile_px_ = std::get<1>(GetParam());
    const learn::Cosmodeep& network_ =
        dynamic_cast<const learn::Cosmodeep&>(learn::find_network(std::get<0>(GetParam())));
    const std::int64_t edge_px_ = tile_px_ + 2 * network_.sample_layout(tile_px_).margin_px;
    const learn::Model model_ =
        model_with_biases(network_.name(), tile_px_, tile::Scaling::asinh_sigma, 5, 0.3F);
    const c10::InferenceMode inference_;

    learn::NamedWeights weights(learn::Precision precision) const {
        return network_.inference_weights(at::kCPU, model_.tensors, precision);
    }
    at::Tensor random_tiles(std::int64_t n) const { return at::randn({n, 1, edge_px_, edge_px_}); }
};
INSTANTIATE_TEST_SUITE_P(Networks,
                         EachCosmodeepTrunk,
                         testing::Combine(testing::Values("cosmodeep", "cosmodeep_spp"),
                                          testing::Values(8, 23, 40)),
                         [](const auto& each) {
                             return std::get<0>(each.param) + "_" +
                                    std::to_string(std::get<1>(each.param));
                         });

TEST_P(EachCosmodeepTrunk, GivesTheFeaturesOfLibTorchsLayers) {
    const at::Tensor tiles = random_tiles(7);
    const learn::NamedWeights fp32 = weights(learn::Precision::fp32);
    const at::Tensor expected = network_.features(fp32, tiles);
    const auto most = expected.abs().max().item<float>();
    EXPECT_GT(most, 1.0F);
    for (const int max_lanes : {4, 8, 16}) {
        const at::Tensor features =
            CosmodeepTrunk(network_, fp32, edge_px_, max_lanes).features(tiles);
        ASSERT_EQ(features.sizes(), expected.sizes());
        EXPECT_LT(features.sub(expected).abs().max().item<float>(), 2e-5F * most) << max_lanes;
    }
}

TEST_P(EachCosmodeepTrunk, GivesATileTheSameAmongOthers) {
    const at::Tensor tiles = random_tiles(7);
    const CosmodeepTrunk trunk(network_, weights(learn::Precision::fp32), edge_px_);
    const at::Tensor alone = trunk.features(tiles.narrow(0, 5, 1));
    EXPECT_TRUE(trunk.features(tiles).narrow(0, 5, 1).equal(alone));
}

TEST_P(EachCosmodeepTrunk, RoundsTheFirstLayersMapsInBf16) {
    const at::Tensor tiles = random_tiles(3);
    const learn::NamedWeights bf16 = weights(learn::Precision::bf16);
    const at::Tensor first =
        at::max_pool2d(at::conv2d(tiles, bf16["conv1.weight"], bf16["conv1.bias"], 1, 1), 2).relu();
    const at::Tensor expected = network_.features_behind(bf16, first);
    for (const int max_lanes : {4, 8, 16}) {
        const at::Tensor features =
            CosmodeepTrunk(network_, bf16, edge_px_, max_lanes).features(tiles);
        ASSERT_EQ(features.sizes(), expected.sizes());
        // Where sums differ in their last bit, a map may be rounded to the neighbour in bf16, which
        // is 1 / 128 (at a power of two) to 1 / 256 of it away.
        EXPECT_LE(features.sub(expected).abs().max().item<float>(),
                  expected.abs().max().item<float>() / 128)
            << max_lanes;
        EXPECT_GT(features.eq(expected).to(at::kFloat).mean().item<float>(), 0.95F) << max_lanes;
    }
}

}  // namespace
}  // namespace faintweb::infer::cosmodeep
