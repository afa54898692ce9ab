// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/catalogue/tables.h"
#include "mpi/comm/communicator.h"
#include "mpi/io/catalogue_file.h"

// What a catalogue's fields give to its tables: written and read back by all ranks.
namespace faintweb::io {

/// What all ranks know about the file before it is written: the place of every field's elements.
class RowLayout {
  public:
    explicit RowLayout(const std::vector<FieldSource::Size>& sizes);

    std::int64_t n_fields() const { return n_fields_; }
    /// The first element of a field in the tables of a kind; of field n_fields: all elements.
    std::int64_t first(catalogue::Per per, std::int64_t field) const {
        return first_[static_cast<std::size_t>(per)][static_cast<std::size_t>(field)];
    }
    std::int64_t n_elements(catalogue::Per per) const { return first(per, n_fields_); }
    /// Bytes of the elements of fields 0 .. field - 1.
    std::int64_t bytes_before(std::int64_t field) const;

  private:
    std::int64_t n_fields_ = 0;
    /// [n_pers][n_fields + 1]
    std::vector<std::vector<std::int64_t>> first_;
};

/// Writes the rows of all fields into the partial file of a catalogue, every rank its share, and
/// flushes it.
///
/// @param path  the catalogue's own.
/// @return      the checksum of every field, on every rank.
/// @collective yes: every rank.
std::vector<std::int64_t> write_rows(const comm::Communicator& communicator,
                                     const std::string& path,
                                     const RowLayout& layout,
                                     const FieldSource& source);

/// Reads all rows back and checks them against what was meant to be written: every rank those that
/// one on another host has written, where there are several, for its own may still remember what
/// never came to the disk.
///
/// @param path  of the file that was written.
/// @return      [rank 0] the digests of all fields, one after the other.
/// @collective yes: every rank.
std::string verify_rows(const comm::Communicator& communicator,
                        const std::string& path,
                        const RowLayout& layout,
                        std::span<const std::int64_t> checksums);

}  // namespace faintweb::io
