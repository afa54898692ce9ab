// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/base/output.h"
#include "lib/campaign/campaign.h"
#include "lib/catalogue/records.h"
#include "mpi/pipeline/exports.h"

/// The files that belong to a catalogue: where they lie, and what making them reads and replaces.
namespace faintweb::pipeline {

/// Where the results of a catalogue lie until it is written.
std::string run_folder(const std::string& catalogue);

/// The lock of a catalogue and of its run folder.
std::string lock_path(const std::string& catalogue);

/// The files that `detect` writes beside the catalogue in one of detect.exports.
ExportPaths export_paths(const campaign::Campaign& campaign, const std::string& format);

/// The folder of the pictures that `detect` draws.
std::string pictures_folder(const campaign::Campaign& campaign);

/// The image of a map in a folder for such images.
std::string tile_map_path(const catalogue::Catalogue& catalogue,
                          catalogue::MapId map,
                          const std::string& folder,
                          const MapExport& quantity);

/// The files that an export of a catalogue writes.
///
/// @param catalogue  only the paths of its maps are needed.
std::vector<base::Output> outputs_of_export(const catalogue::Catalogue& catalogue,
                                            const ExportPaths& paths);

/// The files that drawing a catalogue replaces in a folder.
std::vector<base::Output> outputs_of_pictures(const catalogue::Catalogue& catalogue,
                                              const std::string& folder);

/// The files that exporting and drawing a catalogue read.
std::vector<std::string> inputs_of_catalogue(const std::string& path,
                                             const catalogue::Catalogue& catalogue);

}  // namespace faintweb::pipeline
