// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>

#include "lib/base/vector.h"

// The arithmetic of networks on a CPU, for vectors of any number of lanes, to be compiled once for
// every kind of processor.
namespace faintweb::infer {

template <int lanes>
using Vector = base::Vector<float, lanes>;

/// Reads a vector from memory of any alignment.
///
/// @param from  [lanes].
template <int lanes>
FAINTWEB_INLINE Vector<lanes> load(const float* from) {
    return base::load<float, lanes>(from);
}

/// Writes a vector to memory of any alignment.
///
/// @param to  [lanes].
template <int lanes>
FAINTWEB_INLINE void store(Vector<lanes> vector, float* to) {
    base::store<float, lanes>(vector, to);
}

/// Writes a vector as bf16, rounded to nearest even.
///
/// @param vector  finite.
/// @param to      [lanes] bits.
template <int lanes>
FAINTWEB_INLINE void store(Vector<lanes> vector, std::uint16_t* to) {
    using Bits = base::Vector<std::uint32_t, lanes>;
    const auto bits = reinterpret_cast<Bits>(vector);
    const Bits rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
    base::store<std::uint16_t, lanes>(
        __builtin_convertvector(rounded, base::Vector<std::uint16_t, lanes>), to);
}

/// The larger number of each lane; b's where either is NaN.
template <int lanes>
FAINTWEB_INLINE Vector<lanes> larger(Vector<lanes> a, Vector<lanes> b) {
    return a > b ? a : b;
}

/// The left factor of a product: value k of row r is at[(k / n_inner) * outer_step + r * row_step +
/// k % n_inner], so that rows may also be the pixels that a kernel sees at neighbouring places.
struct LeftFactor {
    const float* at;
    std::int64_t n_rows;
    std::int64_t row_step;
    std::int64_t n_outer;
    std::int64_t outer_step;
    std::int64_t n_inner;
};

/// The right factor, [n_outer * n_inner, n_cols], and what is added to each row of the product.
struct RightFactor {
    const float* at;
    std::int64_t n_cols;  ///< a multiple of the lanes
    const float* biases;  ///< [n_cols], or none
};

/// Rows of a product that are summed at once, each n_vectors wide: as many sums as there are
/// registers for, and with one vector as many as hide how long an addition takes.
template <int lanes, int n_vectors>
constexpr int max_rows = n_vectors == 1 || lanes >= 16 ? 12 : 6;

/// Computes n_rows rows of a product in n_vectors vectors of columns, all in registers.
///
/// @param left  value 0 of the first of these rows in the left factor.
/// @param col   first of these columns.
/// @param out   value 0 of the first of these rows in the product.
template <int lanes, int n_rows, int n_vectors>
FAINTWEB_INLINE void multiply_block(
    const LeftFactor& a, const float* left, const RightFactor& b, std::int64_t col, float* out) {
    Vector<lanes> sums[n_rows][n_vectors];
    for (int v = 0; v < n_vectors; ++v) {
        const Vector<lanes> start =
            b.biases == nullptr ? Vector<lanes>{} : load<lanes>(b.biases + col + v * lanes);
#pragma GCC unroll 12
        for (int row = 0; row < n_rows; ++row) {
            sums[row][v] = start;
        }
    }
    const float* right = b.at + col;
    for (std::int64_t outer = 0; outer < a.n_outer; ++outer) {
        for (std::int64_t inner = 0; inner < a.n_inner; ++inner) {
            Vector<lanes> factors[n_vectors];
#pragma GCC unroll 2
            for (int v = 0; v < n_vectors; ++v) {
                factors[v] = load<lanes>(right + v * lanes);
            }
#pragma GCC unroll 12
            for (int row = 0; row < n_rows; ++row) {
                const float factor = left[row * a.row_step + inner];
#pragma GCC unroll 2
                for (int v = 0; v < n_vectors; ++v) {
                    sums[row][v] += factor * factors[v];
                }
            }
            right += b.n_cols;
        }
        left += a.outer_step;
    }
#pragma GCC unroll 12
    for (int row = 0; row < n_rows; ++row) {
#pragma GCC unroll 2
        for (int v = 0; v < n_vectors; ++v) {
            store<lanes>(sums[row][v], out + row * b.n_cols + col + v * lanes);
        }
    }
}

/// Calls the multiply_block() that is compiled for a number of rows known only now.
///
/// @param n  rows, 0 .. n_rows; none are computed for 0.
template <int lanes, int n_vectors, int n_rows = max_rows<lanes, n_vectors>>
FAINTWEB_INLINE void multiply_rows(std::int64_t n,
                                   const LeftFactor& a,
                                   const float* left,
                                   const RightFactor& b,
                                   std::int64_t col,
                                   float* out) {
    if constexpr (n_rows > 0) {
        if (n == n_rows) {
            multiply_block<lanes, n_rows, n_vectors>(a, left, b, col, out);
        } else {
            multiply_rows<lanes, n_vectors, n_rows - 1>(n, a, left, b, col, out);
        }
    }
}

/// Computes a product n_vectors vectors of columns at a time, in blocks of about as many rows each.
///
/// @param b    n_cols is a multiple of n_vectors * lanes.
/// @param out  [n_rows, n_cols].
template <int lanes, int n_vectors>
FAINTWEB_INLINE void multiply_columns(const LeftFactor& a, const RightFactor& b, float* out) {
    const std::int64_t n_parts =
        (a.n_rows + max_rows<lanes, n_vectors> - 1) / max_rows<lanes, n_vectors>;
    for (std::int64_t part = 0; part < n_parts; ++part) {
        const std::int64_t first = a.n_rows * part / n_parts;
        const std::int64_t n = a.n_rows * (part + 1) / n_parts - first;
        const float* left = a.at + first * a.row_step;
        for (std::int64_t col = 0; col < b.n_cols; col += n_vectors * lanes) {
            multiply_rows<lanes, n_vectors>(n, a, left, b, col, out + first * b.n_cols);
        }
    }
}

/// Computes a product, by two vectors of columns at a time where its columns divide so.
///
/// @param out  [n_rows, n_cols].
template <int lanes>
FAINTWEB_INLINE void multiply(const LeftFactor& a, const RightFactor& b, float* out) {
    if (b.n_cols % (2 * lanes) == 0) {
        multiply_columns<lanes, 2>(a, b, out);
    } else {
        multiply_columns<lanes, 1>(a, b, out);
    }
}

}  // namespace faintweb::infer
