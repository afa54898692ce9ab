// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/cosmodeep/amx_convolution.h"

#include <tuple>

#include <ATen/ops/conv2d.h>
#include <ATen/ops/full.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "lib/infer/precision.h"

namespace faintweb::infer::cosmodeep {
namespace {

/// Edge, maps read, maps given.
class EachAmxConvolution
    : public testing::TestWithParam<std::tuple<std::int64_t, std::int64_t, std::int64_t>> {
  protected:
    void SetUp() override {
        if (!has_matrix_registers()) {
            GTEST_SKIP() << "this processor has no registers for matrices (AMX)";
        }
    }
    const c10::InferenceMode inference_;
};
INSTANTIATE_TEST_SUITE_P(Sizes,
                         EachAmxConvolution,
                         testing::Combine(testing::Values(2, 4, 11, 20, 33),
                                          testing::Values(32, 64),
                                          testing::Values(32, 64)));

TEST_P(EachAmxConvolution, GivesSumsInDoubleRoundedOnce) {
    const auto [edge, n_in, n_out] = GetParam();
    const at::Tensor maps = at::randn({1, n_in, edge, edge}).to(at::kBFloat16);
    const at::Tensor weight = at::randn({n_out, n_in, 3, 3}).div(16).to(at::kBFloat16);
    const at::Tensor bias = at::randn({n_out}).to(at::kBFloat16);
    const at::Tensor expected =
        at::max_pool2d(
            at::conv2d(maps.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble), 1, 1), 2)
            .relu();

    const AmxConvolution convolution(weight, bias);
    const std::int64_t n_maps = (edge + 2) * (edge + 2) * n_in;
    const at::Tensor read = at::zeros({convolution.n_read(edge)}, maps.options());
    read.slice(0, n_maps).fill_(1e30);
    read.narrow(0, 0, n_maps)
        .view({edge + 2, edge + 2, n_in})
        .narrow(0, 1, edge)
        .narrow(1, 1, edge)
        .copy_(maps[0].permute({1, 2, 0}));
    // One more, which has to stay as it is.
    const at::Tensor all = at::full({edge / 2 + 1, edge / 2, n_out}, 7, maps.options());
    base::LineVector<float> scratch(50'000, 3);
    convolution.run(static_cast<const std::uint16_t*>(read.const_data_ptr()), edge,
                    static_cast<std::uint16_t*>(all.mutable_data_ptr()), scratch);
    EXPECT_TRUE(all[edge / 2].eq(7).all().item<bool>());
    const at::Tensor out = all.narrow(0, 0, edge / 2);
    const at::Tensor error = out.permute({2, 0, 1}).to(at::kDouble).sub(expected[0]).abs();
    // Half of the last of 8 bits, and the rounding of sums in float.
    EXPECT_LE(error.sub(expected[0].mul(0x1p-8)).max().item<double>(), 1e-5);
    EXPECT_GT(expected.max().item<double>(), 1);
}

}  // namespace
}  // namespace faintweb::infer::cosmodeep
