// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/catalogue_files.h"

#include <filesystem>
#include <set>

#include "lib/base/file.h"
#include "lib/catalogue/maps.h"
#include "mpi/pipeline/catalogue_maps.h"
#include "mpi/pipeline/output_kinds.h"
#include "mpi/pipeline/paths.h"

namespace faintweb::pipeline {
namespace {

namespace fs = std::filesystem;
using base::Output;
using campaign::Campaign;

/// What the names of all that belongs to a catalogue begin with: its own without .h5, so that no
/// two catalogues share it.
std::string stem_of(const std::string& catalogue) {
    const fs::path path(catalogue);
    return path.extension() == ".h5" ? (path.parent_path() / path.stem()).string() : catalogue;
}

}  // namespace

std::string run_folder(const std::string& catalogue) {
    return stem_of(base::link_target(catalogue)) + ".run";
}

std::string lock_path(const std::string& catalogue) {
    return stem_of(base::link_target(catalogue)) + ".lock";
}

catalogue::Export export_of(const Campaign& campaign, const std::string& format) {
    const catalogue::ExportFormat& of_name = catalogue::export_format(format);
    return {&of_name, stem_of(catalogue_path(campaign)) + of_name.ending};
}

std::string pictures_folder(const Campaign& campaign) {
    return stem_of(catalogue_path(campaign)) + "-pictures";
}

std::vector<Output> outputs_of_pictures(const catalogue::Catalogue& catalogue,
                                        const std::string& folder_path) {
    std::vector<Output> outputs{folder(folder_path)};
    if (!is_folder(folder_path)) {
        return outputs;
    }
    std::set<std::string> maps;
    for (std::size_t map = 0; map < catalogue.maps.size(); ++map) {
        maps.insert(catalogue::name_of_map(catalogue, catalogue::MapId(map)));
    }
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_path, none)) {
        const std::string name = entry.path().filename().string();
        if (name.ends_with(".png") && maps.contains(name.substr(0, name.rfind("_field_")))) {
            outputs.push_back(picture_file(entry.path().string()));
        }
    }
    return outputs;
}

std::vector<std::string> inputs_of_catalogue(const std::string& path,
                                             const catalogue::Catalogue& catalogue) {
    std::vector<std::string> inputs{path};
    for (const catalogue::MapRecord& map : catalogue.maps) {
        const std::vector<std::string> places = places_of_map(catalogue, path, map);
        inputs.insert(inputs.end(), places.begin(), places.end());
    }
    return inputs;
}

}  // namespace faintweb::pipeline
