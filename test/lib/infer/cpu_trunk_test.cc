#include "lib/infer/cpu_trunk.h"

#include <tuple>

#include <ATen/ops/conv2d.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "lib/learn/torch_network.h"
#include "test/lib/infer/model_with_biases.h"

namespace faintweb::infer {
namespace {

/// Network, tile edge.
class EachTrunk : public testing::TestWithParam<std::tuple<std::string, int>> {
  protected:
    const std::string network_ = std::get<0>(GetParam());
    const int tile_px_ = std::get<1>(GetParam());
    const learn::Trunk trunk_ = learn::trunk_of(network_);
    const std::int64_t edge_px_ = tile_px_ + 2 * learn::network_info(network_, tile_px_).margin_px;
    const learn::Model model_ =
        model_with_biases(network_, tile_px_, tile::Scaling::asinh_sigma, 5, 0.3F);
    const c10::InferenceMode inference_;

    std::vector<at::Tensor> weights(learn::Precision precision) const {
        return learn::weights_on(at::kCPU, trunk_, model_.tensors, precision);
    }
};
std::string name_of(const testing::TestParamInfo<EachTrunk::ParamType>& each) {
    return std::get<0>(each.param) + "_" + std::to_string(std::get<1>(each.param));
}
INSTANTIATE_TEST_SUITE_P(Networks,
                         EachTrunk,
                         testing::Combine(testing::ValuesIn(learn::network_names()),
                                          testing::Values(8, 23, 40)),
                         name_of);

TEST_P(EachTrunk, GivesTheFeaturesOfLibTorchsLayers) {
    const at::Tensor tiles = at::randn({7, edge_px_, edge_px_});
    const std::vector<at::Tensor> fp32 = weights(learn::Precision::fp32);
    const at::Tensor expected = learn::features_of(trunk_, fp32, tiles);
    const auto most = expected.abs().max().item<float>();
    EXPECT_GT(most, 1.0F);
    for (const int max_lanes : {4, 8, 16}) {
        const at::Tensor features = CpuTrunk(trunk_, fp32, edge_px_, max_lanes).features(tiles);
        ASSERT_EQ(features.sizes(), expected.sizes());
        EXPECT_LT(features.sub(expected).abs().max().item<float>(), 2e-5F * most) << max_lanes;
    }
}

TEST_P(EachTrunk, GivesATileTheSameAmongOthers) {
    const at::Tensor tiles = at::randn({7, edge_px_, edge_px_});
    const CpuTrunk trunk(trunk_, weights(learn::Precision::fp32), edge_px_);
    const at::Tensor alone = trunk.features(tiles.narrow(0, 5, 1));
    EXPECT_TRUE(trunk.features(tiles).narrow(0, 5, 1).equal(alone));
}

TEST_P(EachTrunk, SharesMarginsWhereTilesAreOfWholeBlocks) {
    EXPECT_EQ(CpuTrunk(trunk_, weights(learn::Precision::fp32), edge_px_).can_share_margins(),
              trunk_ == learn::Trunk::cells && tile_px_ % 8 == 0);
    EXPECT_FALSE(CpuTrunk(trunk_, weights(learn::Precision::bf16), edge_px_).can_share_margins());
}

class OurTrunk : public EachTrunk {};
INSTANTIATE_TEST_SUITE_P(
    Networks,
    OurTrunk,
    testing::Combine(testing::Values("faintweb", "faintweb_fast", "faintweb_lite"),
                     testing::Values(8, 40)),
    name_of);

TEST_P(OurTrunk, GivesATileTheSameWithSharedMargins) {
    const CpuTrunk trunk(trunk_, weights(learn::Precision::fp32), edge_px_);
    const Region region{2, 3};
    const at::Tensor pixels = at::randn({2, edge_px_ + tile_px_, edge_px_ + 2 * tile_px_});
    const at::Tensor features = trunk.features(pixels, region);
    ASSERT_EQ(features.size(0), 12);
    for (std::int64_t tile = 0; tile < 12; ++tile) {
        const at::Tensor alone = pixels.narrow(0, tile / 6, 1)
                                     .narrow(1, tile % 6 / 3 * tile_px_, edge_px_)
                                     .narrow(2, tile % 3 * tile_px_, edge_px_)
                                     .contiguous();
        EXPECT_TRUE(features.narrow(0, tile, 1).equal(trunk.features(alone))) << tile;
    }
    EXPECT_TRUE(trunk.features(pixels, region).equal(features));
}

class PapersTrunk : public EachTrunk {};
INSTANTIATE_TEST_SUITE_P(Networks,
                         PapersTrunk,
                         testing::Combine(testing::Values("cosmodeep", "cosmodeep_spp"),
                                          testing::Values(8, 23, 40)),
                         name_of);

TEST_P(PapersTrunk, RoundsTheFirstLayersMapsInBf16) {
    const at::Tensor tiles = at::randn({3, edge_px_, edge_px_});
    const std::vector<at::Tensor> bf16 = weights(learn::Precision::bf16);
    const at::Tensor first =
        at::max_pool2d(at::conv2d(tiles.unsqueeze(1), bf16[0], bf16[1], 1, 1), 2).relu();
    const at::Tensor expected = learn::features_behind(trunk_, bf16, first);
    for (const int max_lanes : {4, 8, 16}) {
        const at::Tensor features = CpuTrunk(trunk_, bf16, edge_px_, max_lanes).features(tiles);
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
}  // namespace faintweb::infer
