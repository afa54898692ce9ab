// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/packed_layer.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace faintweb::infer {
namespace {

TEST(PackedLayer, GivesWhatIsSummedInDouble) {
    const c10::InferenceMode inference;
    const at::Tensor weight = at::randn({96, 640}).div(16).to(at::kBFloat16);
    const at::Tensor bias = at::randn({96}).to(at::kBFloat16);
    const at::Tensor features = at::rand({20, 640}).to(at::kBFloat16);
    const auto layer = PackedLayer::make(weight, bias, features.size(0));
    if (!PackedLayer::can_pack()) {
        EXPECT_FALSE(layer);
        GTEST_SKIP() << "this processor has no AVX-512";
    }
    ASSERT_TRUE(layer) << "LibTorch was built without oneDNN";
    const at::Tensor expected =
        at::linear(features.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble)).relu();
    const at::Tensor error = (*layer)(features).to(at::kDouble).sub(expected).abs();
    EXPECT_LE(error.sub(expected.mul(0x1p-8)).max().item<double>(), 1e-4);
    EXPECT_GT(expected.max().item<double>(), 1);
}

}  // namespace
}  // namespace faintweb::infer
