#include <cerrno>
#include <cstring>
#include <string_view>

#include <hdf5.h>
#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/catalogue/columns.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/io/catalogue_layout.h"
#include "mpi/io/hdf5_attributes.h"

namespace faintweb::io {
namespace {

/// A catalogue that is being read. Every failure names the file and says what is wrong with it.
class Reader {
  public:
    explicit Reader(const std::string& path) : path_(path) {
        struct stat about {};
        if (stat(path.c_str(), &about) != 0) {
            throw base::UsageError(base::text("cannot read ", path, ": ", std::strerror(errno)));
        }
        if (!S_ISREG(about.st_mode) || H5Fis_hdf5(path.c_str()) <= 0) {
            throw_foreign();
        }
        file_bytes_ = static_cast<std::uint64_t>(about.st_size);
        file_ = Hdf5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, file_access().id()), &H5Fclose);
        if (!file_.is_open()) {
            throw_damaged("HDF5 cannot open it: " + hdf5_stack());
        }
        check_format();
    }

    /// All rows of a table.
    template <typename Record>
    std::vector<Record> table(const char* name) const {
        const auto columns = catalogue::columns_of<Record>();
        const Hdf5Handle dataset = open(name);
        check_columns(dataset, columns, name);
        std::vector<Record> records(count(dataset, sizeof(Record), name));
        read(dataset, record_type(columns, sizeof(Record)), records.data(), records.size(), name);
        return records;
    }

    std::vector<float> floats(const char* name) const {
        const Hdf5Handle dataset = open(name);
        std::vector<float> values(count(dataset, sizeof(float), name));
        read(dataset,
             Hdf5Handle(H5Tcopy(H5T_NATIVE_FLOAT), &H5Tclose),
             values.data(),
             values.size(),
             name);
        return values;
    }

    /// All texts of a dataset of texts of one length, one after the other with their padding.
    std::string text_block(const char* name) const {
        const Hdf5Handle dataset = open(name);
        const Hdf5Handle type(H5Dget_type(dataset.id()), &H5Tclose);
        if (H5Tget_class(type.id()) != H5T_STRING || H5Tis_variable_str(type.id()) > 0) {
            throw_damaged(base::text(name, " is no text"));
        }
        const std::size_t n = count(dataset, H5Tget_size(type.id()), name);
        std::string block(n * H5Tget_size(type.id()), '\0');
        read(dataset, type, block.data(), n, name);
        return block;
    }

    catalogue::Entries entries(const char* name) const {
        const Hdf5Handle dataset = open(name);
        const Hdf5Handle type(H5Dget_type(dataset.id()), &H5Tclose);
        const std::size_t size = H5Tget_size(type.id());
        if (H5Tget_class(type.id()) != H5T_COMPOUND || H5Tget_nmembers(type.id()) != 2) {
            throw_damaged(base::text(name, " is no table of keys and values"));
        }
        const std::size_t key_bytes = H5Tget_member_offset(type.id(), 1);
        const std::size_t n = count(dataset, size, name);
        if (key_bytes > size) {
            throw_damaged(base::text(name, " has no room for its keys"));
        }
        std::string block(n * size, '\0');
        read(dataset, entry_type(key_bytes, size - key_bytes), block.data(), n, name);
        catalogue::Entries list;
        for (std::size_t i = 0; i < n; ++i) {
            const std::string_view row = std::string_view(block).substr(i * size, size);
            list.emplace_back(unpadded(row.substr(0, key_bytes)), unpadded(row.substr(key_bytes)));
        }
        return list;
    }

    /// The text attributes of an object, in the order in which they were written.
    catalogue::Entries attributes(const char* object) const {
        catalogue::Entries list;
        H5O_info_t about{};
        const Hdf5Handle id(H5Oopen(file_.id(), object, H5P_DEFAULT), &H5Oclose);
        if (!id.is_open() || H5Oget_info(id.id(), &about) < 0) {
            throw_damaged(base::text(object, " is missing"));
        }
        for (hsize_t i = 0; i < about.num_attrs; ++i) {
            const Hdf5Handle attribute(
                H5Aopen_by_idx(
                    id.id(), ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT),
                &H5Aclose);
            std::string name(256, '\0');
            const ssize_t length = H5Aget_name(attribute.id(), name.size(), name.data());
            if (length < 0) {
                throw_damaged(base::text("an attribute of ", object, " cannot be read"));
            }
            name.resize(std::min(static_cast<std::size_t>(length), name.size() - 1));
            list.emplace_back(name, attribute_text(attribute));
        }
        return list;
    }

