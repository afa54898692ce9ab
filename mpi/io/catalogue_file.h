// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/catalogue/accounting.h"
#include "lib/catalogue/records.h"
#include "mpi/comm/communicator.h"

namespace faintweb::io {

/// Bytes that a rank has in memory of the rows that it writes, or reads back, in one go.
inline constexpr std::int64_t batch_bytes = std::int64_t{32} << 20;

/// The fields of a plan, ready to be written.
struct FieldSource {
    /// What a field gives to the tables.
    struct Size {
        std::int64_t n_rows = 0;  ///< of /tiles
        std::int64_t n_scores = 0;
    };
    /// Sizes of all fields in the order of the plan, the same on every rank.
    std::vector<Size> sizes;
    /// Gives a field by its place in the plan, on whatever rank writes it.
    std::function<catalogue::FieldResult(catalogue::FieldId field)> load;
};

/// What is known of a catalogue once it is written.
struct WrittenCatalogue {
    std::string digest;                ///< on every rank
    catalogue::Accounting accounting;  ///< on rank 0
};

/// Writes one catalogue, every rank its part of the fields.
///
/// Rows are ordered by field, whichever rank writes them, so that the datasets are the same for any
/// number of ranks. The file is written as PATH.partial, closed, flushed, read back and checked by
/// all ranks, each what one on another host has written if there are several; then rank 0 adds the
/// digest and renames it: a catalogue that exists is always whole. A rank holds the rows of some
/// dozens of MB of fields at a time and some 150 bytes for each field of the catalogue, rank 0 the
/// maps and /fields too.
///
/// @param path        the same on every rank.
/// @param maps        the plan; rank 0's counts, the others' are not read.
/// @param provenance  rank 0's counts, the others' is not read.
/// @throws Error  on every rank, whichever rank it happened to (a CollectiveError where all can
///     still leave in order). Code disk: too little room (checked before anything is written), a
///     disk that is read-only or failing, or writes that were lost, with HDF5's own account. Code
///     usage: no such folder. Code internal: a field's tiles do not add up. And what `load` throws.
///     Nothing is published then.
/// @collective yes: every rank of the communicator.
WrittenCatalogue write_catalogue(const comm::Communicator& communicator,
                                 const std::string& path,
                                 const std::vector<catalogue::MapRecord>& maps,
                                 const FieldSource& source,
                                 const catalogue::Provenance& provenance);

/// Where the run of a catalogue's provenance keeps the folder that relative paths started from.
inline constexpr const char* folder_key = "folder";

/// What a catalogue was made of.
struct CatalogueOrigin {
    std::vector<std::string> maps;  ///< their paths, in order
    std::string folder;             ///< that relative ones started from; empty if it is not known
    std::string model_sha256;
};

/// Reads what a catalogue of any format version was made of. It is serial and needs no MPI.
///
/// @return  none if the file is no catalogue of ours, or damaged.
std::optional<CatalogueOrigin> origin_of_catalogue(const std::string& path);

/// Reads a whole catalogue. It is serial and needs no MPI.
///
/// @throws UsageError  if the file is missing, no catalogue, of another format version, or damaged;
///     says which.
catalogue::Catalogue read_catalogue(const std::string& path);

}  // namespace faintweb::io
