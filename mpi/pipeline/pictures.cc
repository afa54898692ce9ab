// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/pictures.h"

#include <filesystem>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/catalogue/maps.h"
#include "lib/image/wcs.h"
#include "lib/report/picture.h"
#include "lib/tile/grid.h"
#include "mpi/pipeline/catalogue_maps.h"

namespace faintweb::pipeline {
namespace {

std::string size_text(const image::MapInfo& info) {
    return fmt::format("{} x {} pixels", info.cols, info.rows);
}

/// The map as it was opened for the catalogue, whatever its header lacks.
///
/// @throws base::InputError  if it is nowhere, or what is there has other pixels or cannot be read.
image::FitsMap open_again(const catalogue::Catalogue& catalogue,
                          const std::string& catalogue_file,
                          const catalogue::MapRecord& map) {
    image::MapOptions options;
    options.hdu = map.hdu;
    // It was within the limit when it was classified, whatever the limit was.
    options.max_unpacked_bytes = std::numeric_limits<std::int64_t>::max();
    options.pixel_arcsec = map.pixel_arcsec;
    options.unit = image::parse_unit(map.unit.str());
    options.force_pixel = options.force_unit = options.force_beam = true;
    if (map.beam_major_arcsec > 0) {
        options.beam =
            image::Beam{map.beam_major_arcsec, map.beam_minor_arcsec, map.beam_angle_deg};
    }
    std::string failure;
    std::optional<image::FitsMap> changed;
    for (const std::string& place : places_of_map(catalogue, catalogue_file, map)) {
        std::error_code error;
        if (!std::filesystem::exists(place, error)) {
            continue;
        }
        try {
            image::FitsMap file = image::FitsMap::open(place, options);
            const image::MapInfo& info = file.info();
            if (map.header_sha256.view() == info.header_sha256) {
                return file;
            }
            if (info.cols != map.cols || info.rows != map.rows) {
                throw base::InputError(fmt::format(
                    "{}: has {} but the map that was classified had {} x {}, bring that one back",
                    place, size_text(info), map.cols, map.rows));
            }
            if (!changed) {
                changed = std::move(file);
            }
        } catch (const base::InputError& other) {
            failure = failure.empty() ? other.what() : failure;
        }
    }
    if (changed) {
        base::log_warning(
            changed->info().path +
            ": its header has changed since it was classified, it may be another map");
        return std::move(*changed);
    }
    throw base::InputError(!failure.empty()
                               ? failure
                               : fmt::format("{}: is neither where it was when it was classified "
                                             "nor, by this name, here or beside {}, bring it back",
                                             map.path.view(), catalogue_file));
}

}  // namespace

image::Image read_jy_arcsec2(const image::FitsMap& map,
                             const image::MapWindow& window,
                             double jy_arcsec2_per_unit) {
    image::Image image = map.read(window);
    for (float& value : image.pixels) {
        value = static_cast<float>(static_cast<double>(value) * jy_arcsec2_per_unit);
    }
    return image;
}

void draw_catalogue(const catalogue::Catalogue& catalogue,
                    const std::string& path,
                    const std::string& folder) {
    const std::vector<std::optional<image::Wcs>> wcs = catalogue::wcs_of_maps(catalogue);
    base::make_folder(folder);
    std::optional<image::FitsMap> map;
    std::optional<catalogue::MapId> open_map;
    std::int32_t number_in_map = 0;
    std::size_t first_tile = 0;
    int n_drawn = 0;
    for (std::size_t f = 0; f < catalogue.fields.size(); ++f) {
        const catalogue::FieldRecord& field = catalogue.fields[f];
        const catalogue::MapId number(field.map);
        const catalogue::MapRecord& record = catalogue.maps[number.place()];
        const bool is_new_map = number != open_map;
        number_in_map = is_new_map ? 0 : number_in_map + 1;
        open_map = number;
        std::vector<report::TileMark> marks;
        for (; first_tile < catalogue.tiles.size() &&
               catalogue.tiles[first_tile].field == static_cast<std::int32_t>(f);
             ++first_tile) {
            const catalogue::TileRecord& tile = catalogue.tiles[first_tile];
            const tile::TileGrid grid{field.rows, field.cols, field.tile_px};
            const image::MapPixel corner = image::on_map(
                image::FieldPixel{grid.first_col(tile.column), grid.first_row(tile.row)},
                {field.x0, field.y0});
            marks.push_back({corner.x, corner.y, static_cast<catalogue::Outcome>(tile.outcome),
                             tile.probability});
        }
        if (field.status == static_cast<std::int32_t>(catalogue::FieldStatus::failed)) {
            continue;
        }
        if (is_new_map || !map) {
            map = open_again(catalogue, path, record);
        }
        const std::string name =
            fmt::format("{}_field_{}", catalogue::name_of_map(catalogue, number), number_in_map);
        const image::Image pixels = read_jy_arcsec2(
            *map, {field.x0, field.y0, field.cols, field.rows}, record.jy_arcsec2_per_unit);
        const auto& wcs_here = wcs[number.place()];
        report::draw_field(folder + "/" + name + ".png",
                           {.pixels = pixels,
                            .pixel_arcsec = record.pixel_arcsec,
                            .title = name,
                            .tile_px = field.tile_px,
                            .tiles = marks,
                            .tiles_show = field.has_truth != 0 ? report::TilesShow::outcomes
                                                               : report::TilesShow::detections,
                            .x0_px = static_cast<double>(field.x0),
                            .y0_px = static_cast<double>(field.y0),
                            .wcs = wcs_here ? &*wcs_here : nullptr,
                            .beam = map->info().beam});
        ++n_drawn;
    }
    base::log_info(fmt::format("drew {} fields into {}", n_drawn, folder));
}

}  // namespace faintweb::pipeline
