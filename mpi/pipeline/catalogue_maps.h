// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/catalogue/records.h"

/// Where the maps of a catalogue lie, and what a file is that a command was given.
namespace faintweb::pipeline {

/// Where a catalogue's settings keep learn::compact_sources_word() of its model.
inline constexpr const char* compact_sources_key = "model.compact_sources";

/// Where a map of a catalogue may be: where it was named, seen from here and from the catalogue's
/// folder, and where it was when the catalogue was made.
std::vector<std::string> places_of_map(const catalogue::Catalogue& catalogue,
                                       const std::string& catalogue_file,
                                       const catalogue::MapRecord& map);

/// The kinds of files that a command may be given.
enum class FileKind { catalogue, model, map };

/// What a file is by its first bytes; anything else counts as a map, for the map reader to refuse.
FileKind kind_of(const std::string& path);

}  // namespace faintweb::pipeline
