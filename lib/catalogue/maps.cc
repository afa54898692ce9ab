// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/maps.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include <fmt/core.h>

namespace faintweb::catalogue {

std::string name_of_map(const Catalogue& catalogue, MapId map) {
    const auto stem_of = [](const MapRecord& record) {
        return std::filesystem::path(record.path.str()).stem().string();
    };
    const std::string stem = stem_of(catalogue.maps[map.place()]);
    const auto n_alike = std::ranges::count(catalogue.maps, stem, stem_of);
    return n_alike > 1 ? fmt::format("map_{}_{}", map.value(), stem) : stem;
}

std::vector<std::string> file_names_of_maps(const Catalogue& catalogue) {
    std::map<std::string, int> n_named;
    std::vector<std::string> names;
    for (const MapRecord& map : catalogue.maps) {
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

std::vector<std::optional<image::Wcs>> wcs_of_maps(const Catalogue& catalogue) {
    std::vector<std::optional<image::Wcs>> wcs(catalogue.maps.size());
    for (std::size_t i = 0; i < wcs.size(); ++i) {
        if (catalogue.maps[i].has_wcs != 0) {
            wcs[i].emplace(catalogue.provenance.map_headers[i]);
        }
    }
    return wcs;
}

std::optional<std::string> entry_of(const Entries& entries, std::string_view name) {
    const auto found =
        std::ranges::find(entries, name, &std::pair<std::string, std::string>::first);
    return found == entries.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace faintweb::catalogue
