// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/precision.h"

#include <string>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "test/lib/learn/cpu_flags.h"

namespace faintweb::infer {
namespace {

TEST(Precision, IsOfTheNetworkToo) {
    EXPECT_EQ(choose_precision("auto", {}, "faintweb_lite"), learn::Precision::fp32);
    const bool has_bf16 = learn::cpu_has("avx512_bf16");
    EXPECT_EQ(choose_precision("auto", {}, "cosmodeep"),
              has_bf16 ? learn::Precision::bf16 : learn::Precision::fp32);
    EXPECT_EQ(kernels_of({}, learn::Precision::bf16).find(" with bf16") != std::string::npos,
              has_bf16);
    EXPECT_EQ(kernels_of({}, learn::Precision::fp32).find(" with bf16"), std::string::npos);
}

TEST(Precision, IsChosenByName) {
    EXPECT_EQ(choose_precision("fp32", {}, "cosmodeep"), learn::Precision::fp32);
    EXPECT_EQ(choose_precision("bf16", {}, "faintweb"), learn::Precision::bf16);
    EXPECT_THROW(choose_precision("int8", {}, "cosmodeep"), base::UsageError);
    EXPECT_THROW(choose_precision("half", {}, "cosmodeep"), base::UsageError);
}

TEST(MatrixRegisters, AreThereWhereTheProcessorSaysSo) {
    EXPECT_EQ(has_matrix_registers(), learn::cpu_has("amx_bf16"));
}

}  // namespace
}  // namespace faintweb::infer
