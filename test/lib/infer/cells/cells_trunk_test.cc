// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/cells/cells_trunk.h"

#include <tuple>

#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "lib/infer/forward_pass.h"
#include "lib/learn/cells_network.h"
#include "test/lib/infer/model_with_biases.h"

namespace faintweb::infer::cells {
namespace {

/// Network, tile edge.
class EachCellsTrunk : public testing::TestWithParam<std::tuple<std::string, int>> {
  protected:
    const int tile_px_ = std::get<1>(GetParam());
    const learn::CellsNetwork& network_ =
        dynamic_cast<const learn::CellsNetwork&>(learn::find_network(std::get<0>(GetParam())));
    const std::int64_t edge_px_ = tile_px_ + 2 * network_.sample_layout(tile_px_).margin_px;
    const learn::Model model_ =
        model_with_biases(network_.name(), tile_px_, tile::Scaling::asinh_sigma, 5, 0.3F);
    const c10::InferenceMode inference_;

    learn::NamedWeights weights(learn::Precision precision) const {
        return network_.inference_weights(at::kCPU, model_.tensors, precision);
    }
    at::Tensor random_tiles(std::int64_t n) const { return at::randn({n, 1, edge_px_, edge_px_}); }
};
INSTANTIATE_TEST_SUITE_P(
    Networks,
    EachCellsTrunk,
    testing::Combine(testing::Values("faintweb", "faintweb_fast", "faintweb_lite"),
                     testing::Values(8, 23, 40)),
    [](const auto& each) {
        return std::get<0>(each.param) + "_" + std::to_string(std::get<1>(each.param));
    });

TEST_P(EachCellsTrunk, GivesTheFeaturesOfLibTorchsLayers) {
    const at::Tensor tiles = random_tiles(7);
    const learn::NamedWeights fp32 = weights(learn::Precision::fp32);
    const at::Tensor expected = network_.features(fp32, tiles);
    const auto most = expected.abs().max().item<float>();
    EXPECT_GT(most, 1.0F);
    for (const int max_lanes : {4, 8, 16}) {
        const at::Tensor features = CellsTrunk(fp32, edge_px_, max_lanes).features(tiles);
        ASSERT_EQ(features.sizes(), expected.sizes());
        EXPECT_LT(features.sub(expected).abs().max().item<float>(), 2e-5F * most) << max_lanes;
    }
}

TEST_P(EachCellsTrunk, GivesATileTheSameAmongOthers) {
    const at::Tensor tiles = random_tiles(7);
    const CellsTrunk trunk(weights(learn::Precision::fp32), edge_px_);
    const at::Tensor alone = trunk.features(tiles.narrow(0, 5, 1));
    EXPECT_TRUE(trunk.features(tiles).narrow(0, 5, 1).equal(alone));
}

TEST(ForwardPass, SharesMarginsInFp32AndOfCellsAlone) {
    const auto can_share = [](const char* name, learn::Precision precision) {
        const learn::Model model = model_with_biases(name, 40, tile::Scaling::asinh_sigma, 5, 0.3F);
        return make_forward_pass(learn::find_network(name), model.tensors,
                                 {.precision = precision, .tile_px = 40, .group_size = 8})
            ->can_share_margins();
    };
    EXPECT_TRUE(can_share("faintweb_fast", learn::Precision::fp32));
    EXPECT_FALSE(can_share("faintweb_fast", learn::Precision::bf16));
    EXPECT_FALSE(can_share("cosmodeep", learn::Precision::fp32));
    EXPECT_FALSE(can_share("cosmodeep_spp", learn::Precision::bf16));
}

TEST_P(EachCellsTrunk, GivesATileTheSameWithSharedMargins) {
    const CellsTrunk trunk(weights(learn::Precision::fp32), edge_px_);
    EXPECT_EQ(trunk.can_share_margins(), tile_px_ % 8 == 0);
    if (!trunk.can_share_margins()) {
        return;
    }
    const Region region{2, 3};
    const at::Tensor pixels = at::randn({2, 1, edge_px_ + tile_px_, edge_px_ + 2 * tile_px_});
    const at::Tensor features = trunk.features(pixels, region);
    ASSERT_EQ(features.size(0), 12);
    for (std::int64_t tile = 0; tile < 12; ++tile) {
        const at::Tensor alone = pixels.narrow(0, tile / 6, 1)
                                     .narrow(2, tile % 6 / 3 * tile_px_, edge_px_)
                                     .narrow(3, tile % 3 * tile_px_, edge_px_)
                                     .contiguous();
        EXPECT_TRUE(features.narrow(0, tile, 1).equal(trunk.features(alone))) << tile;
    }
    EXPECT_TRUE(trunk.features(pixels, region).equal(features));
}

}  // namespace
}  // namespace faintweb::infer::cells
