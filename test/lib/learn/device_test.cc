// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/device.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "test/lib/learn/cpu_flags.h"

namespace faintweb::learn {
namespace {

TEST(ChooseDevice, TakesTheCpuWhenAsked) {
    EXPECT_EQ(choose_device("cpu", 3), (Device{DeviceKind::cpu, 0}));
    EXPECT_EQ(device_name(choose_device("cpu", 0)), "cpu");
}

TEST(ChooseDevice, RefusesAnUnknownWord) {
    try {
        choose_device("gpu", 0);
        FAIL() << "accepted";
    } catch (const base::UsageError& error) {
        EXPECT_NE(std::string(error.what()).find("'gpu'"), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("auto, cpu, cuda"), std::string::npos);
    }
}

/// `auto` and `cuda` agree on whether there is a GPU; where there is none, the refusal says why.
TEST(ChooseDevice, SaysWhyThereIsNoGpu) {
    const Device automatic = choose_device("auto", 0);
    if (automatic.kind == DeviceKind::cuda) {
        EXPECT_EQ(choose_device("cuda", 0), automatic);
        EXPECT_EQ(device_name(automatic), "cuda:0");
        return;
    }
    EXPECT_EQ(automatic, (Device{DeviceKind::cpu, 0}));
    try {
        choose_device("cuda", 0);
        FAIL() << "accepted";
    } catch (const base::UsageError& error) {
        const std::string message = error.what();
#ifdef FAINTWEB_CUDA
        EXPECT_NE(message.find("no CUDA driver or GPU"), std::string::npos) << message;
#else
        EXPECT_NE(message.find("built without CUDA"), std::string::npos) << message;
#endif
        EXPECT_NE(message.find("'auto' or 'cpu'"), std::string::npos) << message;
    }
}

TEST(Bf16, RoundsToNearestEvenAndComesBack) {
    // 1 + 2^-8 and 1 + 3 * 2^-8 lie half-way between neighbours.
    std::vector<float> values{1, 1.00390625F, 1.01171875F, 1.004F, -3.14159F, 0, 1e38F};
    std::vector<std::uint16_t> bits(values.size());
    to_bf16({}, values, bits.data());
    EXPECT_EQ(bits,
              (std::vector<std::uint16_t>{0x3F80, 0x3F80, 0x3F82, 0x3F81, 0xC049, 0, 0x7E96}));
    from_bf16({}, bits.data(), values);
    EXPECT_EQ(values[3], 1.0078125F);
    EXPECT_EQ(values[4], -3.140625F);
}

#if defined(__x86_64__)
TEST(FastBf16, IsOfACpuWithAvx512AndOfEveryGpu) {
    ASSERT_TRUE(cpu_has("avx")) << "no flags of the CPU";
    EXPECT_EQ(has_fast_bf16({}), cpu_has("avx512bw"));
    EXPECT_TRUE(has_fast_bf16({DeviceKind::cuda, 1}));
}
#endif

TEST(Precision, HasAName) {
    EXPECT_EQ(precision_name(Precision::bf16), "bf16");
}

TEST(TorchVersion, IsOfMajorVersionTwo) {
    EXPECT_EQ(torch_version().substr(0, 2), "2.");
}

}  // namespace
}  // namespace faintweb::learn
