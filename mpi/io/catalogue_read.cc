// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cerrno>
#include <cstring>
#include <string_view>

#include <fmt/core.h>
#include <hdf5.h>
#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/catalogue/tables.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/io/catalogue_layout.h"
#include "mpi/io/catalogue_provenance.h"
#include "mpi/io/hdf5.h"
#include "mpi/io/table.h"

namespace faintweb::io {
namespace {

[[noreturn]] void throw_foreign(const std::string& path) {
    throw base::UsageError(fmt::format(
        "cannot read {} (no catalogue of faintweb), give a file that `faintweb detect` wrote",
        path));
}

/// @param damaged  called if HDF5 cannot read it.
File open_catalogue(const std::string& path, const OnDamage& damaged) {
    silence_hdf5();
    struct stat about {};
    if (stat(path.c_str(), &about) != 0) {
        throw base::UsageError(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
    }
    if (!S_ISREG(about.st_mode) || H5Fis_hdf5(path.c_str()) <= 0) {
        throw_foreign(path);
    }
    File file = File::open(path, File::For::reading, [&](const std::string& account) {
        damaged("HDF5 cannot read it: " + account);
    });
    if (file.text_attribute("format") != layout::format_name) {
        throw_foreign(path);
    }
    const std::vector<double> version = file.number_attribute("format_version");
    if (version.empty()) {
        damaged("it has no format version");
    }
    if (version[0] != catalogue::format_version) {
        throw base::UsageError(
            fmt::format("cannot read {} (catalogue format {:g}, this program reads {}), make it "
                        "again with this version",
                        path, version[0], catalogue::format_version));
    }
    return file;
}

/// All elements of a table.
template <typename Element>
std::vector<Element> read_table(const File& file, std::string_view path, const OnDamage& damaged) {
    Dataset dataset = open_dataset(file, std::string(path), damaged);
    if constexpr (!std::is_arithmetic_v<Element>) {
        const Hdf5Handle type = dataset.type();
        if (H5Tget_class(type.id()) != H5T_COMPOUND) {
            damaged(fmt::format("{} is no table", path));
        }
        for (const catalogue::Column& column : catalogue::columns_of<Element>()) {
            if (H5Tget_member_index(type.id(), std::string(column.name).c_str()) < 0) {
                damaged(fmt::format("{} has no column {}", path, column.name));
            }
        }
    }
    return Table<Element>(std::move(dataset)).read();
}

/// Whoever uses the tables indexes one with the other.
void check_indices(const catalogue::Catalogue& catalogue, const OnDamage& damaged) {
    catalogue::for_each_field_table([&](const auto& table) {
        if (table.per == catalogue::Per::tile &&
            (catalogue.*table.rows).size() != catalogue.scores.size()) {
            damaged(fmt::format("{} and /score have different lengths", table.path));
        }
    });
    for (const catalogue::FieldRecord& field : catalogue.fields) {
        if (field.map < 0 || static_cast<std::size_t>(field.map) >= catalogue.maps.size() ||
            field.n_tile_rows < 0 || field.n_tile_cols < 0 || field.score_offset < 0 ||
            field.score_offset + field.n_tiles() >
                static_cast<std::int64_t>(catalogue.scores.size())) {
            damaged(fmt::format("field {} points outside its tables", field.field));
        }
    }
    for (const catalogue::TileRecord& tile : catalogue.tiles) {
        if (tile.field < 0 || static_cast<std::size_t>(tile.field) >= catalogue.fields.size() ||
            tile.map < 0 || static_cast<std::size_t>(tile.map) >= catalogue.maps.size()) {
            damaged("a tile points outside the tables");
        }
    }
}

/// The texts of the column `path` of the table of maps, which every format version has.
std::vector<std::string> read_map_paths(const File& file, const OnDamage& damaged) {
    const Dataset maps = open_dataset(file, std::string(catalogue::maps_path), damaged);
    const Hdf5Handle columns = maps.type();
    const int column = H5Tget_member_index(columns.id(), "path");
    if (column < 0) {
        damaged("the maps have no paths");
    }
    const Hdf5Handle text(H5Tget_member_type(columns.id(), static_cast<unsigned>(column)),
                          &H5Tclose);
    if (H5Tget_class(text.id()) != H5T_STRING || H5Tis_variable_str(text.id()) > 0) {
        damaged("the maps' paths are no texts");
    }
    const std::size_t width = H5Tget_size(text.id());
    const Hdf5Handle row(H5Tcreate(H5T_COMPOUND, width), &H5Tclose);
    H5Tinsert(row.id(), "path", 0, text.id());
    std::string block(static_cast<std::size_t>(maps.n_elements()) * width, '\0');
    maps.read(row, block.data());
    std::vector<std::string> paths;
    for (std::size_t at = 0; at < block.size(); at += width) {
        paths.push_back(unpadded(std::string_view(block).substr(at, width)));
    }
    return paths;
}

}  // namespace

std::optional<CatalogueOrigin> origin_of_catalogue(const std::string& path) {
    const auto damaged = [](const std::string& reason) { throw base::InputError(reason); };
    try {
        const File file = File::open(path, File::For::reading, [&](const std::string& account) {
            damaged("HDF5 cannot read it: " + account);
        });
        if (file.text_attribute("format") != layout::format_name) {
            return std::nullopt;
        }
        const Object provenance = file.group(layout::provenance);
        const auto model_sha256 = provenance.text_attribute("model_sha256");
        if (!model_sha256) {
            return std::nullopt;
        }
        return CatalogueOrigin{.maps = read_map_paths(file, damaged),
                               .folder = provenance.text_attribute(folder_key).value_or(""),
                               .model_sha256 = *model_sha256};
    } catch (const base::InputError&) {
        return std::nullopt;
    }
}

catalogue::Catalogue read_catalogue(const std::string& path) {
    const auto damaged = [&](const std::string& reason) {
        throw base::UsageError(
            fmt::format("cannot read {} (damaged: {}), make it again", path, reason));
    };
    const File file = open_catalogue(path, damaged);
    catalogue::Catalogue catalogue;
    catalogue::for_each_field_table(
        [&]<typename Element, typename Part>(const catalogue::FieldTable<Element, Part>& table) {
            catalogue.*table.rows = read_table<Element>(file, table.path, damaged);
        });
    catalogue.maps = read_table<catalogue::MapRecord>(file, catalogue::maps_path, damaged);
    catalogue.digest = file.text_attribute(layout::digest).value_or("");
    catalogue.provenance = read_provenance(file, catalogue.maps, damaged);
    check_indices(catalogue, damaged);
    return catalogue;
}

}  // namespace faintweb::io
