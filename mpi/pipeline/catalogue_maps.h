// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/catalogue/records.h"
#include "lib/image/wcs.h"

/// The maps of a catalogue: their names, places and sky coordinates, and what its settings say of
/// its model.
namespace faintweb::pipeline {

/// A name for the files that belong to one map of a catalogue: its file's, with its number in front
/// where another map has the same.
std::string name_of_map(const catalogue::Catalogue& catalogue, catalogue::MapId map);

/// The name of each map's file; its path, as it was given, where another map has the same name.
std::vector<std::string> file_names_of_maps(const catalogue::Catalogue& catalogue);

/// Where a catalogue's settings keep the scale and the offset of its model's calibration.
inline constexpr std::array calibration_keys{"model.calibration_scale", "model.calibration_offset"};

/// Where a catalogue's settings keep learn::compact_sources_word() of its model.
inline constexpr const char* compact_sources_key = "model.compact_sources";

/// Where a map of a catalogue may be: where it was named, seen from here and from the catalogue's
/// folder, and where it was when the catalogue was made.
std::vector<std::string> places_of_map(const catalogue::Catalogue& catalogue,
                                       const std::string& catalogue_file,
                                       const catalogue::MapRecord& map);

/// The value of an entry of a catalogue's provenance, if it has one of this name.
std::optional<std::string> entry_of(const catalogue::Entries& entries, std::string_view name);

/// The kinds of files that a command may be given.
enum class FileKind { catalogue, model, map };

/// What a file is by its first bytes; anything else counts as a map, for the map reader to refuse.
FileKind kind_of(const std::string& path);

/// The sky coordinates of each map of a catalogue, where it has them.
std::vector<std::optional<image::Wcs>> wcs_of_maps(const catalogue::Catalogue& catalogue);

}  // namespace faintweb::pipeline
