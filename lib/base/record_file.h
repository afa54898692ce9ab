// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/file.h"

namespace faintweb::base {

// Append-only files that stay readable whatever happens to the process that writes them: every
// record is its length and CRC32C (4 bytes each, as this machine orders them), then its payload. A
// torn record at the end is no error, it was never written.

/// CRC-32C (Castagnoli) of bytes that follow those whose CRC is `before`.
/// @source RFC 3720, appendix B.4.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

/// The bytes of a record with this payload.
std::vector<std::byte> make_record(std::span<const std::byte> payload);

/// Bytes that a record takes beside its payload.
inline constexpr std::int64_t record_header_bytes = 8;

/// Appends records. All members throw DiskError where the disk is full or failing, InputError for
/// any other reason.
class RecordWriter {
  public:
    /// @param n_bytes  what is kept of a file that is there; the rest, a torn record, is cut off.
    explicit RecordWriter(const std::string& path, std::int64_t n_bytes = 0);

    /// Hands a record to the system in one write: it outlives this process from then on.
    /// @return  its offset in the file.
    std::int64_t append(std::span<const std::byte> payload);

    /// Returns when all records are on the disk: they outlive a loss of power from then on.
    void flush();

  private:
    std::string path_;
    Descriptor file_;
    std::int64_t n_bytes_;
};

/// Hands over the whole records of a file in their order. A file that is not there has none.
///
/// @param first  offset of the first record that is wanted.
/// @return       the offset behind the last whole record.
std::int64_t read_records(
    const std::string& path,
    std::int64_t first,
    const std::function<void(std::int64_t offset, std::span<const std::byte> payload)>& take);

/// The payload of the record at an offset.
/// @throws InputError  if there is no whole record, or its bytes have changed.
std::vector<std::byte> read_record(const Descriptor& file,
                                   const std::string& path,
                                   std::int64_t offset);

}  // namespace faintweb::base
