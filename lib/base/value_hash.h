#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace faintweb::base {

/// SHA-256 of many floats, by as many streams at once as the widest vectors have lanes: with
/// AVX-512 in less than half the time that OpenSSL takes for one stream; with AVX2 in a quarter
/// more, where OpenSSL has instructions for it (test/bench/field_stages).
///
/// Value i is four bytes of stream i % 16, the highest first, as in a FITS file; zeros fill the
/// streams up to whole blocks of 64 bytes. The digest is SHA-256 of the number of values in
/// decimal, a line's end, and the SHA-256 of each stream.
///
/// @source FIPS 180-4
class ValueHash {
  public:
    static constexpr std::size_t n_streams = 16;
    static constexpr std::size_t block_size = 16 * n_streams;  ///< values

    /// @param max_lanes  of its vectors, 4, 8 or 16.
    explicit ValueHash(int max_lanes = 16);

    /// @param values  whole blocks, but in the last call.
    void add(std::span<const float> values);

    /// 64 lower-case hexadecimal digits. Ends the object's use.
    std::string finish();

  private:
    int n_lanes_;
    std::size_t n_values_ = 0;
    std::array<std::uint32_t, 8 * n_streams> state_;  ///< [8, n_streams]
};

}  // namespace faintweb::base