    std::string attribute(const char* name) const {
        if (H5Aexists(file_.id(), name) <= 0) {
            return "";
        }
        return attribute_text(Hdf5Handle(H5Aopen(file_.id(), name, H5P_DEFAULT), &H5Aclose));
    }

    static std::string unpadded(std::string_view text) {
        return std::string(text.substr(0, text.find('\0')));
    }

    [[noreturn]] void throw_damaged(const std::string& reason) const {
        throw base::UsageError(
            base::text("cannot read ", path_, " (damaged: ", reason, "), make it again"));
    }

  private:
    [[noreturn]] void throw_foreign() const {
        throw base::UsageError(
            base::text("cannot read ",
                       path_,
                       " (no catalogue of faintweb), give a file that `faintweb detect` wrote"));
    }

    void check_format() const {
        if (attribute("format") != layout::format_name) {
            throw_foreign();
        }
        std::int32_t version = -1;
        const Hdf5Handle id(H5Aopen(file_.id(), "format_version", H5P_DEFAULT), &H5Aclose);
        if (!id.is_open() || H5Aread(id.id(), H5T_NATIVE_INT32, &version) < 0) {
            throw_damaged("it has no format version");
        }
        if (version != catalogue::format_version) {
            throw base::UsageError(base::text("cannot read ",
                                              path_,
                                              " (catalogue format ",
                                              version,
                                              ", this program reads ",
                                              catalogue::format_version,
                                              "), make it again with this version"));
        }
    }

    /// Elements of a dataset, which must be as many as its file has room for: a damaged size must
    /// not decide how much memory is taken.
    std::size_t count(const Hdf5Handle& dataset,
                      std::size_t element_bytes,
                      const char* name) const {
        const Hdf5Handle space(H5Dget_space(dataset.id()), &H5Sclose);
        const hssize_t n = H5Sget_simple_extent_npoints(space.id());
        if (n < 0 ||
            static_cast<std::uint64_t>(n) > file_bytes_ / std::max<std::size_t>(element_bytes, 1)) {
            throw_damaged(base::text(name, " is larger than the file"));
        }
        return static_cast<std::size_t>(n);
    }

    Hdf5Handle open(const char* name) const {
        Hdf5Handle dataset(H5Dopen2(file_.id(), name, H5P_DEFAULT), &H5Dclose);
        if (!dataset.is_open()) {
            throw_damaged(base::text(name, " is missing"));
        }
        return dataset;
    }

    void read(const Hdf5Handle& dataset,
              const Hdf5Handle& type,
              void* into,
              std::size_t n,
              const char* name) const {
        if (n > 0 && H5Dread(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, into) < 0) {
            throw_damaged(base::text(name, ": ", hdf5_stack()));
        }
    }

    void check_columns(const Hdf5Handle& dataset,
                       std::span<const catalogue::Column> columns,
                       const char* name) const {
        const Hdf5Handle type(H5Dget_type(dataset.id()), &H5Tclose);
        if (H5Tget_class(type.id()) != H5T_COMPOUND) {
            throw_damaged(base::text(name, " is no table"));
        }
        for (const catalogue::Column& column : columns) {
            if (H5Tget_member_index(type.id(), std::string(column.name).c_str()) < 0) {
                throw_damaged(base::text(name, " has no column ", column.name));
            }
        }
    }

    std::string attribute_text(const Hdf5Handle& attribute) const {
        const Hdf5Handle type(H5Aget_type(attribute.id()), &H5Tclose);
        if (H5Tget_class(type.id()) != H5T_STRING || H5Tis_variable_str(type.id()) > 0) {
            return "";
        }
        std::string value(H5Tget_size(type.id()), '\0');
        if (H5Aread(attribute.id(), type.id(), value.data()) < 0) {
            throw_damaged("an attribute cannot be read");
        }
        return unpadded(value);
    }

    std::string path_;
    std::uint64_t file_bytes_ = 0;
    Hdf5Handle file_;
};

std::vector<std::string> headers_of(const std::vector<catalogue::MapRecord>& maps,
                                    const std::string& cards,
                                    const Reader& reader) {
    std::vector<std::string> headers;
    const auto n_cards = static_cast<std::int64_t>(cards.size() / layout::header_card_bytes);
    for (const catalogue::MapRecord& map : maps) {
        if (map.first_header_card < 0 || map.n_header_cards < 0 ||
            map.first_header_card > n_cards ||
            map.n_header_cards > n_cards - map.first_header_card) {
            reader.throw_damaged("a map's header cards are missing");
        }
        headers.push_back(cards.substr(
            static_cast<std::size_t>(map.first_header_card) * layout::header_card_bytes,
            static_cast<std::size_t>(map.n_header_cards) * layout::header_card_bytes));
    }
    return headers;
}

}  // namespace

