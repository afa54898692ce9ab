// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/export_formats.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <optional>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/catalogue/export.h"
#include "lib/catalogue/maps.h"
#include "lib/catalogue/score_map.h"
#include "lib/image/fits_write.h"
#include "lib/score/calibration.h"

namespace faintweb::catalogue {
namespace {

using base::Output;

/// How the model that made a catalogue was calibrated.
score::Calibration calibration_of(const Catalogue& catalogue) {
    const auto number = [&](const char* key) {
        const std::string text = entry_of(catalogue.provenance.settings, key).value_or("");
        double value = 0;
        const char* const end = text.data() + text.size();
        if (const auto [rest, error] = std::from_chars(text.data(), end, value);
            error != std::errc() || rest != end) {
            throw base::UsageError(
                fmt::format("cannot export probabilities (the catalogue does not say how its model "
                            "was calibrated: {} is missing), make it again or export its scores",
                            key));
        }
        return value;
    };
    return {number(calibration_keys[0]), number(calibration_keys[1])};
}

image::Image calibrated_map(const Catalogue& catalogue, MapId map) {
    return probability_map(catalogue, map, [calibration = calibration_of(catalogue)](float score) {
        return score::probability_of_score(calibration, score);
    });
}

/// An image of one pixel per tile.
struct TileImage {
    std::string name;         ///< "probability"; also the end of the files' names
    std::string description;  ///< for help and for the files
    std::string unit;         ///< BUNIT of the files; empty: none
    image::Image (*make)(const Catalogue& catalogue, MapId map);
};

std::string image_path(const Catalogue& catalogue,
                       MapId map,
                       const std::string& folder,
                       const TileImage& image) {
    return fmt::format("{}/{}_{}.fits", folder, name_of_map(catalogue, map), image.name);
}

void write_images(const Catalogue& catalogue, const std::string& folder, const TileImage& image) {
    base::make_folder(folder);
    const std::vector<std::optional<image::Wcs>> wcs = wcs_of_maps(catalogue);
    for (const MapRecord& map : catalogue.maps) {
        if (map.n_fields == 0) {
            continue;
        }
        const MapId number(map.map);
        image::FitsHeader header;
        header.object = map.object.str();
        header.bunit = image.unit;
        header.history = {fmt::format("faintweb: {}, one pixel per tile", image.description),
                          "a tile that ends at the map's edge stands at its nominal place",
                          "catalogue digest " + catalogue.digest};
        const auto first = std::ranges::find(catalogue.fields, map.map,
                                             [](const FieldRecord& field) { return field.map; });
        if (wcs[number.place()]) {
            header.wcs_cards = wcs[number.place()]->cards_of_blocks(0, 0, first->tile_px);
        }
        image::write_fits(image_path(catalogue, number, folder, image),
                          image.make(catalogue, number), header);
    }
}

std::string objection_to_image(const std::string& path) {
    return image::objection_to_fits(path, image::FitsContent::image);
}

std::string objection_to_table(const std::string& path) {
    return image::objection_to_fits(path, image::FitsContent::table);
}

std::vector<Output> outputs_of_images(const Catalogue& catalogue,
                                      const std::string& folder,
                                      const TileImage& image) {
    std::vector<Output> outputs{{.path = folder, .kind = Output::Kind::folder}};
    std::error_code none;
    // Where there is no folder yet there is nothing to replace.
    const std::size_t n_maps =
        std::filesystem::is_directory(folder, none) ? catalogue.maps.size() : 0;
    for (std::size_t map = 0; map < n_maps; ++map) {
        outputs.push_back({.path = image_path(catalogue, MapId(map), folder, image),
                           .objection = &objection_to_image});
    }
    return outputs;
}

ExportFormat folder_of_images(const TileImage& image) {
    return {.name = image.name,
            .ending = "-" + image.name,
            .help = "folder for FITS images of one pixel per tile: " + image.description,
            .outputs =
                [image](const Catalogue& catalogue, const std::string& path) {
                    return outputs_of_images(catalogue, path, image);
                },
            .write = [image](const Catalogue& catalogue,
                             const std::string& path) { write_images(catalogue, path, image); }};
}

/// What an export to one file makes.
///
/// @param objection  why a file is none of this format that we wrote.
auto one_file(std::string (*objection)(const std::string& path)) {
    return [objection](const Catalogue&, const std::string& path) {
        return std::vector<Output>{{.path = path, .objection = objection}};
    };
}

void write_regions(const Catalogue& catalogue, const std::string& path) {
    const std::vector<std::string> names = file_names_of_maps(catalogue);
    const std::vector<std::optional<image::Wcs>> wcs = wcs_of_maps(catalogue);
    std::vector<RegionFrame> frames(catalogue.maps.size());
    for (std::size_t i = 0; i < frames.size(); ++i) {
        frames[i].map_name = names[i];
        frames[i].wcs = wcs[i] ? &*wcs[i] : nullptr;
    }
    for (const FieldRecord& field : catalogue.fields) {
        frames[MapId(field.map).place()].tile_px = field.tile_px;
    }
    write_ds9_regions(path, catalogue.tiles, frames);
}

}  // namespace

const std::vector<ExportFormat>& export_formats() {
    static const std::vector<ExportFormat> formats{
        {.name = "csv",
         .ending = ".csv",
         .help = "file for comma-separated values",
         .outputs = one_file(&objection_to_csv),
         .write =
             [](const Catalogue& catalogue, const std::string& path) {
                 write_csv(path, catalogue.tiles, file_names_of_maps(catalogue));
             }},
        {.name = "fits",
         .ending = ".fits",
         .help = "file for a FITS binary table",
         .outputs = one_file(&objection_to_table),
         .write =
             [](const Catalogue& catalogue, const std::string& path) {
                 write_fits_table(path, catalogue.tiles, file_names_of_maps(catalogue),
                                  catalogue.digest);
             }},
        {.name = "ds9",
         .ending = ".reg",
         .help = "file for DS9 regions",
         .outputs = one_file(&objection_to_ds9),
         .write = &write_regions},
        folder_of_images({"probability", "calibrated probability of signal", "", &calibrated_map}),
        folder_of_images({"score", "the network's score, not calibrated", "", &score_map}),
        folder_of_images({"rms", "local rms of the noise, Jy/arcsec2", "Jy/arcsec2", &rms_map})};
    return formats;
}

std::vector<std::string> export_names() {
    std::vector<std::string> names;
    std::ranges::transform(export_formats(), std::back_inserter(names), &ExportFormat::name);
    return names;
}

const ExportFormat& export_format(const std::string& name) {
    const auto found = std::ranges::find(export_formats(), name, &ExportFormat::name);
    FAINTWEB_EXPECTS(found != export_formats().end());
    return *found;
}

void write_export(const Catalogue& catalogue, const Export& to) {
    to.format->write(catalogue, to.path);
    base::log_info(fmt::format("wrote {}", to.path));
}

}  // namespace faintweb::catalogue
