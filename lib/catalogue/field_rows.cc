// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/field_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"

namespace faintweb::catalogue {
namespace {

FieldRecord field_record(MapId map,
                         FieldId field,
                         const image::MapWindow& window,
                         const tile::TileGrid& grid) {
    FieldRecord record;
    record.map = map.value();
    record.field = field.value();
    record.x0 = window.x0;
    record.y0 = window.y0;
    record.cols = window.cols;
    record.rows = window.rows;
    record.tile_px = static_cast<std::int32_t>(grid.tile_px);
    record.n_tile_rows = static_cast<std::int32_t>(grid.n_rows());
    record.n_tile_cols = static_cast<std::int32_t>(grid.n_cols());
    return record;
}

Outcome outcome_of(bool is_signal, bool is_detected) {
    if (is_signal) {
        return is_detected ? Outcome::signal_found : Outcome::signal_missed;
    }
    return is_detected ? Outcome::noise_called_signal : Outcome::noise;
}

void count_outcome(Outcome outcome, FieldRecord& record) {
    record.n_1c += outcome == Outcome::signal_found ? 1 : 0;
    record.n_1f += outcome == Outcome::signal_missed ? 1 : 0;
    record.n_0f += outcome == Outcome::noise_called_signal ? 1 : 0;
    record.n_0c += outcome == Outcome::noise ? 1 : 0;
}

/// The value as a T, or the nearest finite one with the flag set.
template <typename T>
T fitted(T value, std::int32_t& flags) {
    if (std::isfinite(value)) {
        return value;
    }
    flags |= TileFlag::flux_out_of_range;
    if (std::isnan(value)) {
        return 0;
    }
    return std::copysign(std::numeric_limits<T>::max(), value);
}

TileRecord tile_record(const ClassifiedField& classified, tile::TileId tile) {
    const tile::TileGrid& grid = classified.grid;
    const std::size_t t = tile.place();
    TileRecord record;
    record.map = classified.map.value();
    record.field = classified.field.value();
    record.row = static_cast<std::int32_t>(grid.row_of(tile));
    record.column = static_cast<std::int32_t>(grid.column_of(tile));
    record.flags = classified.flags;

    const double half_px = 0.5 * static_cast<double>(grid.tile_px - 1);
    const image::MapPixel corner =
        image::on_map(grid.inside(tile).corner(), classified.window.corner());
    record.x = static_cast<double>(corner.x) + half_px;
    record.y = static_cast<double>(corner.y) + half_px;
    const auto position =
        classified.wcs == nullptr ? std::nullopt : classified.wcs->sky(record.x, record.y);
    if (position) {
        record.ra = position->ra_deg;
        record.dec = position->dec_deg;
    } else {
        record.flags |= TileFlag::no_position;
    }
    if (grid.tile_px > grid.field_rows || grid.tile_px > grid.field_cols) {
        record.flags |= TileFlag::beyond_edge;
    }
    if (grid.is_moved(tile)) {
        record.flags |= TileFlag::overlaps;
    }

    record.score = classified.scores[t];
    const double probability = classified.probabilities.empty() ? static_cast<double>(record.score)
                                                                : classified.probabilities[t];
    record.probability = static_cast<float>(std::clamp(probability, 0.0, 1.0));

    const source::TileFlux& flux = classified.fluxes[t];
    record.n_blank = flux.n_blank;
    if (flux.n_blank > 0) {
        record.flags |= TileFlag::has_blanks;
    }
    record.flux_jy = fitted(flux.sum_jy, record.flags);
    record.peak_jy_arcsec2 = fitted(flux.peak_jy_arcsec2, record.flags);
    record.mean_jy_arcsec2 = fitted(flux.mean_jy_arcsec2, record.flags);
    record.rms_jy_arcsec2 = fitted(flux.rms_jy_arcsec2, record.flags);
    return record;
}

}  // namespace

FieldResult make_field_result(const ClassifiedField& classified) {
    const tile::TileGrid& grid = classified.grid;
    const auto n_tiles = static_cast<std::size_t>(grid.count());
    const bool has_truth = !classified.labels.empty();
    FAINTWEB_EXPECTS(classified.scores.size() == n_tiles);
    FAINTWEB_EXPECTS(classified.probabilities.empty() ||
                     classified.probabilities.size() == n_tiles);
    FAINTWEB_EXPECTS(classified.fluxes.size() == n_tiles);
    FAINTWEB_EXPECTS(classified.is_blank.size() == n_tiles);
    FAINTWEB_EXPECTS(classified.local_rms.empty() || classified.local_rms.size() == n_tiles);
    FAINTWEB_EXPECTS(!has_truth || classified.labels.size() == n_tiles);
    FAINTWEB_EXPECTS(classified.window.rows == grid.field_rows);
    FAINTWEB_EXPECTS(classified.window.cols == grid.field_cols);

    FieldResult result;
    result.field = field_record(classified.map, classified.field, classified.window, grid);
    result.field.has_truth = has_truth ? 1 : 0;
    result.field.flags = classified.flags;
    result.field.rms_jy_arcsec2 =
        std::isfinite(classified.rms_jy_arcsec2) ? classified.rms_jy_arcsec2 : no_rms;
    result.field.window_hash = classified.window_hash;
    result.field.n_searched_px = classified.pixels.n_searched;
    result.field.n_blank_px = classified.pixels.n_blank;
    result.field.n_unsearched_px = classified.pixels.n_unsearched;
    result.scores.assign(n_tiles, no_score);
    result.local_rms.assign(n_tiles, static_cast<float>(no_rms));

    for (std::size_t t = 0; t < n_tiles; ++t) {
        if (classified.is_blank[t] != 0) {
            ++result.field.n_blank;
            continue;
        }
        const float score = classified.scores[t];
        // Written so that NaN does not pass.
        if (!(score >= 0 && score <= 1)) {
            throw base::InputError(
                fmt::format("the network gave {:g} for tile {} (a score lies in [0, 1]), check the "
                            "map for extreme pixel values",
                            score, t));
        }
        result.scores[t] = score;
        if (!classified.local_rms.empty()) {
            result.local_rms[t] = classified.local_rms[t];
        }
        const bool is_detected = static_cast<double>(score) > classified.threshold;
        ++(is_detected ? result.field.n_detected : result.field.n_empty);
        const Outcome outcome =
            has_truth ? outcome_of(classified.labels[t] != 0, is_detected) : Outcome::none;
        count_outcome(outcome, result.field);
        if (is_detected || outcome == Outcome::signal_missed) {
            TileRecord record = tile_record(classified, tile::TileId(t));
            record.detected = is_detected ? 1 : 0;
            record.outcome = static_cast<std::int32_t>(outcome);
            if (has_truth) {
                record.label = classified.labels[t] != 0 ? 1 : 0;
            }
            result.tiles.push_back(record);
        }
    }
    if (result.field.n_blank == grid.count()) {
        result.field.status = static_cast<std::int32_t>(FieldStatus::blank);
        result.field.reason = "every tile is more than half blank";
    }
    return result;
}

FieldResult make_failed_field(MapId map,
                              FieldId field,
                              const image::MapWindow& window,
                              const tile::TileGrid& grid,
                              const std::string& reason) {
    FieldResult result;
    result.field = field_record(map, field, window, grid);
    result.field.status = static_cast<std::int32_t>(FieldStatus::failed);
    result.field.reason = reason;
    result.field.n_failed = static_cast<std::int32_t>(grid.count());
    result.scores.assign(static_cast<std::size_t>(grid.count()), no_score);
    result.local_rms.assign(result.scores.size(), static_cast<float>(no_rms));
    return result;
}

MapRecord make_map_record(MapId map,
                          const image::MapInfo& info,
                          std::int32_t n_fields,
                          std::int32_t flags,
                          const tile::MapNoise& noise,
                          const tile::NoiseMesh& mesh) {
    MapRecord record;
    record.map = map.value();
    record.cols = info.cols;
    record.rows = info.rows;
    record.hdu = info.hdu;
    record.n_fields = n_fields;
    record.has_wcs = info.has_wcs ? 1 : 0;
    record.flags = flags;
    record.pixel_arcsec = info.pixel_arcsec;
    if (info.beam) {
        record.beam_major_arcsec = info.beam->major_arcsec;
        record.beam_minor_arcsec = info.beam->minor_arcsec;
        record.beam_angle_deg = info.beam->angle_deg;
    }
    record.frequency_hz = info.frequency_hz;
    record.jy_arcsec2_per_unit = info.jy_arcsec2_per_unit;
    if (noise.rms > 0) {
        record.level_jy_arcsec2 = static_cast<double>(noise.level);
        record.rms_jy_arcsec2 = static_cast<double>(noise.rms);
    }
    record.noise_box_px = mesh.box_px;
    record.unit = image::unit_name(info.unit);
    record.object = info.object;
    record.header_sha256 = info.header_sha256;
    record.path = info.path;
    return record;
}

MapRecord make_failed_map(MapId map, const std::string& path, const std::string& reason) {
    MapRecord record;
    record.map = map.value();
    record.status = static_cast<std::int32_t>(FieldStatus::failed);
    record.reason = reason;
    record.path = path;
    return record;
}

}  // namespace faintweb::catalogue
