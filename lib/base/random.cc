// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/random.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

namespace faintweb::base {
namespace {

constexpr std::uint32_t multiplier_0 = 0xD2511F53U;
constexpr std::uint32_t multiplier_1 = 0xCD9E8D57U;
constexpr std::uint32_t weyl_0 = 0x9E3779B9U;
constexpr std::uint32_t weyl_1 = 0xBB67AE85U;

std::uint32_t low(std::uint64_t value) {
    return static_cast<std::uint32_t>(value);
}
std::uint32_t high(std::uint64_t value) {
    return static_cast<std::uint32_t>(value >> 32);
}

/// Mixes seed and purpose into a 64-bit key (the finaliser of SplitMix64, Steele et al. 2014).
std::array<std::uint32_t, 2> make_key(std::uint64_t seed, Purpose purpose) {
    std::uint64_t z = seed + 0x9E3779B97F4A7C15ULL * (1 + static_cast<std::uint64_t>(purpose));
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    z ^= z >> 31;
    return {low(z), high(z)};
}

/// (0, 1) in 24 bits: never 0, so that logarithms are safe, nor 1, to which the largest would
/// round.
float to_uniform(std::uint32_t word) {
    return std::fmin((static_cast<float>(word >> 8) + 0.5F) * 0x1.0p-24F, 1.0F - 0x1.0p-24F);
}

std::pair<float, float> box_muller(std::uint32_t first, std::uint32_t second) {
    // 32 bits for the radius: the tail then reaches 6.7 sigma.
    const float uniform = (static_cast<float>(first) + 0.5F) * 0x1.0p-32F;
    const float radius = std::sqrt(-2.0F * std::log(std::fmin(uniform, 1.0F - 0x1.0p-24F)));
    const float angle = 2.0F * std::numbers::pi_v<float> * to_uniform(second);
    return {radius * std::cos(angle), radius * std::sin(angle)};
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t product_0 = static_cast<std::uint64_t>(multiplier_0) * counter[0];
        const std::uint64_t product_1 = static_cast<std::uint64_t>(multiplier_1) * counter[2];
        counter = {high(product_1) ^ counter[1] ^ key[0], low(product_1),
                   high(product_0) ^ counter[3] ^ key[1], low(product_0)};
        key[0] += weyl_0;
        key[1] += weyl_1;
    }
    return counter;
}

RandomStream::RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t a, std::uint32_t b)
    : key_(make_key(seed, purpose)), counter_{0, b, low(a), high(a)}, block_{} {}

std::uint32_t RandomStream::next_uint32() {
    if (n_used_ == 4) {
        block_ = philox4x32(counter_, key_);
        ++counter_[0];
        n_used_ = 0;
    }
    return block_[n_used_++];
}

float RandomStream::uniform() {
    return to_uniform(next_uint32());
}

double RandomStream::uniform_double() {
    const std::uint64_t first = next_uint32();
    const std::uint64_t bits = (first << 32 | next_uint32()) >> 11;
    return (static_cast<double>(bits) + 0.5) * 0x1.0p-53;
}

std::uint64_t RandomStream::below(std::uint64_t n) {
    const std::uint64_t limit =
        std::numeric_limits<std::uint64_t>::max() - std::numeric_limits<std::uint64_t>::max() % n;
    for (;;) {
        const std::uint64_t first = next_uint32();
        const std::uint64_t value = first << 32 | next_uint32();
        if (value < limit) {
            return value % n;
        }
    }
}

double RandomStream::normal() {
    if (has_spare_) {
        has_spare_ = false;
        return spare_normal_;
    }
    const double radius = std::sqrt(-2.0 * std::log(uniform_double()));
    const double angle = 2.0 * std::numbers::pi * uniform_double();
    spare_normal_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
}

std::uint64_t RandomStream::poisson(double mean) {
    if (mean < 30) {
        const double limit = std::exp(-mean);
        std::uint64_t count = 0;
        for (double product = uniform_double(); product > limit; product *= uniform_double()) {
            ++count;
        }
        return count;
    }
    // PTRS: transformed rejection with squeeze (Hoermann 1993, Insurance: Mathematics and Economics
    // 12).
    const double b = 0.931 + 2.53 * std::sqrt(mean);
    const double a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    const double v_r = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        const double u = uniform_double() - 0.5;
        const double v = uniform_double();
        const double us = 0.5 - std::fabs(u);
        const double k = std::floor((2 * a / us + b) * u + mean + 0.43);
        if (us >= 0.07 && v <= v_r) {
            return static_cast<std::uint64_t>(k);
        }
        if (k < 0 || (us < 0.013 && v > us)) {
            continue;
        }
        if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <=
            k * std::log(mean) - mean - std::lgamma(k + 1)) {
            return static_cast<std::uint64_t>(k);
        }
    }
}

void fill_normal(std::uint64_t seed,
                 Purpose purpose,
                 std::uint64_t a,
                 std::uint64_t first,
                 std::uint64_t n,
                 float* out) {
    const std::array<std::uint32_t, 2> key = make_key(seed, purpose);
    for (std::uint64_t block = first / 4; block * 4 < first + n; ++block) {
        const auto words = philox4x32({low(block), high(block), low(a), high(a)}, key);
        const auto [n0, n1] = box_muller(words[0], words[1]);
        const auto [n2, n3] = box_muller(words[2], words[3]);
        const std::array<float, 4> values{n0, n1, n2, n3};
        for (std::uint64_t lane = 0; lane < 4; ++lane) {
            const std::uint64_t i = block * 4 + lane;
            if (i >= first && i < first + n) {
                out[i - first] = values[lane];
            }
        }
    }
}

std::vector<std::uint64_t> permutation(std::uint64_t seed, std::uint64_t a, std::uint64_t n) {
    std::vector<std::uint64_t> order(n);
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    RandomStream stream(seed, Purpose::permutation, a);
    for (std::uint64_t i = n; i > 1; --i) {
        std::swap(order[i - 1], order[stream.below(i)]);
    }
    return order;
}

}  // namespace faintweb::base
