// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/catalogue/records.h"
#include "lib/image/wcs.h"

/// The maps of a catalogue: their names and sky coordinates, and what its settings say of its
/// model.
namespace faintweb::catalogue {

/// A name for the files that belong to one map of a catalogue: its file's, with its number in front
/// where another map has the same.
std::string name_of_map(const Catalogue& catalogue, MapId map);

/// The name of each map's file; its path, as it was given, where another map has the same name.
std::vector<std::string> file_names_of_maps(const Catalogue& catalogue);

/// The sky coordinates of each map of a catalogue, where it has them.
std::vector<std::optional<image::Wcs>> wcs_of_maps(const Catalogue& catalogue);

/// Where a catalogue's settings keep the scale and the offset of its model's calibration.
inline constexpr std::array calibration_keys{"model.calibration_scale", "model.calibration_offset"};

/// The value of an entry of a catalogue's provenance, if it has one of this name.
std::optional<std::string> entry_of(const Entries& entries, std::string_view name);

}  // namespace faintweb::catalogue
