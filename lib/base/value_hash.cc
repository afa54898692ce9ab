#include "lib/base/value_hash.h"

#include <algorithm>
#include <cstring>

#include "lib/base/contract.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/base/vector.h"

namespace faintweb::base {
namespace {

constexpr std::size_t n_words = 8;  ///< of a digest
constexpr std::size_t n_rounds = 64;

// FIPS 180-4, sections 5.3.3 and 4.2.2.
constexpr std::array<std::uint32_t, n_words> first_state{
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
constexpr std::array<std::uint32_t, n_rounds> round_constants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

template <int lanes>
using Words = Vector<std::uint32_t, lanes>;

template <int lanes>
FAINTWEB_INLINE Words<lanes> rotated(Words<lanes> word, int n) {
    return (word >> n) | (word << (32 - n));
}

/// FIPS 180-4, section 6.2.2, of a block of as many streams as there are lanes.
///
/// @param values  of the first of them.
template <int lanes>
FAINTWEB_INLINE void add_block(const float* values, Words<lanes>* state) {
    constexpr std::size_t n = 16;
    Words<lanes> words[n];
    for (std::size_t i = 0; i < n; ++i) {
        std::memcpy(&words[i], values + i * ValueHash::n_streams, sizeof words[i]);
    }
    Words<lanes> a = state[0], b = state[1], c = state[2], d = state[3];
    Words<lanes> e = state[4], f = state[5], g = state[6], h = state[7];
#pragma GCC unroll 64
    for (std::size_t round = 0; round < n_rounds; ++round) {
        Words<lanes>& word = words[round % n];
        if (round >= n) {
            const Words<lanes> early = words[(round + 1) % n];
            const Words<lanes> late = words[(round + 14) % n];
            word += words[(round + 9) % n] +
                    (rotated<lanes>(early, 7) ^ rotated<lanes>(early, 18) ^ (early >> 3)) +
                    (rotated<lanes>(late, 17) ^ rotated<lanes>(late, 19) ^ (late >> 10));
        }
        const Words<lanes> first =
            h + (rotated<lanes>(e, 6) ^ rotated<lanes>(e, 11) ^ rotated<lanes>(e, 25)) +
            ((e & f) ^ (~e & g)) + round_constants[round] + word;
        const Words<lanes> second =
            (rotated<lanes>(a, 2) ^ rotated<lanes>(a, 13) ^ rotated<lanes>(a, 22)) +
            ((a & b) | (c & (a | b)));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    const Words<lanes> changes[n_words] = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < n_words; ++i) {
        state[i] += changes[i];
    }
}

/// @param state  [n_words, n_streams].
template <int lanes>
FAINTWEB_INLINE void add_blocks(const float* values, std::size_t n_blocks, std::uint32_t* state) {
    for (std::size_t stream = 0; stream < ValueHash::n_streams; stream += lanes) {
        Words<lanes> words[n_words];
        for (std::size_t i = 0; i < n_words; ++i) {
            words[i] = load<std::uint32_t, lanes>(state + i * ValueHash::n_streams + stream);
        }
        for (std::size_t block = 0; block < n_blocks; ++block) {
            add_block<lanes>(values + block * ValueHash::block_size + stream, words);
        }
        for (std::size_t i = 0; i < n_words; ++i) {
            store<std::uint32_t, lanes>(words[i], state + i * ValueHash::n_streams + stream);
        }
    }
}

FAINTWEB_FOR("x86-64-v4")
void add_by_16(const float* values, std::size_t n_blocks, std::uint32_t* state) {
    add_blocks<16>(values, n_blocks, state);
}
FAINTWEB_FOR("x86-64-v3")
void add_by_8(const float* values, std::size_t n_blocks, std::uint32_t* state) {
    add_blocks<8>(values, n_blocks, state);
}
void add_by_4(const float* values, std::size_t n_blocks, std::uint32_t* state) {
    add_blocks<4>(values, n_blocks, state);
}

}  // namespace

ValueHash::ValueHash(int max_lanes) : n_lanes_(std::min(max_lanes, widest_lanes())) {
    for (std::size_t i = 0; i < state_.size(); ++i) {
        state_[i] = first_state[i / n_streams];
    }
}

void ValueHash::add(std::span<const float> values) {
    FAINTWEB_EXPECTS(n_values_ % block_size == 0);
    const auto add_here = n_lanes_ == 16 ? add_by_16 : n_lanes_ == 8 ? add_by_8 : add_by_4;
    const std::size_t n_blocks = values.size() / block_size;
    add_here(values.data(), n_blocks, state_.data());
    const std::span<const float> rest = values.subspan(n_blocks * block_size);
    if (!rest.empty()) {
        std::array<float, block_size> block{};
        std::ranges::copy(rest, block.begin());
        add_here(block.data(), 1, state_.data());
    }
    n_values_ += values.size();
}

std::string ValueHash::finish() {
    // FIPS 180-4, section 5.1.1: a bit, zeros, and how many bits there were.
    const std::size_t n_blocks = (n_values_ + block_size - 1) / block_size;
    const std::uint64_t n_bits = n_blocks * block_size / n_streams * 32;
    std::array<std::uint32_t, block_size> end{};
    std::fill_n(end.begin(), n_streams, std::uint32_t{1} << 31);
    std::fill_n(end.end() - 2 * n_streams, n_streams, static_cast<std::uint32_t>(n_bits >> 32));
    std::fill_n(end.end() - n_streams, n_streams, static_cast<std::uint32_t>(n_bits));
    std::array<float, block_size> last;
    std::memcpy(last.data(), end.data(), sizeof last);
    add_by_4(last.data(), 1, state_.data());

    Sha256 whole;
    whole.add(text(n_values_, "\n"));
    for (std::size_t stream = 0; stream < n_streams; ++stream) {
        for (std::size_t i = 0; i < n_words; ++i) {
            const std::uint32_t word = state_[i * n_streams + stream];
            const std::array<std::uint8_t, 4> bytes{static_cast<std::uint8_t>(word >> 24),
                                                    static_cast<std::uint8_t>(word >> 16),
                                                    static_cast<std::uint8_t>(word >> 8),
                                                    static_cast<std::uint8_t>(word)};
            whole.add_values(std::span<const std::uint8_t>(bytes));
        }
    }
    return whole.finish();
}

}  // namespace faintweb::base
