#include "lib/infer/int8_layer.h"

#include <cmath>
#include <tuple>

#include <ATen/ops/linear.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace faintweb::infer {
namespace {

/// Tiles, inputs, outputs.
class EachInt8Layer
    : public testing::TestWithParam<std::tuple<std::int64_t, std::int64_t, std::int64_t>> {
  protected:
    const std::int64_t n_tiles_ = std::get<0>(GetParam());
    const std::int64_t n_in_ = std::get<1>(GetParam());
    const std::int64_t n_out_ = std::get<2>(GetParam());
    const c10::InferenceMode inference_;
    /// Whole numbers of which each row has the largest, 127, and what 1 stands for in each row.
    const at::Tensor whole_weight_ = whole_numbers(n_out_, -127);
    const at::Tensor whole_features_ = whole_numbers(n_tiles_, 0);
    const at::Tensor weight_steps_ = at::rand({n_out_, 1}).add(0.5);
    const at::Tensor feature_steps_ = at::rand({n_tiles_, 1}).add(0.5);
    const at::Tensor weight_ = whole_weight_.mul(weight_steps_);
    const at::Tensor features_ = whole_features_.mul(feature_steps_);
    const at::Tensor bias_ = at::randn({n_out_});

    at::Tensor whole_numbers(std::int64_t n_rows, std::int64_t lowest) const {
        const at::Tensor numbers = at::randint(lowest, 128, {n_rows, n_in_});
        numbers.select(1, n_in_ / 2).fill_(127);
        return numbers;
    }
};
INSTANTIATE_TEST_SUITE_P(Sizes,
                         EachInt8Layer,
                         testing::Combine(testing::Values(1, 5, 12, 31),
                                          testing::Values(1, 50, 640, 2051),
                                          testing::Values(1, 16, 37)));

TEST_P(EachInt8Layer, SumsWholeNumbersExactly) {
    const at::Tensor sums =
        whole_features_.to(at::kDouble).matmul(whole_weight_.to(at::kDouble).transpose(0, 1));
    const at::Tensor expected =
        sums.mul(feature_steps_).mul(weight_steps_.transpose(0, 1)).add(bias_).relu();
    const at::Tensor given = Int8Layer(weight_, bias_)(features_);
    for (const int max_vector_bytes : {16, 32}) {
        EXPECT_TRUE(Int8Layer(weight_, bias_, max_vector_bytes)(features_).equal(given))
            << max_vector_bytes;
    }
    ASSERT_EQ(given.sizes(), expected.sizes());
    EXPECT_LT(given.sub(expected).abs().max().item<double>(),
              1e-6 * expected.max().item<double>() + 1e-5);
}

TEST_P(EachInt8Layer, GivesATileTheSameAmongOthers) {
    const Int8Layer layer(weight_, bias_);
    const std::int64_t last = n_tiles_ - 1;
    EXPECT_TRUE(layer(features_).narrow(0, last, 1).equal(layer(features_.narrow(0, last, 1))));
}

TEST(Int8Layer, IsNearTheLayerInFloat) {
    const c10::InferenceMode inference;
    const at::Tensor weight = at::randn({64, 6400});
    const at::Tensor bias = at::randn({64});
    const at::Tensor features = at::rand({20, 6400});
    const at::Tensor expected = at::linear(features, weight, bias).relu();
    const at::Tensor error = Int8Layer(weight, bias)(features).sub(expected);
    // Rounding to a step of 4 sigma / 127: a hundredth of each weight, at random.
    EXPECT_LT(error.square().mean().sqrt().item<double>(),
              0.02 * expected.square().mean().sqrt().item<double>());
}

TEST(Int8Layer, TakesWhatIsNearlyZeroAsZero) {
    const c10::InferenceMode inference;
    const at::Tensor bias = at::randn({8});
    const at::Tensor expected = bias.relu().unsqueeze(0);
    for (const double size : {0.0, 1e-40, 1e-37}) {
        const at::Tensor little = at::zeros({1, 12}).add(size);
        EXPECT_TRUE(Int8Layer(at::randn({8, 12}), bias)(little).equal(expected)) << size;
        EXPECT_TRUE(
            Int8Layer(little.expand({8, 12}).contiguous(), bias)(at::rand({1, 12})).equal(expected))
            << size;
    }
}

TEST(Int8Layer, TakesTheLargestNumbersThatItsSumsHold) {
    const c10::InferenceMode inference;
    const std::int64_t n = Int8Layer::max_inputs;
    const at::Tensor ones = at::zeros({1, n}).add(1);
    EXPECT_NEAR(Int8Layer(ones, at::zeros({1}))(ones).item<float>(),
                static_cast<float>(n),
                1e-6F * static_cast<float>(n));
}

}  // namespace
}  // namespace faintweb::infer
