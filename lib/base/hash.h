// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace faintweb::base {

/// SHA-256, fed piece by piece.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void add(std::span<const std::byte> bytes);
    void add(std::string_view text);
    template <typename T>
    void add_values(std::span<const T> values) {
        add(std::as_bytes(values));
    }
    /// The digest of all that was added, 64 lower-case hexadecimal digits. Ends the object's use.
    std::string finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// XXH3 of 128 bits, fed piece by piece: for pixels, as fast as they are read. It tells data apart
/// that differ by chance, not by design. The digest is what `xxhsum -H2` and Python's
/// `xxhash.xxh3_128_hexdigest` print.
class Xxh3 {
  public:
    Xxh3();
    ~Xxh3();
    Xxh3(const Xxh3&) = delete;
    Xxh3& operator=(const Xxh3&) = delete;

    void add(std::span<const std::byte> bytes);
    /// The digest of all that was added, 32 lower-case hexadecimal digits.
    std::string finish() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// XXH3 of 128 bits, as 32 lower-case hexadecimal digits.
std::string xxh3_128(std::span<const std::byte> bytes);

/// SHA-256 of a text, as 64 lower-case hexadecimal digits.
std::string sha256(std::string_view text);

/// SHA-256 of all bytes of a file, as 64 lower-case hexadecimal digits.
///
/// @throws InputError  if the file cannot be read.
std::string sha256_of_file(const std::string& path);

/// SHA-256 of the size of a file and of pieces of 64 KiB: 16 evenly spaced ones, the first at its
/// start, and the last of the file. It is quick for any size; all bytes of a file of up to 1 MiB
/// count.
///
/// @throws InputError  if the file cannot be read.
std::string sha256_of_pieces(const std::string& path);

}  // namespace faintweb::base
