#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "lib/catalogue/columns.h"
#include "mpi/io/hdf5_handle.h"

// What the writer and the reader of a catalogue share: its names, its types, its errors.
namespace faintweb::io {

namespace layout {

inline constexpr const char* format_name = "faintweb catalogue";
inline constexpr const char* tiles = "/tiles";
inline constexpr const char* fields = "/fields";
inline constexpr const char* score = "/score";
inline constexpr const char* local_rms = "/local_rms";
inline constexpr const char* provenance = "/provenance";
inline constexpr const char* maps = "/provenance/maps";
inline constexpr const char* headers = "/provenance/headers";
inline constexpr const char* campaign = "/provenance/campaign";
inline constexpr const char* settings = "/provenance/settings";
inline constexpr const char* versions = "/provenance/versions";
inline constexpr std::size_t header_card_bytes = 80;

}  // namespace layout

/// Stops HDF5 from printing its errors: we put them into exceptions.
void silence_hdf5();

/// How every HDF5 file is opened: without HDF5's locks, which some file systems refuse. What we
/// write has a name of its own until it is whole, and what we read is not written any more. (If the
/// user has set HDF5_USE_FILE_LOCKING, that decides.)
Hdf5Handle file_access();

/// HDF5's own account of its last failure as one line, innermost cause first.
std::string hdf5_stack();

/// Text of fixed length, UTF-8, padded with zeros; HDF5 knows no text of length 0.
Hdf5Handle text_type(std::size_t size_bytes);

/// The compound type of a table: the same in the file as in memory, so that nothing is converted.
Hdf5Handle record_type(std::span<const catalogue::Column> columns, std::size_t record_bytes);

/// The compound type of a row {key, value} of texts.
Hdf5Handle entry_type(std::size_t key_bytes, std::size_t value_bytes);

}  // namespace faintweb::io
