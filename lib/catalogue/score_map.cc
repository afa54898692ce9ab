#include "lib/catalogue/score_map.h"

#include <cmath>
#include <limits>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace faintweb::catalogue {
namespace {

/// The pixel of a field's tile on the map that has one pixel per tile.
float& pixel_of(image::Image& image,
                const FieldRecord& field,
                std::int64_t tile_row,
                std::int64_t tile_column) {
    return image.at(field.y0 / field.tile_px + tile_row, field.x0 / field.tile_px + tile_column);
}

}  // namespace

image::Image score_map(const Catalogue& catalogue, std::int32_t map) {
    const MapRecord& record = catalogue.maps[static_cast<std::size_t>(map)];
    for (const FieldRecord& field : catalogue.fields) {
        if (field.map == map && (field.x0 % field.tile_px != 0 || field.y0 % field.tile_px != 0)) {
            throw base::UsageError(
                base::text(record.path.view(),
                           ": its tiles form no grid (fields are no whole number "
                           "of tiles), classify it with a field_px that is a "
                           "multiple of ",
                           field.tile_px));
        }
    }
    image::Image scores;
    for (const FieldRecord& field : catalogue.fields) {
        if (field.map != map) {
            continue;
        }
        const std::int64_t tile_px = field.tile_px;
        if (scores.pixels.empty()) {
            scores = image::make_image((record.rows + tile_px - 1) / tile_px,
                                       (record.cols + tile_px - 1) / tile_px,
                                       std::numeric_limits<float>::quiet_NaN());
        }
        for (std::int64_t t = 0; t < field.n_tiles(); ++t) {
            const float score = catalogue.scores[static_cast<std::size_t>(field.score_offset + t)];
            if (score != no_score) {
                pixel_of(scores, field, t / field.n_tile_cols, t % field.n_tile_cols) = score;
            }
        }
    }
    if (scores.pixels.empty()) {
        throw base::UsageError(base::text(record.path.view(), ": has no scores (it failed)"));
    }
    return scores;
}

image::Image probability_map(const Catalogue& catalogue,
                             std::int32_t map,
                             const std::function<double(float)>& probability_of_score) {
    image::Image image = score_map(catalogue, map);
    for (float& pixel : image.pixels) {
        if (!std::isnan(pixel)) {
            pixel = static_cast<float>(probability_of_score(pixel));
        }
    }
    for (const TileRecord& tile : catalogue.tiles) {
        if (tile.map == map) {
            pixel_of(image,
                     catalogue.fields[static_cast<std::size_t>(tile.field)],
                     tile.row,
                     tile.column) = tile.probability;
        }
    }
    return image;
}

}  // namespace faintweb::catalogue
