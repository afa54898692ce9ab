// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <bit>
#include <cstdint>

/// Before a function that CUDA kernels call as well.
#ifdef __CUDACC__
#define FAINTWEB_ON_DEVICE __host__ __device__
#else
#define FAINTWEB_ON_DEVICE
#endif

// Elementary functions in plain float arithmetic that the compiler can turn into vectors. Accurate
// to about 1e-6, and the same bits on every processor: no tables, no fused operations, no library.
namespace faintweb::base {

/// log2 of a normal x > 0.
FAINTWEB_ON_DEVICE inline float fast_log2(float x) {
    const auto bits = std::bit_cast<std::int32_t>(x);
    // Splits x into 2^exponent * mantissa with the mantissa in sqrt(1/2) .. sqrt(2).
    const std::int32_t exponent = (bits - 0x3f3504f3) >> 23;
    const auto mantissa = std::bit_cast<float>(bits - exponent * (1 << 23));
    const float s = (mantissa - 1) / (mantissa + 1);
    const float s2 = s * s;
    const float series =
        2.88539008F +
        s2 * (0.961796694F + s2 * (0.577078016F + s2 * (0.412198583F + s2 * 0.32059890F)));
    return static_cast<float>(exponent) + s * series;
}

/// 2^x; x is clamped to -126 .. 126.
inline float fast_exp2(float x) {
    x = x < -126.0F ? -126.0F : x;
    x = x > 126.0F ? 126.0F : x;
    const std::int32_t whole = static_cast<std::int32_t>(x + 256.0F) - 256;
    const float f = x - static_cast<float>(whole);
    const float power =
        1.0F +
        f * (0.693147181F +
             f * (0.240226507F +
                  f * (0.0555041087F +
                       f * (0.00961812911F +
                            f * (0.00133335581F + f * (0.000154035304F + f * 1.52527e-5F))))));
    return power * std::bit_cast<float>((whole + 127) * (1 << 23));
}

/// sin(2 pi t) for t in -0.75 .. 0.75.
inline float fast_sin_turns(float t) {
    // Folded to a quarter turn, where the odd series has converged.
    const float folded = t > 0.25F ? 0.5F - t : (t < -0.25F ? -0.5F - t : t);
    const float a = 6.28318531F * folded;
    const float a2 = a * a;
    return a * (1.0F +
                a2 * (-0.166666667F +
                      a2 * (0.00833333333F + a2 * (-0.000198412698F +
                                                   a2 * (2.75573192e-6F - a2 * 2.50521084e-8F)))));
}

/// A well-mixed 32-bit hash.
/// @source Murmur3's finaliser (Appleby 2011, public domain).
inline std::uint32_t mix_bits(std::uint32_t x) {
    x ^= x >> 16;
    x *= 0x85ebca6bU;
    x ^= x >> 13;
    x *= 0xc2b2ae35U;
    x ^= x >> 16;
    return x;
}

/// (0, 1) from the upper 23 bits of a word: with one more, the largest would round up to 1.
inline float unit_interval(std::uint32_t word) {
    return (static_cast<float>(static_cast<std::int32_t>(word >> 9)) + 0.5F) * 0x1.0p-23F;
}

}  // namespace faintweb::base
