// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/base/output.h"
#include "lib/catalogue/records.h"

/// The formats in which a catalogue is written beside its own.
namespace faintweb::catalogue {

/// A format, as one file or as a folder with an image of each map.
struct ExportFormat {
    std::string name;    ///< word of detect.exports and `detect --export`, option of `export`
    std::string ending;  ///< follows the catalogue's name without .h5
    std::string help;    ///< "file for comma-separated values"
    /// What writing to a path makes, and what is there that it may replace. Only the paths of the
    /// catalogue's maps are needed.
    std::function<std::vector<base::Output>(const Catalogue&, const std::string& path)> outputs;
    /// Writes a catalogue, over what is there.
    std::function<void(const Catalogue&, const std::string& path)> write;
};

/// All formats, each declared once: campaign keys, options and what is written follow from them.
const std::vector<ExportFormat>& export_formats();

/// The names of the formats, in their order.
std::vector<std::string> export_names();

/// The format of this name, which must be one.
const ExportFormat& export_format(const std::string& name);

/// A format, and the file or folder that it is written to.
struct Export {
    const ExportFormat* format;
    std::string path;
};

/// Writes a catalogue in another format, over what is there, and says so.
void write_export(const Catalogue& catalogue, const Export& to);

}  // namespace faintweb::catalogue
