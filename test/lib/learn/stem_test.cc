#include "lib/learn/stem.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace faintweb::learn {
namespace {

class Stem : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Edges, Stem, testing::Values(8, 23, 40));

TEST_P(Stem, IsConvolutionMaximumAndRelu) {
    const c10::InferenceMode inference;
    const at::Tensor tiles = at::randn({3, GetParam(), GetParam()});
    // A number of maps that fills no vector, too.
    for (const std::int64_t n_maps : {32, 5}) {
        const at::Tensor weight = at::randn({n_maps, 1, 3, 3});
        const at::Tensor bias = at::randn({n_maps});
        const at::Tensor expected =
            at::max_pool2d(at::conv2d(tiles.unsqueeze(1), weight, bias, 1, 1), 2).relu();
        const at::Tensor exact = stem(tiles, weight, bias, at::ScalarType::Float);
        EXPECT_TRUE(exact.is_contiguous(at::MemoryFormat::ChannelsLast));
        ASSERT_EQ(exact.sizes(), expected.sizes());
        EXPECT_LT(exact.sub(expected).abs().max().item<float>(), 1e-5F);
        EXPECT_GT(expected.max().item<float>(), 1.0F);
        // Rounded as LibTorch rounds.
        const at::Tensor rounded = stem(tiles, weight, bias, at::ScalarType::BFloat16);
        EXPECT_TRUE(rounded.equal(exact.to(at::ScalarType::BFloat16)));
    }
}

}  // namespace
}  // namespace faintweb::learn
