// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/accounting.h"

#include <tuple>

#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/base/units.h"
#include "lib/catalogue/columns.h"

namespace faintweb::catalogue {
namespace {

template <typename... Values>
[[noreturn]] void throw_lost(fmt::format_string<const Values&...> problem,
                             const Values&... values) {
    throw base::Error(
        base::ExitCode::internal,
        fmt::format("the catalogue does not add up: {} (a fault of this program), please report it",
                    fmt::format(problem, values...)));
}

constexpr double arcsec2_per_deg2 = base::arcsec_per_deg * base::arcsec_per_deg;

std::int64_t n_ceil(std::int64_t length, std::int64_t edge) {
    return (length + edge - 1) / edge;
}

/// The rows that a field has in /tiles.
std::int64_t n_rows_of(const FieldRecord& field) {
    return field.n_detected + field.n_1f;
}

void check_counts(const FieldRecord& field) {
    if (field.tile_px < 1 || field.n_tile_rows != n_ceil(field.rows, field.tile_px) ||
        field.n_tile_cols != n_ceil(field.cols, field.tile_px)) {
        throw_lost("field {} is not cut into the tiles that its size gives", field.field);
    }
    const std::int64_t n_accounted =
        std::int64_t{field.n_detected} + field.n_empty + field.n_blank + field.n_failed;
    if (n_accounted != field.n_tiles()) {
        throw_lost("field {} has {} tiles, accounted for {}", field.field, field.n_tiles(),
                   n_accounted);
    }
    const bool is_failed = field.status == static_cast<std::int32_t>(FieldStatus::failed);
    if (is_failed != (field.n_failed == field.n_tiles()) || (!is_failed && field.n_failed != 0)) {
        throw_lost("field {} is failed in part", field.field);
    }
    const std::int64_t n_pixels = field.n_searched_px + field.n_blank_px + field.n_unsearched_px;
    if (n_pixels != (is_failed ? 0 : field.rows * field.cols)) {
        throw_lost("field {} has {} pixels, accounted for {}", field.field, field.rows * field.cols,
                   n_pixels);
    }
    const bool counts_match = field.has_truth == 0
                                  ? field.n_1c + field.n_1f + field.n_0f + field.n_0c == 0
                                  : field.n_1c + field.n_0f == field.n_detected &&
                                        field.n_1f + field.n_0c == field.n_empty;
    if (!counts_match) {
        throw_lost("the outcomes of field {} do not sum to its tiles", field.field);
    }
}

/// The fields of one map lie side by side in bands, without gap or overlap.
void check_cover(const MapRecord& map, std::span<const FieldRecord> fields) {
    std::int64_t x = 0;
    std::int64_t y = 0;
    for (const FieldRecord& field : fields) {
        const std::int64_t band_rows = x == 0 ? field.rows : (&field - 1)->rows;
        if (field.x0 != x || field.y0 != y || field.rows != band_rows || field.cols < 1 ||
            field.rows < 1) {
            throw_lost("field {} does not follow on the one before it in the map", field.field);
        }
        x += field.cols;
        if (x == map.cols) {
            x = 0;
            y += field.rows;
        }
    }
    if (x != 0 || y != map.rows) {
        throw_lost("the fields of map {} do not cover it", map.map);
    }
}

}  // namespace

Accounting account(std::span<const MapRecord> maps, std::span<const FieldRecord> fields) {
    Accounting total;
    for (const MapRecord& map : maps) {
        ++total.n_maps;
        total.n_failed_maps += map.status == static_cast<std::int32_t>(FieldStatus::failed) ? 1 : 0;
    }
    for (const FieldRecord& field : fields) {
        const auto status = static_cast<FieldStatus>(field.status);
        ++total.n_fields;
        total.n_blank_fields += status == FieldStatus::blank ? 1 : 0;
        total.n_failed_fields += status == FieldStatus::failed ? 1 : 0;
        total.n_tiles += field.n_tiles();
        total.n_detected += field.n_detected;
        total.n_empty += field.n_empty;
        total.n_blank += field.n_blank;
        total.n_failed += field.n_failed;
        const double pixel_arcsec = maps[static_cast<std::size_t>(field.map)].pixel_arcsec;
        const double pixel_deg2 = pixel_arcsec * pixel_arcsec / arcsec2_per_deg2;
        total.searched_deg2 += pixel_deg2 * static_cast<double>(field.n_searched_px);
        total.blank_deg2 += pixel_deg2 * static_cast<double>(field.n_blank_px);
        total.unsearched_deg2 += pixel_deg2 * static_cast<double>(field.n_unsearched_px);
        total.failed_deg2 += status == FieldStatus::failed
                                 ? pixel_deg2 * static_cast<double>(field.rows * field.cols)
                                 : 0.0;
        total.n_fields_with_truth += field.has_truth;
        total.n_1c += field.n_1c;
        total.n_1f += field.n_1f;
        total.n_0f += field.n_0f;
        total.n_0c += field.n_0c;
    }
    return total;
}

namespace {

/// Four digits are enough for a person.
std::string area_text(double deg2) {
    return fmt::format("{:.4g} deg2", deg2);
}

}  // namespace

std::string accounting_text(const Accounting& accounting) {
    std::string line = fmt::format(
        "{}{}{} tiles: {} detected, {} empty, {} blank, {} failed; {} searched, {} blank, {} with "
        "values but in blank tiles",
        accounting.n_fields, accounting.n_fields == 1 ? " field, " : " fields, ",
        accounting.n_tiles, accounting.n_detected, accounting.n_empty, accounting.n_blank,
        accounting.n_failed, area_text(accounting.searched_deg2), area_text(accounting.blank_deg2),
        area_text(accounting.unsearched_deg2));
    if (accounting.failed_deg2 > 0) {
        line += ", " + area_text(accounting.failed_deg2) + " failed";
    }
    if (accounting.n_failed_fields > 0) {
        line += fmt::format("; failed fields: {}", accounting.n_failed_fields);
    }
    if (accounting.n_failed_maps > 0) {
        line += fmt::format("; failed maps: {} of {}", accounting.n_failed_maps, accounting.n_maps);
    }
    return line;
}

void check_field(const FieldResult& result) {
    const FieldRecord& field = result.field;
    check_counts(field);
    if (static_cast<std::int64_t>(result.tiles.size()) != n_rows_of(field)) {
        throw_lost("field {} has {} rows, its counts say {}", field.field, result.tiles.size(),
                   n_rows_of(field));
    }
    if (static_cast<std::int64_t>(result.scores.size()) != field.n_tiles()) {
        throw_lost("field {} has {} scores", field.field, result.scores.size());
    }
    if (result.local_rms.size() != result.scores.size()) {
        throw_lost("field {} has {} local rms", field.field, result.local_rms.size());
    }
    std::int64_t last_tile = -1;
    for (const TileRecord& row : result.tiles) {
        const std::int64_t tile = std::int64_t{row.row} * field.n_tile_cols + row.column;
        if (row.map != field.map || row.field != field.field || row.row < 0 || row.column < 0 ||
            row.column >= field.n_tile_cols || tile <= last_tile || tile >= field.n_tiles() ||
            row.score != result.scores[static_cast<std::size_t>(tile)]) {
            throw_lost("a row of field {} is not of one of its tiles, in order", field.field);
        }
        last_tile = tile;
    }
    const std::string where = find_non_finite(table_of(std::span<const TileRecord>(result.tiles)));
    if (!where.empty()) {
        throw_lost("field {} has no finite {}", field.field, where);
    }
}

void check_totals(std::span<const MapRecord> maps,
                  std::span<const FieldRecord> fields,
                  std::int64_t n_rows,
                  std::int64_t n_scores) {
    std::size_t first = 0;
    for (std::size_t m = 0; m < maps.size(); ++m) {
        const auto n = static_cast<std::size_t>(maps[m].n_fields);
        if (maps[m].map != static_cast<std::int32_t>(m) || first + n > fields.size()) {
            throw_lost("map {} lacks fields", m);
        }
        if (n > 0) {
            check_cover(maps[m], fields.subspan(first, n));
        }
        for (std::size_t i = first; i < first + n; ++i) {
            if (fields[i].map != maps[m].map) {
                throw_lost("field {} belongs to another map", i);
            }
        }
        first += n;
    }
    if (first != fields.size()) {
        throw_lost("there are {} fields, the maps have {}", fields.size(), first);
    }

    std::int64_t n_rows_of_fields = 0;
    std::int64_t score_offset = 0;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const FieldRecord& field = fields[i];
        if (field.field != static_cast<std::int32_t>(i) || field.score_offset != score_offset) {
            throw_lost("field {} stands in the wrong place", i);
        }
        check_counts(field);
        score_offset += field.n_tiles();
        n_rows_of_fields += n_rows_of(field);
    }
    if (n_rows_of_fields != n_rows) {
        throw_lost("there are {} tile rows, the fields have {}", n_rows, n_rows_of_fields);
    }
    if (score_offset != n_scores) {
        throw_lost("there are {} scores, the fields have {} tiles", n_scores, score_offset);
    }
    for (const std::string& where :
         {find_non_finite(table_of(fields)), find_non_finite(table_of(maps))}) {
        if (!where.empty()) {
            throw_lost("no finite {}", where);
        }
    }
}

void check_rows(std::span<const FieldRecord> fields, std::span<const TileRecord> tiles) {
    std::size_t row = 0;
    for (const FieldRecord& field : fields) {
        const auto row_end = row + static_cast<std::size_t>(n_rows_of(field));
        for (std::tuple last{-1, -1}; row < row_end; ++row) {
            if (row >= tiles.size() || tiles[row].field != field.field ||
                tiles[row].map != field.map ||
                std::tuple{tiles[row].row, tiles[row].column} <= last) {
                throw_lost("rows of field {} are missing or out of order", field.field);
            }
            last = {tiles[row].row, tiles[row].column};
        }
    }
    if (row != tiles.size()) {
        throw_lost("there are {} tile rows, their fields have {}", tiles.size(), row);
    }
    const std::string where = find_non_finite(table_of(tiles));
    if (!where.empty()) {
        throw_lost("no finite {}", where);
    }
}

}  // namespace faintweb::catalogue
