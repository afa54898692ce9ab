// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/exports.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/catalogue/export.h"
#include "lib/catalogue/score_map.h"
#include "lib/image/fits_write.h"
#include "lib/image/wcs.h"
#include "lib/score/calibration.h"
#include "mpi/pipeline/catalogue_files.h"
#include "mpi/pipeline/catalogue_maps.h"

namespace faintweb::pipeline {
namespace {

/// How the model that made a catalogue was calibrated.
score::Calibration calibration_of(const catalogue::Catalogue& catalogue) {
    const auto number = [&](const char* key) {
        const std::string text = entry_of(catalogue.provenance.settings, key).value_or("");
        double value = 0;
        const char* const end = text.data() + text.size();
        if (const auto [rest, error] = std::from_chars(text.data(), end, value);
            error != std::errc() || rest != end) {
            throw base::UsageError(base::text(
                "cannot export probabilities (the catalogue does not say how its model was "
                "calibrated: ",
                key,
                " is missing), make it again or export its scores"));
        }
        return value;
    };
    return {number(calibration_keys[0]), number(calibration_keys[1])};
}

image::Image image_of(const catalogue::Catalogue& catalogue,
                      catalogue::MapId map,
                      MapQuantity quantity) {
    switch (quantity) {
        case MapQuantity::score:
            return catalogue::score_map(catalogue, map);
        case MapQuantity::rms:
            return catalogue::rms_map(catalogue, map);
        case MapQuantity::probability:
            break;
    }
    return catalogue::probability_map(
        catalogue, map, [calibration = calibration_of(catalogue)](float score) {
            return score::probability_of_score(calibration, score);
        });
}

void write_maps(const catalogue::Catalogue& catalogue,
                const MapExport& quantity,
                const std::string& folder) {
    base::make_folder(folder);
    const std::vector<std::optional<image::Wcs>> wcs = wcs_of_maps(catalogue);
    for (const catalogue::MapRecord& map : catalogue.maps) {
        if (map.n_fields == 0) {
            continue;
        }
        const catalogue::MapId number(map.map);
        image::FitsHeader header;
        header.object = map.object.str();
        header.bunit = quantity.unit;
        header.history = {base::text("faintweb: ", quantity.description, ", one pixel per tile"),
                          "a tile that ends at the map's edge stands at its nominal place",
                          "catalogue digest " + catalogue.digest};
        const auto first =
            std::ranges::find(catalogue.fields, map.map, [](const catalogue::FieldRecord& field) {
                return field.map;
            });
        if (wcs[number.place()]) {
            header.wcs_cards = wcs[number.place()]->cards_of_blocks(0, 0, first->tile_px);
        }
        image::write_fits(tile_map_path(catalogue, number, folder, quantity),
                          image_of(catalogue, number, quantity.quantity),
                          header);
    }
}

}  // namespace

void write_exports(const catalogue::Catalogue& catalogue, const ExportPaths& paths) {
    const std::vector<std::string> names = file_names_of_maps(catalogue);
    if (!paths.csv.empty()) {
        catalogue::write_csv(paths.csv, catalogue.tiles, names);
    }
    if (!paths.fits.empty()) {
        catalogue::write_fits_table(paths.fits, catalogue.tiles, names, catalogue.digest);
    }
    if (!paths.ds9.empty()) {
        const std::vector<std::optional<image::Wcs>> wcs = wcs_of_maps(catalogue);
        std::vector<catalogue::RegionFrame> frames(catalogue.maps.size());
        for (std::size_t i = 0; i < frames.size(); ++i) {
            frames[i].map_name = names[i];
            frames[i].wcs = wcs[i] ? &*wcs[i] : nullptr;
        }
        for (const catalogue::FieldRecord& field : catalogue.fields) {
            frames[catalogue::MapId(field.map).place()].tile_px = field.tile_px;
        }
        catalogue::write_ds9_regions(paths.ds9, catalogue.tiles, frames);
    }
    for (std::size_t i = 0; i < map_exports.size(); ++i) {
        if (!paths.maps[i].empty()) {
            write_maps(catalogue, map_exports[i], paths.maps[i]);
        }
    }
    std::vector<std::string> written{paths.csv, paths.fits, paths.ds9};
    written.insert(written.end(), paths.maps.begin(), paths.maps.end());
    for (const std::string& path : written) {
        if (!path.empty()) {
            base::log_info(base::text("wrote ", path));
        }
    }
}

}  // namespace faintweb::pipeline
