// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/catalogue_files.h"

#include <filesystem>
#include <set>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/catalogue/export.h"
#include "lib/image/fits_write.h"
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

ExportPaths export_paths(const Campaign& campaign, const std::string& format) {
    const std::string stem = stem_of(catalogue_path(campaign));
    ExportPaths paths;
    if (format == "csv") {
        paths.csv = stem + ".csv";
    } else if (format == "fits") {
        paths.fits = stem + ".fits";
    } else if (format == "ds9") {
        paths.ds9 = stem + ".reg";
    }
    for (std::size_t i = 0; i < map_exports.size(); ++i) {
        if (format == map_exports[i].name) {
            paths.maps[i] = stem + "-" + format;
        }
    }
    return paths;
}

std::string pictures_folder(const Campaign& campaign) {
    return stem_of(catalogue_path(campaign)) + "-pictures";
}

std::string tile_map_path(const catalogue::Catalogue& catalogue,
                          catalogue::MapId map,
                          const std::string& folder_path,
                          const MapExport& quantity) {
    return base::text(folder_path, "/", name_of_map(catalogue, map), "_", quantity.name, ".fits");
}

std::vector<Output> outputs_of_export(const catalogue::Catalogue& catalogue,
                                      const ExportPaths& paths) {
    std::vector<Output> outputs;
    if (!paths.csv.empty()) {
        outputs.push_back({.path = paths.csv, .objection = catalogue::objection_to_csv});
    }
    if (!paths.fits.empty()) {
        outputs.push_back({.path = paths.fits, .objection = [](const std::string& there) {
                               return image::objection_to_fits(there, image::FitsContent::table);
                           }});
    }
    if (!paths.ds9.empty()) {
        outputs.push_back({.path = paths.ds9, .objection = catalogue::objection_to_ds9});
    }
    for (std::size_t i = 0; i < map_exports.size(); ++i) {
        const std::string& images = paths.maps[i];
        if (images.empty()) {
            continue;
        }
        outputs.push_back(folder(images));
        // Where there is no folder yet there is nothing to replace.
        const std::size_t n_maps = is_folder(images) ? catalogue.maps.size() : 0;
        for (std::size_t map = 0; map < n_maps; ++map) {
            outputs.push_back(fits_image(
                tile_map_path(catalogue, catalogue::MapId(map), images, map_exports[i])));
        }
    }
    return outputs;
}

std::vector<Output> outputs_of_pictures(const catalogue::Catalogue& catalogue,
                                        const std::string& folder_path) {
    std::vector<Output> outputs{folder(folder_path)};
    if (!is_folder(folder_path)) {
        return outputs;
    }
    std::set<std::string> maps;
    for (std::size_t map = 0; map < catalogue.maps.size(); ++map) {
        maps.insert(name_of_map(catalogue, catalogue::MapId(map)));
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
