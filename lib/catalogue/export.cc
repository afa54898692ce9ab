// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/export.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include <fitsio.h>
#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/catalogue/columns.h"
#include "lib/image/fits_write.h"
#include "lib/image/right_ascension.h"

namespace faintweb::catalogue {
namespace {

static_assert(std::none_of(std::begin(tile_columns),
                           std::end(tile_columns),
                           [](const Column& column) { return column.type == ColumnType::text; }),
              "the exports of tiles write numbers only");

/// A FITS file in memory: CFITSIO formats it, we write it like every other export.
class MemoryFits {
  public:
    MemoryFits() {
        fits_create_memfile(&file_, &buffer_, &size_, std::size_t{1} << 20, &std::realloc,
                            &status_);
        check("create");
    }
    ~MemoryFits() {
        int ignored = 0;
        if (file_ != nullptr) {
            fits_close_file(file_, &ignored);
        }
        std::free(buffer_);
    }
    MemoryFits(const MemoryFits&) = delete;
    MemoryFits& operator=(const MemoryFits&) = delete;

    fitsfile* file() const { return file_; }
    int* status() { return &status_; }

    void check(const char* what) const {
        if (status_ != 0) {
            std::array<char, FLEN_STATUS> reason{};
            fits_get_errstatus(status_, reason.data());
            throw base::Error(base::ExitCode::internal,
                              fmt::format("CFITSIO cannot {} the table: {}", what, reason.data()));
        }
    }

    /// The file's bytes; valid while this object lives.
    std::string_view content() {
        LONGLONG header = 0;
        LONGLONG data = 0;
        LONGLONG end = 0;
        fits_flush_file(file_, &status_);
        fits_get_hduaddrll(file_, &header, &data, &end, &status_);
        check("finish");
        return {static_cast<const char*>(buffer_), static_cast<std::size_t>(end)};
    }

  private:
    fitsfile* file_ = nullptr;
    void* buffer_ = nullptr;
    std::size_t size_ = 0;
    int status_ = 0;
};

std::string fits_form(const Column& column) {
    switch (column.type) {
        case ColumnType::int32:
            return "1J";
        case ColumnType::int64:
            return "1K";
        case ColumnType::float32:
            return "1E";
        case ColumnType::float64:
            return "1D";
        case ColumnType::text:
            break;
    }
    return "";
}

/// CFITSIO's code for the values as they lie in memory.
int fits_type(ColumnType type) {
    static_assert(sizeof(int) == sizeof(std::int32_t) && sizeof(LONGLONG) == sizeof(std::int64_t));
    switch (type) {
        case ColumnType::int32:
            return TINT;
        case ColumnType::int64:
            return TLONGLONG;
        case ColumnType::float32:
            return TFLOAT;
        case ColumnType::float64:
            return TDOUBLE;
        case ColumnType::text:
            break;
    }
    return 0;
}

constexpr const char* name_column = "map_name";

void create_table(MemoryFits& fits, const TableView& table, std::size_t longest_name) {
    std::vector<std::string> texts;
    for (const Column& column : table.columns) {
        texts.insert(texts.end(),
                     {std::string(column.name), fits_form(column), std::string(column.unit)});
    }
    texts.insert(texts.end(), {name_column, fmt::format("{}A", longest_name), ""});
    std::vector<char*> names;
    std::vector<char*> forms;
    std::vector<char*> units;
    for (std::size_t i = 0; i < texts.size(); i += 3) {
        names.push_back(texts[i].data());
        forms.push_back(texts[i + 1].data());
        units.push_back(texts[i + 2].data());
    }
    // CFITSIO would put an empty primary array in front, but not say there whose file it is.
    fits_create_img(fits.file(), BYTE_IMG, 0, nullptr, fits.status());
    fits_write_key_str(fits.file(), "ORIGIN", image::fits_origin, nullptr, fits.status());
    fits_create_tbl(fits.file(), BINARY_TBL, static_cast<LONGLONG>(table.n_records),
                    static_cast<int>(names.size()), names.data(), forms.data(), units.data(),
                    "TILES", fits.status());
    fits.check("create");
}

void write_column(MemoryFits& fits, const TableView& table, std::size_t c) {
    const Column& column = table.columns[c];
    const std::string key = fmt::format("TCOMM{}", c + 1);
    fits_write_key_longstr(fits.file(), key.c_str(), std::string(column.description).c_str(),
                           nullptr, fits.status());
    std::vector<std::byte> values(table.n_records * column.size_bytes);
    for (std::size_t i = 0; i < table.n_records; ++i) {
        std::memcpy(&values[i * column.size_bytes], table.value(i, column), column.size_bytes);
    }
    if (!values.empty()) {
        fits_write_col(fits.file(), fits_type(column.type), static_cast<int>(c + 1), 1, 1,
                       static_cast<LONGLONG>(table.n_records), values.data(), fits.status());
    }
    fits.check("write");
}

void write_names(MemoryFits& fits,
                 std::span<const TileRecord> tiles,
                 std::vector<std::string>& map_names) {
    const auto column = static_cast<int>(std::size(tile_columns)) + 1;
    fits_write_key_longstr(fits.file(), fmt::format("TCOMM{}", column).c_str(), "the map's file",
                           nullptr, fits.status());
    std::vector<char*> names;
    for (const TileRecord& tile : tiles) {
        names.push_back(map_names[static_cast<std::size_t>(tile.map)].data());
    }
    if (!names.empty()) {
        fits_write_col_str(fits.file(), column, 1, 1, static_cast<LONGLONG>(names.size()),
                           names.data(), fits.status());
    }
    fits.check("write");
}

/// A value of a line of CSV, in quotes where it would not be one.
std::string csv_text(const std::string& value) {
    if (value.find_first_of(",\"\r\n") == std::string::npos && !value.starts_with(' ') &&
        !value.ends_with(' ')) {
        return value;
    }
    std::string quoted = "\"";
    for (const char c : value) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    return quoted + '"';
}

/// The name of a map as a tag of DS9, which ends with the first brace.
std::string tag_of(std::string name) {
    for (char& c : name) {
        c = c == '{' || c == '}' || static_cast<unsigned char>(c) < ' ' ? '_' : c;
    }
    return fmt::format(" tag={{{}}}", name);
}

const char* colour_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::signal_found:
            return "green";
        case Outcome::signal_missed:
            return "yellow";
        case Outcome::noise_called_signal:
            return "red";
        case Outcome::none:
        case Outcome::noise:
            break;
    }
    return "cyan";
}