std::optional<CatalogueOrigin> origin_of_catalogue(const std::string& path) {
    silence_hdf5();
    const Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, file_access().id()), &H5Fclose);
    if (!file.is_open() || text_attribute(file, "format") != layout::format_name) {
        return std::nullopt;
    }
    const Hdf5Handle provenance(H5Oopen(file.id(), layout::provenance, H5P_DEFAULT), &H5Oclose);
    const Hdf5Handle maps(H5Dopen2(file.id(), layout::maps, H5P_DEFAULT), &H5Dclose);
    const Hdf5Handle space(H5Dget_space(maps.id()), &H5Sclose);
    const Hdf5Handle columns(H5Dget_type(maps.id()), &H5Tclose);
    const int path_column = H5Tget_member_index(columns.id(), "path");
    const hssize_t n = H5Sget_simple_extent_npoints(space.id());
    const auto model_sha256 = text_attribute(provenance, "model_sha256");
    if (path_column < 0 || n < 0 || static_cast<hsize_t>(n) > H5Dget_storage_size(maps.id()) ||
        !model_sha256) {
        return std::nullopt;
    }
    // That column alone: the others are of other versions.
    const Hdf5Handle text(H5Tget_member_type(columns.id(), static_cast<unsigned>(path_column)),
                          &H5Tclose);
    if (H5Tget_class(text.id()) != H5T_STRING || H5Tis_variable_str(text.id()) > 0) {
        return std::nullopt;
    }
    const std::size_t width = H5Tget_size(text.id());
    const Hdf5Handle row(H5Tcreate(H5T_COMPOUND, width), &H5Tclose);
    H5Tinsert(row.id(), "path", 0, text.id());
    std::string block(static_cast<std::size_t>(n) * width, '\0');
    if (n > 0 && H5Dread(maps.id(), row.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, block.data()) < 0) {
        return std::nullopt;
    }
    CatalogueOrigin origin{.maps = {},
                           .folder = text_attribute(provenance, folder_key).value_or(""),
                           .model_sha256 = *model_sha256};
    for (std::size_t at = 0; at < block.size(); at += width) {
        origin.maps.push_back(Reader::unpadded(std::string_view(block).substr(at, width)));
    }
    return origin;
}

catalogue::Catalogue read_catalogue(const std::string& path) {
    silence_hdf5();
    const Reader reader(path);
    catalogue::Catalogue catalogue;
    catalogue.tiles = reader.table<catalogue::TileRecord>(layout::tiles);
    catalogue.fields = reader.table<catalogue::FieldRecord>(layout::fields);
    catalogue.maps = reader.table<catalogue::MapRecord>(layout::maps);
    catalogue.scores = reader.floats(layout::score);
    catalogue.local_rms = reader.floats(layout::local_rms);
    catalogue.digest = reader.attribute("digest");

    catalogue::Provenance& provenance = catalogue.provenance;
    provenance.campaign_text = Reader::unpadded(reader.text_block(layout::campaign));
    provenance.settings = reader.entries(layout::settings);
    provenance.versions = reader.entries(layout::versions);
    provenance.map_headers = headers_of(catalogue.maps, reader.text_block(layout::headers), reader);
    for (const auto& [key, value] : reader.attributes(layout::provenance)) {
        if (key == "model_sha256") {
            provenance.model_sha256 = value;
        } else if (key == "device") {
            provenance.device = value;
        } else if (key == "precision") {
            provenance.precision = value;
        } else {
            provenance.run.emplace_back(key, value);
        }
    }
    if (catalogue.local_rms.size() != catalogue.scores.size()) {
        reader.throw_damaged("/local_rms and /score have different lengths");
    }
    // Whoever uses the tables indexes one with the other.
    for (const catalogue::FieldRecord& field : catalogue.fields) {
        if (field.map < 0 || static_cast<std::size_t>(field.map) >= catalogue.maps.size() ||
            field.n_tile_rows < 0 || field.n_tile_cols < 0 || field.score_offset < 0 ||
            field.score_offset + field.n_tiles() >
                static_cast<std::int64_t>(catalogue.scores.size())) {
            reader.throw_damaged(base::text("field ", field.field, " points outside its tables"));
        }
    }
    for (const catalogue::TileRecord& tile : catalogue.tiles) {
        if (tile.field < 0 || static_cast<std::size_t>(tile.field) >= catalogue.fields.size() ||
            tile.map < 0 || static_cast<std::size_t>(tile.map) >= catalogue.maps.size()) {
            reader.throw_damaged("a tile points outside the tables");
        }
    }
    return catalogue;
}

}  // namespace faintweb::io
