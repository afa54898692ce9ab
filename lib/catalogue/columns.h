// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "lib/catalogue/records.h"

namespace faintweb::catalogue {

enum class ColumnType { int32, int64, float32, float64, text };

/// Whether a column counts for the catalogue's digest. What names a place on one machine does not.
enum class InDigest { no, yes };

/// One column of a table. HDF5 types, FITS tables, CSV, printed documentation and digest are all
/// made from these: a new column is one line in this file, one member of its record and a new
/// format_version.
struct Column {
    std::string_view name;
    ColumnType type;
    std::size_t offset;      ///< of the member in its record, bytes
    std::size_t size_bytes;  ///< of the member
    std::string_view unit;   ///< as FITS and astropy write it; empty for pure numbers and text
    std::string_view description;
    InDigest in_digest = InDigest::yes;
};

namespace detail {

template <typename T>
struct IsFixedText : std::false_type {};
template <std::size_t N>
struct IsFixedText<FixedText<N>> : std::true_type {};

template <typename T>
constexpr ColumnType column_type() {
    if constexpr (std::is_same_v<T, std::int32_t>) {
        return ColumnType::int32;
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
        return ColumnType::int64;
    } else if constexpr (std::is_same_v<T, float>) {
        return ColumnType::float32;
    } else if constexpr (std::is_same_v<T, double>) {
        return ColumnType::float64;
    } else {
        static_assert(IsFixedText<T>::value, "no column type for this member");
        return ColumnType::text;
    }
}

/// Whether the columns fill their record from end to end, in order: then a record has no padding
/// bytes of accidental content, and no member was forgotten.
constexpr bool fill_record(std::span<const Column> columns, std::size_t record_bytes) {
    std::size_t end = 0;
    for (const Column& column : columns) {
        if (column.offset != end) {
            return false;
        }
        end += column.size_bytes;
    }
    return end == record_bytes;
}

}  // namespace detail

/// The type, offset and size of a member are taken from the member itself.
#define FAINTWEB_COLUMN(Record, member, name, unit, ...)                                 \
    Column {                                                                             \
        name, detail::column_type<decltype(Record::member)>(), offsetof(Record, member), \
            sizeof(Record::member), unit, __VA_ARGS__                                    \
    }

inline constexpr Column tile_columns[] = {
    FAINTWEB_COLUMN(TileRecord, map, "map", "", "row of the tile's map in /provenance/maps"),
    FAINTWEB_COLUMN(TileRecord, field, "field", "", "row of the tile's field in /fields"),
    FAINTWEB_COLUMN(TileRecord, row, "row", "", "row of the tile in its field, 0-based"),
    FAINTWEB_COLUMN(TileRecord, column, "column", "", "column of the tile in its field, 0-based"),
    FAINTWEB_COLUMN(TileRecord, x, "x", "pix", "tile centre along FITS axis 1 of the map, 0-based"),
    FAINTWEB_COLUMN(TileRecord, y, "y", "pix", "tile centre along FITS axis 2 of the map, 0-based"),
    FAINTWEB_COLUMN(
        TileRecord, ra, "ra", "deg", "right ascension of the tile centre; -999 unknown"),
    FAINTWEB_COLUMN(TileRecord, dec, "dec", "deg", "declination of the tile centre; -999 unknown"),
    FAINTWEB_COLUMN(TileRecord, score, "score", "", "output of the network for signal, 0 to 1"),
    FAINTWEB_COLUMN(TileRecord, probability, "probability", "", "calibrated probability of signal"),
    FAINTWEB_COLUMN(TileRecord, detected, "detected", "", "1: score above the threshold, 0: below"),
    FAINTWEB_COLUMN(TileRecord, label, "label", "", "truth: 1 signal, 0 noise, -1 unknown"),
    FAINTWEB_COLUMN(TileRecord,
                    outcome,
                    "outcome",
                    "",
                    "against truth: 0 1C signal found, 1 1F signal missed, 2 0F noise called "
                    "signal, 3 0C noise, -1 unknown"),
    FAINTWEB_COLUMN(TileRecord, n_blank, "n_blank", "pix", "pixels of the tile without a value"),
    FAINTWEB_COLUMN(TileRecord, flux_jy, "flux", "Jy", "sum over the tile's pixels"),
    FAINTWEB_COLUMN(TileRecord, peak_jy_arcsec2, "peak", "Jy/arcsec2", "brightest pixel"),
    FAINTWEB_COLUMN(TileRecord, mean_jy_arcsec2, "mean", "Jy/arcsec2", "mean of the pixels"),
    FAINTWEB_COLUMN(TileRecord,
                    rms_jy_arcsec2,
                    "rms",
                    "Jy/arcsec2",
                    "root of the mean square of the pixels, about zero"),
    FAINTWEB_COLUMN(TileRecord,
                    flags,
                    "flags",
                    "",
                    "sum of: 1 has blank pixels, 2 reaches beyond the map, 4 no sky position, "
                    "8 flux out of range, 16 pixel scale and 32 beam differ from the model's, "
                    "64 ends at the map's edge and overlaps the tile before it"),
    FAINTWEB_COLUMN(TileRecord, source_id, "source_id", "", "source of the tile; -1 none"),
};

inline constexpr Column field_columns[] = {
    FAINTWEB_COLUMN(FieldRecord, map, "map", "", "row of the field's map in /provenance/maps"),
    FAINTWEB_COLUMN(FieldRecord, field, "field", "", "number of the field: its row in this table"),
    FAINTWEB_COLUMN(FieldRecord, x0, "x0", "pix", "first map column of the field, 0-based"),
    FAINTWEB_COLUMN(FieldRecord, y0, "y0", "pix", "first map row of the field, 0-based"),
    FAINTWEB_COLUMN(FieldRecord, cols, "cols", "pix", "width of the field"),
    FAINTWEB_COLUMN(FieldRecord, rows, "rows", "pix", "height of the field"),
    FAINTWEB_COLUMN(FieldRecord, status, "status", "", "0 ok, 1 blank, 2 failed"),
    FAINTWEB_COLUMN(FieldRecord, tile_px, "tile_px", "pix", "edge of a tile"),
    FAINTWEB_COLUMN(FieldRecord, n_tile_rows, "n_tile_rows", "", "rows of tiles"),
    FAINTWEB_COLUMN(FieldRecord, n_tile_cols, "n_tile_cols", "", "columns of tiles"),
    FAINTWEB_COLUMN(FieldRecord, n_detected, "n_detected", "", "tiles above the threshold"),
    FAINTWEB_COLUMN(FieldRecord, n_empty, "n_empty", "", "tiles below the threshold"),
    FAINTWEB_COLUMN(FieldRecord, n_blank, "n_blank", "", "tiles more than half blank"),
    FAINTWEB_COLUMN(FieldRecord, n_failed, "n_failed", "", "tiles not classified, see reason"),
    FAINTWEB_COLUMN(FieldRecord, has_truth, "has_truth", "", "1: labels are known, 0: not"),
    FAINTWEB_COLUMN(FieldRecord, flags, "flags", "", "flags that hold for every tile; see tiles"),
    FAINTWEB_COLUMN(FieldRecord, n_1c, "n_1c", "", "signal tiles found (where truth is known)"),
    FAINTWEB_COLUMN(FieldRecord, n_1f, "n_1f", "", "signal tiles missed"),
    FAINTWEB_COLUMN(FieldRecord, n_0f, "n_0f", "", "noise tiles called signal"),
    FAINTWEB_COLUMN(FieldRecord, n_0c, "n_0c", "", "noise tiles called noise"),
    FAINTWEB_COLUMN(FieldRecord,
                    score_offset,
                    "score_offset",
                    "",
                    "first element of /score and /local_rms that belongs to the field"),
    FAINTWEB_COLUMN(FieldRecord,
                    n_searched_px,
                    "n_searched_px",
                    "pix",
                    "pixels with a value in tiles that were classified"),
    FAINTWEB_COLUMN(FieldRecord,
                    n_blank_px,
                    "n_blank_px",
                    "pix",
                    "pixels without a value, or outside the observation"),
    FAINTWEB_COLUMN(FieldRecord,
                    n_unsearched_px,
                    "n_unsearched_px",
                    "pix",
                    "pixels with a value in tiles that are more than half blank"),
    FAINTWEB_COLUMN(FieldRecord,
                    rms_jy_arcsec2,
                    "rms",
                    "Jy/arcsec2",
                    "robust rms of the field; -1 not measured"),
    FAINTWEB_COLUMN(FieldRecord,
                    window_hash,
                    "window_hash",
                    "",
                    "XXH3-128 of the window's values as they lie in the file, row by row, highest "
                    "byte first, not scaled; tile-compressed ones unpacked"),
    FAINTWEB_COLUMN(
        FieldRecord, reason, "reason", "", "why the field is blank or failed", InDigest::no),
};

inline constexpr Column map_columns[] = {
    FAINTWEB_COLUMN(MapRecord, map, "map", "", "number of the map: its row in this table"),
    FAINTWEB_COLUMN(MapRecord, status, "status", "", "0 ok, 2 could not be used, see reason"),
    FAINTWEB_COLUMN(MapRecord, cols, "cols", "pix", "length of FITS axis 1"),
    FAINTWEB_COLUMN(MapRecord, rows, "rows", "pix", "length of FITS axis 2"),
    FAINTWEB_COLUMN(MapRecord, hdu, "hdu", "", "number of the HDU, 0 is the primary one"),
    FAINTWEB_COLUMN(MapRecord, n_fields, "n_fields", "", "fields that the map is cut into"),
    FAINTWEB_COLUMN(MapRecord, has_wcs, "has_wcs", "", "1: the header has a celestial WCS, 0: not"),
    FAINTWEB_COLUMN(MapRecord, flags, "flags", "", "flags that hold for every tile; see tiles"),
    FAINTWEB_COLUMN(MapRecord, pixel_arcsec, "pixel", "arcsec", "pixel scale; 0 unknown"),
    FAINTWEB_COLUMN(
        MapRecord, beam_major_arcsec, "beam_major", "arcsec", "beam FWHM, major axis; 0 unknown"),
    FAINTWEB_COLUMN(
        MapRecord, beam_minor_arcsec, "beam_minor", "arcsec", "beam FWHM, minor axis; 0 unknown"),
    FAINTWEB_COLUMN(MapRecord, beam_angle_deg, "beam_angle", "deg", "position angle of the beam"),
    FAINTWEB_COLUMN(MapRecord, frequency_hz, "frequency", "Hz", "observing frequency; 0 unknown"),
    FAINTWEB_COLUMN(MapRecord,
                    jy_arcsec2_per_unit,
                    "jy_arcsec2_per_unit",
                    "",
                    "what turns the map's unit into Jy/arcsec2"),
    FAINTWEB_COLUMN(MapRecord,
                    level_jy_arcsec2,
                    "level",
                    "Jy/arcsec2",
                    "median of the map, which is taken off before pixels are divided by their rms"),
    FAINTWEB_COLUMN(
        MapRecord, rms_jy_arcsec2, "rms", "Jy/arcsec2", "robust rms of the map; -1 not measured"),
    FAINTWEB_COLUMN(MapRecord,
                    noise_box_px,
                    "noise_box_px",
                    "pix",
                    "edge of the boxes that the local rms is measured in"),
    FAINTWEB_COLUMN(MapRecord,
                    first_header_card,
                    "first_header_card",
                    "",
                    "first element of /provenance/headers that belongs to the map"),
    FAINTWEB_COLUMN(MapRecord,
                    n_header_cards,
                    "n_header_cards",
                    "",
                    "elements of /provenance/headers that belong to the map"),
    FAINTWEB_COLUMN(MapRecord, unit, "unit", "", "unit of the map's pixels"),
    FAINTWEB_COLUMN(MapRecord, object, "object", "", "OBJECT of the header"),
    FAINTWEB_COLUMN(MapRecord, header_sha256, "header_sha256", "", "hash of the header"),
    FAINTWEB_COLUMN(MapRecord, reason, "reason", "", "why the map could not be used", InDigest::no),
    FAINTWEB_COLUMN(MapRecord, path, "path", "", "the file as it was named", InDigest::no),
};

#undef FAINTWEB_COLUMN

// Where one of these fails, a member has no column, stands in another place than its column, or
// leaves padding behind it: numbers of four bytes come in pairs.
static_assert(detail::fill_record(tile_columns, sizeof(TileRecord)));
static_assert(detail::fill_record(field_columns, sizeof(FieldRecord)));
static_assert(detail::fill_record(map_columns, sizeof(MapRecord)));

/// The columns of the table that holds a kind of record.
template <typename Record>
constexpr std::span<const Column> columns_of();
template <>
constexpr std::span<const Column> columns_of<TileRecord>() {
    return tile_columns;
}
template <>
constexpr std::span<const Column> columns_of<FieldRecord>() {
    return field_columns;
}
template <>
constexpr std::span<const Column> columns_of<MapRecord>() {
    return map_columns;
}

/// A table that holds n records, as its first record's bytes; what works on any table takes this.
struct TableView {
    std::span<const Column> columns;
    const std::byte* records;
    std::size_t record_bytes;
    std::size_t n_records;

    const std::byte* value(std::size_t record, const Column& column) const {
        return records + record * record_bytes + column.offset;
    }
};

/// Shows records as a table. It refers to the records, which must outlive it.
template <typename Record>
TableView table_of(std::span<const Record> records) {
    return {columns_of<Record>(), reinterpret_cast<const std::byte*>(records.data()),
            sizeof(Record), records.size()};
}

/// A value as text that gives the same value back when read: the shortest such for numbers.
std::string value_text(const TableView& table, std::size_t record, const Column& column);

/// The first floating-point value of a table that is NaN or infinite, as "COLUMN of row N"; empty
/// if there is none.
std::string find_non_finite(const TableView& table);

/// The columns as a Markdown table: name, type, unit, description.
std::string column_docs(std::span<const Column> columns);

/// What astropy keeps beside an HDF5 table to know units and descriptions: lines of YAML.
///
/// @source astropy 3.0 and later, astropy/io/misc/hdf5.py; read back by astropy in test/ecosystem.
std::vector<std::string> astropy_column_meta(std::span<const Column> columns);

}  // namespace faintweb::catalogue