/// Of the angles of regions, significant.
constexpr int n_digits = 10;

/// "polygon(ra,dec,...)" of a tile's outline; none if a corner is off the sky.
std::optional<std::string> sky_outline(const image::Wcs& wcs,
                                       const TileRecord& tile,
                                       double half_px) {
    constexpr std::array<std::array<int, 2>, 4> corners{{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}}};
    std::string outline = "polygon(";
    for (const auto& [dx, dy] : corners) {
        const auto position = wcs.sky(tile.x + dx * half_px, tile.y + dy * half_px);
        if (!position) {
            return std::nullopt;
        }
        outline +=
            fmt::format("{}{},{:.{}g}", dx < 0 && dy < 0 ? "" : ",",
                        image::ra_text(position->ra_deg, n_digits), position->dec_deg, n_digits);
    }
    return outline + ")";
}

std::string sky_shape(const RegionFrame& frame, const TileRecord& tile) {
    if (const auto outline =
            sky_outline(*frame.wcs, tile, 0.5 * static_cast<double>(frame.tile_px))) {
        return *outline;
    }
    const double edge_arcsec = static_cast<double>(frame.tile_px) * frame.wcs->pixel_scale_arcsec();
    return fmt::format("box({0},{1:.{3}g},{2:.{3}g}\",{2:.{3}g}\",0)",
                       image::ra_text(tile.ra, n_digits), tile.dec, edge_arcsec, n_digits);
}

std::string image_shape(const RegionFrame& frame, const TileRecord& tile) {
    // DS9 counts image pixels from 1.
    return fmt::format("box({0:.12g},{1:.12g},{2},{2},0)", tile.x + 1, tile.y + 1, frame.tile_px);
}

/// The first line of a CSV file, without its end.
std::string csv_header(const TableView& table) {
    std::string header;
    for (const Column& column : table.columns) {
        header += header.empty() ? "" : ",";
        header += column.name;
    }
    return fmt::format("{},{}", header, name_column);
}

