// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/detect/field_rows.h"

#include <string>

#include "lib/base/log.h"
#include "lib/base/stopwatch.h"
#include "lib/catalogue/field_rows.h"
#include "lib/label/rule.h"
#include "lib/tile/grid.h"
#include "lib/tile/pixel_counts.h"
#include "mpi/pipeline/classify_field.h"
#include "mpi/pipeline/detect/model_fit.h"

namespace faintweb::pipeline {
namespace {

/// Jy/arcsec2 at the centre of each tile.
std::vector<float> local_rms_of(const FieldPixels& pixels, const tile::TileGrid& grid) {
    std::vector<float> rms(static_cast<std::size_t>(grid.count()),
                           static_cast<float>(catalogue::no_rms));
    for (tile::TileId t; t < grid.end() && !pixels.noise.rms.is_empty(); ++t) {
        const image::FieldWindow tile = grid.inside(t);
        rms[t.place()] = pixels.noise.rms.at(
            image::on_map(image::in_wide(tile.middle(), pixels.margin_px), pixels.noise.corner));
    }
    return rms;
}

}  // namespace

FieldRows::FieldRows(const campaign::DetectSettings& settings,
                     const LoadedModel& loaded,
                     const FieldPlan& plan,
                     int n_threads,
                     DetectProfile& profile)
    : settings_(settings),
      loaded_(loaded),
      plan_(plan),
      n_threads_(n_threads),
      profile_(profile),
      wcs_(plan.maps.size()) {}

catalogue::FieldResult FieldRows::classify(catalogue::FieldId field, const FieldPixels& pixels) {
    const learn::Model& model = loaded_.model;
    const image::MapInfo& info = plan_.map_of(field).info;
    const FieldClassification found =
        classify_field(pixels, loaded_, info.pixel_arcsec, n_threads_);
    const base::Stopwatch stopwatch;
    std::vector<std::uint8_t> labels;
    if (pixels.sky) {
        labels = label::label_tiles(*pixels.sky, found.grid, model.label_rule);
    }
    catalogue::ClassifiedField classified;
    classified.map = plan_.fields[field.place()].map;
    classified.field = field;
    classified.window = plan_.window_of(field);
    classified.grid = found.grid;
    classified.scores = found.scores;
    classified.fluxes = found.fluxes;
    classified.is_blank = found.is_blank;
    classified.labels = labels;
    classified.threshold = settings_.threshold.value_or(model.threshold);
    classified.probabilities = found.probabilities;
    classified.wcs = wcs_of(classified.map);
    classified.flags = fit_of(model, settings_, info).flags;
    classified.rms_jy_arcsec2 = static_cast<double>(found.answer.robust.rms);
    const std::vector<float> local_rms = local_rms_of(pixels, found.grid);
    classified.local_rms = local_rms;
    classified.pixels =
        tile::count_pixels(pixels.wide, found.grid, pixels.margin_px, found.is_blank);
    classified.window_hash = pixels.hash;
    catalogue::FieldResult result = catalogue::make_field_result(classified);
    profile_.add(pixels, found.answer, found.derive_s + stopwatch.seconds());
    return result;
}

catalogue::FieldResult FieldRows::fail(catalogue::FieldId field, const std::string& reason) const {
    base::log_warning("not used: " + reason);
    const image::MapWindow& window = plan_.window_of(field);
    return catalogue::make_failed_field(plan_.fields[field.place()].map, field, window,
                                        {window.rows, window.cols, loaded_.model.tile_px}, reason);
}

const image::Wcs* FieldRows::wcs_of(catalogue::MapId map) {
    const std::scoped_lock lock(mutex_);
    std::optional<image::Wcs>& wcs = wcs_[map.place()];
    const image::MapInfo& info = plan_.maps[map.place()].info;
    if (!info.has_wcs) {
        return nullptr;
    }
    if (!wcs) {
        wcs.emplace(info.header_cards);
    }
    return &*wcs;
}

catalogue::FieldResult with_place_of(const FieldPlan& plan,
                                     catalogue::FieldId field,
                                     catalogue::FieldResult result) {
    result.field.field = field.value();
    result.field.map = plan.fields[field.place()].map.value();
    for (catalogue::TileRecord& row : result.tiles) {
        row.field = result.field.field;
        row.map = result.field.map;
    }
    return result;
}

}  // namespace faintweb::pipeline
