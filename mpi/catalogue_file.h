#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/catalogue/records.h"
#include "mpi/communicator.h"

namespace faintweb::mpi {

/// Writes one catalogue from what all ranks hold.
///
/// Rows are ordered by field, whichever rank holds them, so that the datasets are the same for any
/// number of ranks. The file is written as PATH.partial, closed, flushed, read back and checked by
/// rank 0, which then adds the digest and renames it: a catalogue that exists is always whole.
///
/// @param path            the same on every rank.
/// @param maps            the plan; rank 0's counts, the others' are not read.
/// @param mine            the fields that this rank holds, in any order; may be empty.
/// @param n_fields_total  fields of the plan, the same on every rank.
/// @param provenance      rank 0's counts, the others' is not read.
/// @return                the catalogue's digest, on every rank.
/// @throws Error  on every rank, whichever rank it happened to (an AgreedError where all can still
/// leave
///                in order). Code disk: too little room (checked before anything is written), a
///                disk that is read-only or failing, or writes that were lost, with HDF5's own
///                account. Code usage: no such folder. Code internal: a field is missing, is held
///                twice, or its tiles do not add up. Nothing is published then.
/// @collective yes: every rank of the communicator.
std::string write_catalogue(const Communicator& communicator,
                            const std::string& path,
                            const std::vector<catalogue::MapRecord>& maps,
                            std::vector<catalogue::FieldResult> mine,
                            std::int64_t n_fields_total,
                            const catalogue::Provenance& provenance);

/// Reads a whole catalogue. Serial: needs no MPI.
///
/// @throws UsageError  if the file is missing, no catalogue, of another format version, or damaged;
///     says which.
catalogue::Catalogue read_catalogue(const std::string& path);

}  // namespace faintweb::mpi
