// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/catalogue_maps.h"

#include <filesystem>
#include <fstream>

#include "lib/catalogue/maps.h"
#include "mpi/io/catalogue_file.h"

namespace faintweb::pipeline {

std::vector<std::string> places_of_map(const catalogue::Catalogue& catalogue,
                                       const std::string& catalogue_file,
                                       const catalogue::MapRecord& map) {
    const std::filesystem::path named = map.path.str();
    std::vector<std::string> places{named.string()};
    if (named.is_relative()) {
        places.push_back((std::filesystem::path(catalogue_file).parent_path() / named).string());
        if (const auto folder = catalogue::entry_of(catalogue.provenance.run, io::folder_key)) {
            places.push_back((std::filesystem::path(*folder) / named).string());
        }
    }
    return places;
}

FileKind kind_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string first(9, '\0');
    file.read(first.data(), static_cast<std::streamsize>(first.size()));
    if (first.starts_with("\x89HDF")) {
        return FileKind::catalogue;
    }
    // Safetensors: eight bytes of length, then JSON.
    return first[8] == '{' ? FileKind::model : FileKind::map;
}

}  // namespace faintweb::pipeline
