// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/pooling.h"

#include <cmath>
#include <limits>

#include <ATen/ops/empty.h>
#include <ATen/ops/max_pool2d.h>
#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::learn {
namespace {

/// Of few values, so that many are equal; as many below 0 as above.
at::Tensor some_values(at::IntArrayRef sizes, std::uint64_t seed) {
    at::Tensor values = at::empty(sizes, at::MemoryFormat::ChannelsLast);
    float* data = values.mutable_data_ptr<float>();
    base::RandomStream stream(seed, base::Purpose::test, 0, 0);
    for (std::int64_t i = 0; i < values.numel(); ++i) {
        data[i] = std::round(stream.uniform() * 12 - 6) / 4;
    }
    return values;
}

class PoolAndRelu : public testing::TestWithParam<at::ScalarType> {};
INSTANTIATE_TEST_SUITE_P(Types,
                         PoolAndRelu,
                         testing::Values(at::ScalarType::Float,
                                         at::ScalarType::BFloat16,
                                         at::ScalarType::Double));

/// Against LibTorch's own: even and odd sizes, channels that fill no vector, contiguous slopes.
TEST_P(PoolAndRelu, IsPoolingThenRelu) {
    for (const std::vector<std::int64_t>& sizes : {std::vector<std::int64_t>{3, 32, 8, 8},
                                                   {2, 5, 7, 6},
                                                   {1, 64, 2, 3},
                                                   {70, 1, 9, 9},
                                                   {0, 4, 8, 8}}) {
        at::Tensor maps = some_values(sizes, 1).to(GetParam());
        at::Tensor same_maps = maps.clone();
        maps.set_requires_grad(true);
        same_maps.set_requires_grad(true);
        const at::Tensor pooled = pool_and_relu(maps);
        const at::Tensor expected = at::max_pool2d(same_maps, 2).relu();
        ASSERT_EQ(pooled.scalar_type(), GetParam());
        EXPECT_TRUE(pooled.equal(expected)) << maps.sizes();
        if (GetParam() != at::ScalarType::Double) {  // ours
            EXPECT_TRUE(pooled.is_contiguous(at::MemoryFormat::ChannelsLast));
        }
        const at::Tensor slope = some_values(expected.sizes(), 2).to(GetParam()).contiguous();
        pooled.backward(slope);
        expected.backward(slope);
        EXPECT_TRUE(maps.grad().equal(same_maps.grad())) << maps.sizes();
    }
}

TEST_P(PoolAndRelu, CarriesWhatIsNoNumber) {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    constexpr float infinity = std::numeric_limits<float>::infinity();
    at::Tensor maps = some_values({1, 3, 2, 2}, 1);
    float* data = maps.mutable_data_ptr<float>();
    data[0] = nan;
    data[3 + 1] = -nan;
    data[2] = infinity;
    data[3 + 2] = -infinity;
    const at::Tensor pooled = pool_and_relu(maps.to(GetParam())).to(at::ScalarType::Float);
    EXPECT_TRUE(std::isnan(pooled.const_data_ptr<float>()[0]));
    EXPECT_TRUE(std::isnan(pooled.const_data_ptr<float>()[1]));
    EXPECT_EQ(pooled.const_data_ptr<float>()[2], infinity);
}

}  // namespace
}  // namespace faintweb::learn
