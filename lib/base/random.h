// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace faintweb::base {

/// What a stream of random numbers is for. Part of the key, so that no two uses share numbers.
enum class Purpose : std::uint32_t {
    halo_count = 1,
    halo_properties,
    halo_events,
    surface_points,
    texture,
    noise,
    weights,
    permutation,
    augmentation,
    dropout,
    test,
    point_sources,
    box_noise,
    lightcone,
};

/// Four 32-bit words of Philox4x32-10: a pure function of key and counter.
///
/// @source Salmon, Moraes, Dror & Shaw 2011 (SC11), "Parallel random numbers: as easy as 1, 2, 3";
///         the known-answer vectors of Random123 are the test.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// A stream of random numbers keyed by (seed, purpose, a, b), never by rank, thread or clock.
///
/// Streams with different keys are independent; a stream is cheap to make (no state but a counter).
/// `a` and `b` say what is drawn for: realisation and halo, epoch and sample, row and so on.
class RandomStream {
  public:
    RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t a = 0, std::uint32_t b = 0);

    std::uint32_t next_uint32();
    /// Uniform in the open interval (0, 1), 24 bits.
    float uniform();
    /// Uniform in the open interval (0, 1), 53 bits.
    double uniform_double();
    /// Uniform integer in [0, n), n >= 1, without bias.
    std::uint64_t below(std::uint64_t n);
    /// Standard normal (Box-Muller).
    double normal();
    /// Poisson of the given mean >= 0 (inversion below 30, PTRS of Hoermann 1993 above).
    std::uint64_t poisson(double mean);

  private:
    std::array<std::uint32_t, 2> key_;
    std::array<std::uint32_t, 4> counter_;
    std::array<std::uint32_t, 4> block_;
    unsigned n_used_ = 4;
    double spare_normal_ = 0;
    bool has_spare_ = false;
};

/// Standard normal numbers for elements [first, first + n) of row `a` of a keyed plane: element i
/// is a pure function of (seed, purpose, a, i), so any cut of a row gives the same values.
void fill_normal(std::uint64_t seed,
                 Purpose purpose,
                 std::uint64_t a,
                 std::uint64_t first,
                 std::uint64_t n,
                 float* out);

/// The permutation of 0 .. n-1 that belongs to (seed, a).
std::vector<std::uint64_t> permutation(std::uint64_t seed, std::uint64_t a, std::uint64_t n);

}  // namespace faintweb::base
