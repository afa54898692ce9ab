#include "lib/catalogue/score_map.h"

#include <limits>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace faintweb::catalogue {

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
                scores.at(field.y0 / tile_px + t / field.n_tile_cols,
                          field.x0 / tile_px + t % field.n_tile_cols) = score;
            }
        }
    }
    if (scores.pixels.empty()) {
        throw base::UsageError(base::text(record.path.view(), ": has no scores (it failed)"));
    }
    return scores;
}

}  // namespace faintweb::catalogue
