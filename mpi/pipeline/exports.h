// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <algorithm>
#include <array>
#include <string>

#include "lib/catalogue/records.h"

/// Catalogues that are written in other formats.
namespace faintweb::pipeline {

/// What is exported as FITS images of one pixel per tile.
enum class MapQuantity { probability, score, rms };

/// How an image of one pixel per tile is named and described.
struct MapExport {
    MapQuantity quantity;
    const char* name;         ///< "probability"; also the end of the files' names
    const char* description;  ///< for help and for the files
    const char* unit;         ///< BUNIT of the files; empty: none
};

/// All quantities that can be exported as images.
inline constexpr std::array map_exports{
    MapExport{MapQuantity::probability, "probability", "calibrated probability of signal", ""},
    MapExport{MapQuantity::score, "score", "the network's score, not calibrated", ""},
    MapExport{MapQuantity::rms, "rms", "local rms of the noise, Jy/arcsec2", "Jy/arcsec2"}};

/// Where a catalogue is written in other formats. Each path may be empty.
struct ExportPaths {
    std::string csv;
    std::string fits;
    std::string ds9;
    /// Folders that get one image per map, in the order of map_exports.
    std::array<std::string, map_exports.size()> maps;

    bool is_empty() const {
        return csv.empty() && fits.empty() && ds9.empty() &&
               std::ranges::all_of(maps, &std::string::empty);
    }
};

/// Writes a catalogue in other formats, over what is there.
void write_exports(const catalogue::Catalogue& catalogue, const ExportPaths& paths);

}  // namespace faintweb::pipeline
