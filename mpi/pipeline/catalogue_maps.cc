// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/catalogue_maps.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "lib/base/text.h"
#include "mpi/io/catalogue_file.h"

namespace faintweb::pipeline {

std::string name_of_map(const catalogue::Catalogue& catalogue, catalogue::MapId map) {
    const auto stem_of = [](const catalogue::MapRecord& record) {
        return std::filesystem::path(record.path.str()).stem().string();
    };
    const std::string stem = stem_of(catalogue.maps[map.place()]);
    const auto n_alike = std::ranges::count(catalogue.maps, stem, stem_of);
    return n_alike > 1 ? base::text("map_", map, "_", stem) : stem;
}

std::vector<std::string> file_names_of_maps(const catalogue::Catalogue& catalogue) {
    std::map<std::string, int> n_named;
    std::vector<std::string> names;
    for (const catalogue::MapRecord& map : catalogue.maps) {
        names.push_back(std::filesystem::path(map.path.str()).filename().string());
        ++n_named[names.back()];
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (n_named[names[i]] > 1) {
            names[i] = catalogue.maps[i].path.str();
        }
    }
    return names;
}

std::vector<std::string> places_of_map(const catalogue::Catalogue& catalogue,
                                       const std::string& catalogue_file,
                                       const catalogue::MapRecord& map) {
    const std::filesystem::path named = map.path.str();
    std::vector<std::string> places{named.string()};
    if (named.is_relative()) {
        places.push_back((std::filesystem::path(catalogue_file).parent_path() / named).string());
        if (const auto folder = entry_of(catalogue.provenance.run, io::folder_key)) {
            places.push_back((std::filesystem::path(*folder) / named).string());
        }
    }
    return places;
}

std::optional<std::string> entry_of(const catalogue::Entries& entries, std::string_view name) {
    const auto found =
        std::ranges::find(entries, name, &std::pair<std::string, std::string>::first);
    return found == entries.end() ? std::nullopt : std::optional(found->second);
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

std::vector<std::optional<image::Wcs>> wcs_of_maps(const catalogue::Catalogue& catalogue) {
    std::vector<std::optional<image::Wcs>> wcs(catalogue.maps.size());
    for (std::size_t i = 0; i < wcs.size(); ++i) {
        if (catalogue.maps[i].has_wcs != 0) {
            wcs[i].emplace(catalogue.provenance.map_headers[i]);
        }
    }
    return wcs;
}

}  // namespace faintweb::pipeline
