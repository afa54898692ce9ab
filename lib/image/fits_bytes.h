// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace faintweb::image {

/// The bytes of a FITS file, on disk or unpacked from a .gz file into memory as far as they are
/// asked for.
class FitsBytes {
  public:
    /// Opens a plain path: links are followed; folders, pipes and devices are refused.
    ///
    /// @param max_unpacked_bytes  what a .gz file may hold.
    /// @throws InputError  if there is no such regular file or it cannot be read.
    FitsBytes(const std::string& path, std::int64_t max_unpacked_bytes);
    ~FitsBytes();
    FitsBytes(FitsBytes&&) noexcept;
    FitsBytes& operator=(FitsBytes&&) noexcept;

    /// Whether the file has at least n_bytes; a .gz file is unpacked that far.
    /// @throws InputError  if a .gz file is damaged or n_bytes is above its limit.
    bool reaches(std::int64_t n_bytes);
    /// Copies bytes that exist (see reaches()); several threads may at once.
    /// @throws InputError  if they cannot be read, or the file has become shorter.
    void copy(std::int64_t offset, std::span<char> to) const;
    /// Unpacks the rest of a .gz file without keeping it, so that its checksum is verified.
    /// @throws InputError  if it is damaged or longer than the limit.
    void verify_rest();

    bool is_unpacked() const;
    /// File descriptor of a file on disk; open as long as this object.
    int descriptor() const;
    /// The unpacked bytes so far.
    std::span<char> memory();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// A path as it is shown in a message: no control characters, so that a message stays one line.
std::string printable(const std::string& text);

}  // namespace faintweb::image
