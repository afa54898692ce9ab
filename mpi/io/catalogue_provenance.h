// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/catalogue/records.h"
#include "mpi/io/hdf5.h"

// What a catalogue says of its making, with the maps that it was made of.
namespace faintweb::io {

/// Adds lines of text as an array of texts of one length.
void add_lines(const File& file, const std::string& path, const std::vector<std::string>& lines);

/// Adds maps and provenance to a file.
///
/// @return  the maps as they stand in the file.
std::vector<catalogue::MapRecord> add_provenance(const File& file,
                                                 std::vector<catalogue::MapRecord> maps,
                                                 const catalogue::Provenance& provenance);

/// Throws what the damage of a file means to whoever reads it.
using OnDamage = std::function<void(const std::string& reason)>;

/// Opens a dataset of a catalogue.
///
/// @param damaged  called if there is no such dataset, or if its size cannot be right.
Dataset open_dataset(const File& file, const std::string& path, const OnDamage& damaged);

/// Reads the provenance of a catalogue.
///
/// @param maps     of the catalogue, whose headers are read too.
/// @param damaged  called for what is not as it was written.
catalogue::Provenance read_provenance(const File& file,
                                      const std::vector<catalogue::MapRecord>& maps,
                                      const OnDamage& damaged);

}  // namespace faintweb::io
