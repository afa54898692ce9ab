// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/score_map.h"

#include <cmath>
#include <limits>
#include <span>

#include <fmt/core.h>

#include "lib/base/error.h"

namespace faintweb::catalogue {
namespace {

/// The pixel of a field's tile on the map that has one pixel per tile.
float& pixel_of(image::Image& image,
                const FieldRecord& field,
                std::int64_t tile_row,
                std::int64_t tile_column) {
    return image.at(field.y0 / field.tile_px + tile_row, field.x0 / field.tile_px + tile_column);
}

/// @param values  of all tiles of all fields.
/// @param none    what stands where a tile has no value.
image::Image map_of_tiles(const Catalogue& catalogue,
                          MapId map,
                          std::span<const float> values,
                          float none) {
    const MapRecord& record = catalogue.maps[map.place()];
    for (const FieldRecord& field : catalogue.fields) {
        if (MapId(field.map) == map &&
            (field.x0 % field.tile_px != 0 || field.y0 % field.tile_px != 0)) {
            throw base::UsageError(
                fmt::format("{}: its tiles form no grid (fields are no whole number of tiles), "
                            "classify it with a field_px that is a multiple of {}",
                            record.path.view(), field.tile_px));
        }
    }
    image::Image image;
    for (const FieldRecord& field : catalogue.fields) {
        if (MapId(field.map) != map) {
            continue;
        }
        const std::int64_t tile_px = field.tile_px;
        if (image.pixels.empty()) {
            image = image::make_image((record.rows + tile_px - 1) / tile_px,
                                      (record.cols + tile_px - 1) / tile_px,
                                      std::numeric_limits<float>::quiet_NaN());
        }
        for (std::int64_t t = 0; t < field.n_tiles(); ++t) {
            const float value = values[static_cast<std::size_t>(field.score_offset + t)];
            if (value != none) {
                pixel_of(image, field, t / field.n_tile_cols, t % field.n_tile_cols) = value;
            }
        }
    }
    if (image.pixels.empty()) {
        throw base::UsageError(fmt::format("{}: has no scores (it failed)", record.path.view()));
    }
    return image;
}

}  // namespace

image::Image score_map(const Catalogue& catalogue, MapId map) {
    return map_of_tiles(catalogue, map, catalogue.scores, no_score);
}

image::Image rms_map(const Catalogue& catalogue, MapId map) {
    return map_of_tiles(catalogue, map, catalogue.local_rms, static_cast<float>(no_rms));
}

image::Image probability_map(const Catalogue& catalogue,
                             MapId map,
                             const std::function<double(float)>& probability_of_score) {
    image::Image image = score_map(catalogue, map);
    for (float& pixel : image.pixels) {
        if (!std::isnan(pixel)) {
            pixel = static_cast<float>(probability_of_score(pixel));
        }
    }
    for (const TileRecord& tile : catalogue.tiles) {
        if (MapId(tile.map) == map) {
            pixel_of(image, catalogue.fields[static_cast<std::size_t>(tile.field)], tile.row,
                     tile.column) = tile.probability;
        }
    }
    return image;
}

}  // namespace faintweb::catalogue