/// That of catalogues of format 3 and before.
constexpr std::string_view csv_header_3 =
    "map,field,row,column,x,y,ra,dec,score,probability,detected,label,outcome,n_blank,flux,peak,"
    "mean,rms,flags,source_id";

constexpr std::string_view ds9_head =
    "# Region file format: DS9 version 4.1\n"
    "# tiles of faintweb: ";

}  // namespace

void write_csv(const std::string& path,
               std::span<const TileRecord> tiles,
               std::span<const std::string> map_names) {
    const TableView table = table_of(tiles);
    std::string content = csv_header(table) + "\n";
    for (std::size_t i = 0; i < table.n_records; ++i) {
        for (const Column& column : table.columns) {
            content += value_text(table, i, column) + ',';
        }
        content += csv_text(map_names[static_cast<std::size_t>(tiles[i].map)]) + '\n';
    }
    base::write_file(path, content);
}

std::string objection_to_csv(const std::string& path) {
    const std::string today = csv_header(table_of(std::span<const TileRecord>()));
    for (const std::string_view header : {std::string_view(today), csv_header_3}) {
        if (base::first_bytes(path, header.size() + 1) == std::string(header) + "\n") {
            return "";
        }
    }
    return "is no CSV file of tiles that faintweb wrote";
}

void write_fits_table(const std::string& path,
                      std::span<const TileRecord> tiles,
                      std::span<const std::string> map_names,
                      const std::string& digest) {
    const TableView table = table_of(tiles);
    std::size_t longest_name = 1;
    std::vector<std::string> names(map_names.begin(), map_names.end());
    for (std::string& name : names) {
        std::ranges::replace_if(
            name, [](char c) { return c < ' ' || c > '~'; }, '?');
        longest_name = std::max(longest_name, name.size());
    }
    MemoryFits fits;
    create_table(fits, table, longest_name);
    fits_write_key_longwarn(fits.file(), fits.status());
    fits_write_key_str(fits.file(), "DIGEST", digest.c_str(),
                       digest.size() < 60 ? "of the catalogue" : nullptr, fits.status());
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
        write_column(fits, table, c);
    }
    write_names(fits, tiles, names);
    base::write_file(path, fits.content());
}

void write_ds9_regions(const std::string& path,
                       std::span<const TileRecord> tiles,
                       std::span<const RegionFrame> frames) {
    std::string content(ds9_head);
    content +=
        "green signal found (1C), yellow missed (1F), red noise called signal "
        "(0F), cyan truth not known\n"
        "global width=1\n";
    const bool is_one_map = std::all_of(tiles.begin(), tiles.end(), [&](const TileRecord& tile) {
        return tile.map == tiles[0].map;
    });
    std::int32_t last_map = -1;
    for (const TileRecord& tile : tiles) {
        const RegionFrame& frame = frames[static_cast<std::size_t>(tile.map)];
        const bool has_sky = frame.wcs != nullptr && (tile.flags & TileFlag::no_position) == 0;
        if (!has_sky && frame.wcs != nullptr) {
            continue;  // the centre itself is off the sky
        }
        if (!has_sky && !is_one_map) {
            throw base::UsageError(
                fmt::format("cannot write the regions of several maps to {} (map {} has no sky "
                            "coordinates), export the regions of one map at a time",
                            path, tile.map));
        }
        if (tile.map != last_map) {
            content += has_sky ? "fk5\n" : "image\n";
            last_map = tile.map;
        }
        const std::string shape = has_sky ? sky_shape(frame, tile) : image_shape(frame, tile);
        const auto outcome = static_cast<Outcome>(tile.outcome);
        const std::string name = outcome_name(outcome);
        content += fmt::format("{} # color={} text={{", shape, colour_of(outcome));
        content += fmt::format("{}{}{:g}}}", name, name.empty() ? "" : " ", tile.probability);
        content += (frame.map_name.empty() ? "" : tag_of(frame.map_name)) + "\n";
    }
    base::write_file(path, content);
}

std::string objection_to_ds9(const std::string& path) {
    return base::first_bytes(path, ds9_head.size()) == ds9_head
               ? ""
               : "is no file of DS9 regions that faintweb wrote";
}

}  // namespace faintweb::catalogue
