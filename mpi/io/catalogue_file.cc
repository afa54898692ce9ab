#include "mpi/io/catalogue_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <hdf5.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/catalogue/accounting.h"
#include "lib/catalogue/columns.h"
#include "lib/catalogue/digest.h"
#include "mpi/io/catalogue_layout.h"

namespace faintweb::io {
namespace {

using catalogue::FieldRecord;
using catalogue::FieldResult;
using catalogue::MapRecord;
using catalogue::Provenance;
using catalogue::TileRecord;

/// What all ranks know about the file before it is written.
struct Layout {
    std::int64_t n_fields = 0;
    std::vector<std::int64_t> tile_offset;   ///< [n_fields + 1], rows of /tiles
    std::vector<std::int64_t> score_offset;  ///< [n_fields + 1], elements of /score
};

constexpr const char* digest_name = "digest";

/// A failed HDF5 call on a file that we are writing is the disk's: nothing else is left to fail.
[[noreturn]] void throw_failed(const char* what, const std::string& path, const char* call) {
    throw base::DiskError(base::text("cannot ",
                                     what,
                                     " ",
                                     path,
                                     " (",
                                     call,
                                     " failed; ",
                                     hdf5_stack(),
                                     "), make room or check the disk and run again"));
}

[[noreturn]] void throw_not_as_written(const std::string& path, const std::string& what) {
    throw base::DiskError(
        base::text(what,
                   " of ",
                   path,
                   " did not come back from the disk as written (writes were lost), ",
                   "check the disk and run again"));
}

/// @collective yes.
void run_on_root(const comm::Communicator& communicator, const std::function<void()>& work) {
    comm::collectively(communicator, [&] {
        if (communicator.is_root()) {
            work();
        }
    });
}

Layout lay_out(const FieldSource& source) {
    Layout layout{.n_fields = static_cast<std::int64_t>(source.sizes.size()),
                  .tile_offset = {0},
                  .score_offset = {0}};
    for (const FieldSource::Size& size : source.sizes) {
        layout.tile_offset.push_back(layout.tile_offset.back() + size.n_rows);
        layout.score_offset.push_back(layout.score_offset.back() + size.n_scores);
    }
    return layout;
}

/// The first field behind a batch that begins with `first`: at least one, no more than `last`.
std::int64_t end_of_batch(const Layout& layout, std::int64_t first, std::int64_t last) {
    const auto bytes_before = [&](std::int64_t field) {
        const auto f = static_cast<std::size_t>(field);
        return layout.tile_offset[f] * static_cast<std::int64_t>(sizeof(TileRecord)) +
               layout.score_offset[f] * static_cast<std::int64_t>(2 * sizeof(float)) +
               field * static_cast<std::int64_t>(sizeof(FieldRecord));
    };
    std::int64_t end = first;
    while (end < last &&
           (end == first || bytes_before(end + 1) - bytes_before(first) <= batch_bytes)) {
        ++end;
    }
    return end;
}

std::int64_t bytes_needed(const Layout& layout,
                          const std::vector<MapRecord>& maps,
                          const Provenance& provenance) {
    std::size_t bytes = static_cast<std::size_t>(layout.tile_offset.back()) * sizeof(TileRecord) +
                        static_cast<std::size_t>(layout.score_offset.back()) * 2 * sizeof(float) +
                        static_cast<std::size_t>(layout.n_fields) * sizeof(FieldRecord) +
                        maps.size() * sizeof(MapRecord) + provenance.campaign_text.size();
    for (const std::string& header : provenance.map_headers) {
        bytes += header.size();
    }
    // Metadata, attributes, and the gaps in front of aligned datasets.
    return static_cast<std::int64_t>(bytes) + (std::int64_t{4} << 20);
}

/// Takes the disk's blocks for a file before they are written: where a write finds no room, Open
/// MPI may tell some ranks only, or none.
void reserve_room(const std::string& path, std::int64_t bytes) {
    const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
    const int failure = file < 0 ? errno : posix_fallocate(file, 0, bytes);
    if (file >= 0) {
        close(file);
    }
    if (failure != 0 && failure != EINVAL && failure != EOPNOTSUPP) {  // a disk that cannot reserve
        base::throw_errno(base::text("cannot reserve ",
                                     bytes / 1000000 + 1,
                                     " MB for ",
                                     path,
                                     " (make room and run again)"),
                          failure);
    }
}

/// The partial file while all ranks write their rows.
class SharedFile {
  public:
    ~SharedFile() {
        if (is_parallel_) {
            // Still open only after a failure. Closing takes all ranks, and they may not get there.
            file_.abandon();
        }
    }
    SharedFile(const SharedFile&) = delete;
    SharedFile& operator=(const SharedFile&) = delete;

    SharedFile(const comm::Communicator& communicator, std::string path)
        : communicator_(communicator),
          path_(std::move(path)),
          is_parallel_(communicator.size() > 1),
          transfer_(H5Pcreate(H5P_DATASET_XFER), &H5Pclose) {
        const Hdf5Handle access = file_access();
        H5Pset_libver_bounds(access.id(), H5F_LIBVER_V18, H5F_LIBVER_LATEST);
        // Large datasets begin on a stripe of common parallel file systems; small files stay small.
        H5Pset_alignment(access.id(), hsize_t{1} << 20, hsize_t{1} << 20);
        if (is_parallel_) {
            H5Pset_fapl_mpio(
                access.id(), *static_cast<const MPI_Comm*>(communicator.native()), MPI_INFO_NULL);
            H5Pset_coll_metadata_write(access.id(), true);
            H5Pset_dxpl_mpio(transfer_.id(), H5FD_MPIO_COLLECTIVE);
        }
        comm::collectively(communicator_, [&] {
            file_ = Hdf5Handle(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.id()),
                               &H5Fclose);
            check(file_.id(), "H5Fcreate");
        });
    }

    /// @collective yes.
    void add_dataset(const char* name, const Hdf5Handle& type, std::int64_t n_elements) {
        // Contiguous: the counts are known and nothing is appended later, so that there is no index
        // of chunks to keep, and any reader may still take any slice.
        const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose);
        H5Pset_alloc_time(creation.id(), H5D_ALLOC_TIME_EARLY);
        H5Pset_fill_time(creation.id(), H5D_FILL_TIME_NEVER);
        H5Pset_obj_track_times(creation.id(), false);
        const auto size = static_cast<hsize_t>(n_elements);
        const Hdf5Handle space(H5Screate_simple(1, &size, nullptr), &H5Sclose);
        comm::collectively(communicator_, [&] {
            const Hdf5Handle dataset(H5Dcreate2(file_.id(),
                                                name,
                                                type.id(),
                                                space.id(),
                                                H5P_DEFAULT,
                                                creation.id(),
                                                H5P_DEFAULT),
                                     &H5Dclose);
            check(dataset.id(), "H5Dcreate2");
        });
    }

    /// Takes the room for all datasets added so far.
    ///
    /// @collective yes.
    void reserve() {
        hsize_t bytes = 0;
        comm::collectively(communicator_,
                           [&] { check(H5Fget_filesize(file_.id(), &bytes), "H5Fget_filesize"); });
        run_on_root(communicator_, [&] { reserve_room(path_, static_cast<std::int64_t>(bytes)); });
    }

    /// Writes this rank's elements of a dataset, which may be none.
    ///
    /// @param first  where they belong.
    /// @collective yes.
    template <typename T>
    void write(const char* name, std::int64_t first, std::span<const T> elements) {
        comm::collectively(communicator_, [&] {
            const Hdf5Handle dataset(H5Dopen2(file_.id(), name, H5P_DEFAULT), &H5Dclose);
            check(dataset.id(), "H5Dopen2");
            const Hdf5Handle type(H5Dget_type(dataset.id()), &H5Tclose);
            const Hdf5Handle space(H5Dget_space(dataset.id()), &H5Sclose);
            if (H5Sget_simple_extent_npoints(space.id()) == 0) {
                return;
            }
            const auto start = static_cast<hsize_t>(first);
            const hsize_t count = elements.size();
            const hsize_t memory_size = std::max<hsize_t>(count, 1);
            const Hdf5Handle memory(H5Screate_simple(1, &memory_size, nullptr), &H5Sclose);
            // A rank with nothing to write still calls, with an empty selection and an address that
            // is valid.
            const T nothing{};
            if (count == 0) {
                H5Sselect_none(space.id());
                H5Sselect_none(memory.id());
            } else {
                check(H5Sselect_hyperslab(
                          space.id(), H5S_SELECT_SET, &start, nullptr, &count, nullptr),
                      "H5Sselect_hyperslab");
            }
            check(H5Dwrite(dataset.id(),
                           type.id(),
                           memory.id(),
                           space.id(),
                           transfer_.id(),
                           count == 0 ? &nothing : elements.data()),
                  "H5Dwrite");
        });
    }

    /// @collective yes.
    void close() {
        comm::collectively(communicator_, [&] { check(file_.close(), "H5Fclose"); });
    }

  private:
    void check(std::int64_t verdict, const char* call) const {
        if (verdict < 0) {
            throw_failed("write", path_, call);
        }
    }

    const comm::Communicator& communicator_;
    std::string path_;
    bool is_parallel_;
    Hdf5Handle transfer_;
    Hdf5Handle file_;
};

/// A number that changes with any value of a field. MPI-IO may lose data without an error, so what
/// was read back is compared with what each rank meant to write.
///
/// @param digest  the field's, which leaves out some of its record.
std::int64_t checksum(const FieldRecord& field, std::string_view digest) {
    base::Sha256 hash;
    hash.add_values(std::span(&field, 1));
    hash.add(digest);
    return std::stoll(hash.finish().substr(0, 15), nullptr, 16);
}

/// Fields first .. last - 1, of which a rank takes care.
struct Share {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

Share share_of(const Layout& layout, int rank, int n_ranks) {
    return {layout.n_fields * rank / n_ranks, layout.n_fields * (rank + 1) / n_ranks};
}

/// Rows of consecutive fields.
struct Batch {
    std::vector<TileRecord> tiles;
    std::vector<FieldRecord> fields;
    std::vector<float> scores;
    std::vector<float> local_rms;
};

Batch load_batch(const FieldSource& source,
                 const Layout& layout,
                 std::int64_t first,
                 std::int64_t end) {
    Batch batch;
    for (std::int64_t field = first; field < end; ++field) {
        FieldResult result = source.load(field);
        result.field.score_offset = layout.score_offset[static_cast<std::size_t>(field)];
        catalogue::check_field(result);
        const FieldSource::Size& size = source.sizes[static_cast<std::size_t>(field)];
        if (result.field.field != field ||
            static_cast<std::int64_t>(result.tiles.size()) != size.n_rows ||
            static_cast<std::int64_t>(result.scores.size()) != size.n_scores) {
            throw base::Error(base::ExitCode::internal,
                              base::text("field ",
                                         field,
                                         " is not what was planned (a fault of this program), ",
                                         "please report it"));
        }
        batch.tiles.insert(batch.tiles.end(), result.tiles.begin(), result.tiles.end());
        batch.scores.insert(batch.scores.end(), result.scores.begin(), result.scores.end());
        batch.local_rms.insert(
            batch.local_rms.end(), result.local_rms.begin(), result.local_rms.end());
        batch.fields.push_back(result.field);
    }
    return batch;
}

/// The elements of fields in order, one span after the other.
template <typename T>
class Parts {
  public:
    explicit Parts(std::span<const T> all) : all_(all) {}
    std::span<const T> next(std::int64_t n) {
        const std::span<const T> part = all_.first(static_cast<std::size_t>(n));
        all_ = all_.subspan(part.size());
        return part;
    }

  private:
    std::span<const T> all_;
};

/// What is known of fields by their values.
struct Sums {
    std::string digests;  ///< one after the other
    std::vector<std::int64_t> checksums;
};

/// @param first  the batch's first field.
Sums sums_of(const Layout& layout, std::int64_t first, const Batch& batch) {
    Parts<TileRecord> tiles(batch.tiles);
    Parts<float> scores(batch.scores);
    Parts<float> local_rms(batch.local_rms);
    Sums sums;
    auto f = static_cast<std::size_t>(first);
    for (const FieldRecord& field : batch.fields) {
        const std::int64_t n_tiles = layout.score_offset[f + 1] - layout.score_offset[f];
        const std::string digest =
            catalogue::field_digest(field,
                                    tiles.next(layout.tile_offset[f + 1] - layout.tile_offset[f]),
                                    scores.next(n_tiles),
                                    local_rms.next(n_tiles));
        sums.digests += digest;
        sums.checksums.push_back(checksum(field, digest));
        ++f;
    }
    return sums;
}

/// @return  the checksum of every field, on every rank.
/// @collective yes: every rank.
std::vector<std::int64_t> write_rows(const comm::Communicator& communicator,
                                     const std::string& path,
                                     const Layout& layout,
                                     const FieldSource& source) {
    SharedFile file(communicator, base::partial_path(path));
    file.add_dataset(layout::tiles,
                     record_type(catalogue::tile_columns, sizeof(TileRecord)),
                     layout.tile_offset.back());
    file.add_dataset(layout::fields,
                     record_type(catalogue::field_columns, sizeof(FieldRecord)),
                     layout.n_fields);
    for (const char* const of_tiles : {layout::score, layout::local_rms}) {
        file.add_dataset(
            of_tiles, Hdf5Handle(H5Tcopy(H5T_IEEE_F32LE), &H5Tclose), layout.score_offset.back());
    }
    file.reserve();
    std::vector<std::int64_t> checksums(static_cast<std::size_t>(layout.n_fields));
    auto [first, last] = share_of(layout, communicator.rank(), communicator.size());
    // Ranks may need different numbers of batches: those that are through go on with empty ones.
    while (communicator.max(last - first) > 0) {
        const std::int64_t end = end_of_batch(layout, first, last);
        Batch batch;
        comm::collectively(communicator, [&] {
            batch = load_batch(source, layout, first, end);
            std::ranges::copy(sums_of(layout, first, batch).checksums, checksums.begin() + first);
        });
        const auto f = static_cast<std::size_t>(first);
        file.write<TileRecord>(layout::tiles, layout.tile_offset[f], batch.tiles);
        file.write<FieldRecord>(layout::fields, first, batch.fields);
        file.write<float>(layout::score, layout.score_offset[f], batch.scores);
        file.write<float>(layout::local_rms, layout.score_offset[f], batch.local_rms);
        first = end;
    }
    file.close();
    // Each rank flushes what its own node still holds.
    comm::collectively(communicator, [&] { base::flush_file(base::partial_path(path)); });
    communicator.sum(std::span<std::int64_t>(checksums));
    return checksums;
}

/// The partial file as one process opens it: the root to add what is small, every rank to read
/// back.
class SerialFile {
  public:
    enum class For { reading, adding };

    SerialFile(std::string path, For what) : path_(std::move(path)), what_(what) {
        const Hdf5Handle access = file_access();
        // Something still open would put off what is written, and the verdict on it, past close().
        H5Pset_fclose_degree(access.id(), H5F_CLOSE_SEMI);
        const unsigned flags = what == For::adding ? H5F_ACC_RDWR : H5F_ACC_RDONLY;
        file_ = Hdf5Handle(H5Fopen(path_.c_str(), flags, access.id()), &H5Fclose);
        check(file_.id(), "H5Fopen");
    }

    hid_t id() const { return file_.id(); }

    void add_group(const char* name) {
        const Hdf5Handle creation(H5Pcreate(H5P_GROUP_CREATE), &H5Pclose);
        H5Pset_attr_creation_order(creation.id(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
        H5Pset_obj_track_times(creation.id(), false);
        const Hdf5Handle group(H5Gcreate2(id(), name, H5P_DEFAULT, creation.id(), H5P_DEFAULT),
                               &H5Gclose);
        check(group.id(), "H5Gcreate2");
    }

    /// @param n  elements, or -1 for a single value without axes.
    void add_dataset(const std::string& name,
                     const Hdf5Handle& type,
                     std::int64_t n,
                     const void* data) {
        const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose);
        H5Pset_obj_track_times(creation.id(), false);
        const auto size = static_cast<hsize_t>(std::max<std::int64_t>(n, 0));
        const Hdf5Handle space(n < 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &size, nullptr),
                               &H5Sclose);
        const Hdf5Handle dataset(
            H5Dcreate2(
                id(), name.c_str(), type.id(), space.id(), H5P_DEFAULT, creation.id(), H5P_DEFAULT),
            &H5Dclose);
        check(dataset.id(), "H5Dcreate2");
        if (n != 0) {
            check(H5Dwrite(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, data),
                  "H5Dwrite");
        }
    }

    void add_text(const char* name, const std::string& text) {
        // A std::string ends with a zero byte, so an empty text gives the one byte that HDF5 wants.
        add_dataset(name, text_type(text.size()), -1, text.c_str());
    }

    /// Lines of text as an array of texts of one length.
    void add_lines(const std::string& name, const std::vector<std::string>& lines) {
        std::size_t length = 1;
        for (const std::string& line : lines) {
            length = std::max(length, line.size());
        }
        std::string block;
        for (const std::string& line : lines) {
            block += line + std::string(length - line.size(), '\0');
        }
        add_dataset(name, text_type(length), static_cast<std::int64_t>(lines.size()), block.data());
    }

    void add_entries(const char* name, const catalogue::Entries& entries) {
        std::size_t key_bytes = 1;
        std::size_t value_bytes = 1;
        for (const auto& [key, value] : entries) {
            key_bytes = std::max(key_bytes, key.size());
            value_bytes = std::max(value_bytes, value.size());
        }
        std::string block;
        for (const auto& [key, value] : entries) {
            block += key + std::string(key_bytes - key.size(), '\0');
            block += value + std::string(value_bytes - value.size(), '\0');
        }
        add_dataset(name,
                    entry_type(key_bytes, value_bytes),
                    static_cast<std::int64_t>(entries.size()),
                    block.data());
    }

    void add_attribute(const char* object, const std::string& name, const std::string& text) {
        add_attribute(object, name, text_type(text.size()), text.c_str());
    }

    void add_attribute(const char* object,
                       const std::string& name,
                       const Hdf5Handle& type,
                       const void* value) {
        const Hdf5Handle space(H5Screate(H5S_SCALAR), &H5Sclose);
        const Hdf5Handle attribute(H5Acreate_by_name(id(),
                                                     object,
                                                     name.c_str(),
                                                     type.id(),
                                                     space.id(),
                                                     H5P_DEFAULT,
                                                     H5P_DEFAULT,
                                                     H5P_DEFAULT),
                                   &H5Aclose);
        check(attribute.id(), "H5Acreate_by_name");
        check(H5Awrite(attribute.id(), type.id(), value), "H5Awrite");
    }

    std::string text_attribute(const char* name, std::size_t n_bytes) const {
        const Hdf5Handle attribute(H5Aopen(id(), name, H5P_DEFAULT), &H5Aclose);
        check(attribute.id(), "H5Aopen");
        std::string text(n_bytes, '\0');
        check(H5Aread(attribute.id(), text_type(n_bytes).id(), text.data()), "H5Aread");
        return text;
    }

    void close() { check(file_.close(), "H5Fclose"); }

    void check(std::int64_t verdict, const char* call) const {
        if (verdict < 0) {
            throw_failed(what_ == For::adding ? "write" : "read back", path_, call);
        }
    }

  private:
    std::string path_;
    For what_;
    Hdf5Handle file_{};
};

/// The cards of a header that say something; comments and history are not needed for a WCS.
std::vector<std::string> useful_cards(const std::string& header) {
    std::vector<std::string> cards;
    for (std::size_t i = 0; i < header.size(); i += layout::header_card_bytes) {
        std::string card = header.substr(i, layout::header_card_bytes);
        const std::string_view key = std::string_view(card).substr(0, 8);
        if (key == "HISTORY " || key == "COMMENT " || key == "        ") {
            continue;
        }
        card.resize(layout::header_card_bytes, ' ');
        cards.push_back(std::move(card));
    }
    return cards;
}

/// @return  the maps as they stand in the file.
std::vector<MapRecord> add_provenance(SerialFile& file,
                                      std::vector<MapRecord> maps,
                                      const Provenance& provenance) {
    std::string cards;
    for (std::size_t m = 0; m < maps.size(); ++m) {
        maps[m].first_header_card =
            static_cast<std::int64_t>(cards.size() / layout::header_card_bytes);
        if (m < provenance.map_headers.size()) {
            for (const std::string& card : useful_cards(provenance.map_headers[m])) {
                cards += card;
                ++maps[m].n_header_cards;
            }
        }
    }
    file.add_group(layout::provenance);
    file.add_dataset(layout::maps,
                     record_type(catalogue::map_columns, sizeof(MapRecord)),
                     static_cast<std::int64_t>(maps.size()),
                     maps.data());
    file.add_dataset(layout::headers,
                     text_type(layout::header_card_bytes),
                     static_cast<std::int64_t>(cards.size() / layout::header_card_bytes),
                     cards.data());
    file.add_text(layout::campaign, provenance.campaign_text);
    file.add_entries(layout::settings, provenance.settings);
    file.add_entries(layout::versions, provenance.versions);
    file.add_attribute(layout::provenance, "model_sha256", provenance.model_sha256);
    file.add_attribute(layout::provenance, "device", provenance.device);
    file.add_attribute(layout::provenance, "precision", provenance.precision);
    for (const auto& [key, value] : provenance.run) {
        file.add_attribute(layout::provenance, key, value);
    }
    return maps;
}

/// A dataset of the file while it is read back.
template <typename T>
class ReadBack {
  public:
    ReadBack(const SerialFile& file, const char* name, Hdf5Handle type)
        : file_(file),
          dataset_(H5Dopen2(file.id(), name, H5P_DEFAULT), &H5Dclose),
          type_(std::move(type)) {
        file_.check(dataset_.id(), "H5Dopen2");
    }

    std::int64_t size() const {
        const Hdf5Handle space(H5Dget_space(dataset_.id()), &H5Sclose);
        return H5Sget_simple_extent_npoints(space.id());
    }

    std::vector<T> elements(std::int64_t first, std::int64_t n) const {
        std::vector<T> elements(static_cast<std::size_t>(n));
        if (n > 0) {
            const Hdf5Handle space(H5Dget_space(dataset_.id()), &H5Sclose);
            const auto start = static_cast<hsize_t>(first);
            const auto count = static_cast<hsize_t>(n);
            const Hdf5Handle memory(H5Screate_simple(1, &count, nullptr), &H5Sclose);
            file_.check(
                H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, &start, nullptr, &count, nullptr),
                "H5Sselect_hyperslab");
            file_.check(H5Dread(dataset_.id(),
                                type_.id(),
                                memory.id(),
                                space.id(),
                                H5P_DEFAULT,
                                elements.data()),
                        "H5Dread");
        }
        return elements;
    }

  private:
    const SerialFile& file_;
    Hdf5Handle dataset_;
    Hdf5Handle type_;
};

template <typename Record>
ReadBack<Record> read_back(const SerialFile& file, const char* name) {
    return {file, name, record_type(catalogue::columns_of<Record>(), sizeof(Record))};
}

/// Reads the rows of a share back from the disk, batch by batch, and checks them against what was
/// meant to be written.
///
/// @return  the digests of the fields, one after the other.
std::string verify_rows(const std::string& path,
                        const Layout& layout,
                        std::span<const std::int64_t> checksums,
                        Share share) {
    const SerialFile file(path, SerialFile::For::reading);
    const auto tiles_on_disk = read_back<TileRecord>(file, layout::tiles);
    const auto fields_on_disk = read_back<FieldRecord>(file, layout::fields);
    const ReadBack<float> scores_on_disk(
        file, layout::score, Hdf5Handle(H5Tcopy(H5T_IEEE_F32LE), &H5Tclose));
    const ReadBack<float> local_rms_on_disk(
        file, layout::local_rms, Hdf5Handle(H5Tcopy(H5T_IEEE_F32LE), &H5Tclose));
    if (tiles_on_disk.size() != layout.tile_offset.back() ||
        fields_on_disk.size() != layout.n_fields ||
        scores_on_disk.size() != layout.score_offset.back() ||
        local_rms_on_disk.size() != layout.score_offset.back()) {
        throw_not_as_written(path, "number of rows");
    }
    std::string digests;
    for (std::int64_t first = share.first; first < share.last;) {
        const std::int64_t end = end_of_batch(layout, first, share.last);
        const auto read = [&](const auto& on_disk, const std::vector<std::int64_t>& offset) {
            const std::int64_t start = offset[static_cast<std::size_t>(first)];
            return on_disk.elements(start, offset[static_cast<std::size_t>(end)] - start);
        };
        const Batch batch{.tiles = read(tiles_on_disk, layout.tile_offset),
                          .fields = fields_on_disk.elements(first, end - first),
                          .scores = read(scores_on_disk, layout.score_offset),
                          .local_rms = read(local_rms_on_disk, layout.score_offset)};
        const Sums sums = sums_of(layout, first, batch);
        const auto found = std::ranges::mismatch(sums.checksums,
                                                 checksums.subspan(static_cast<std::size_t>(first)))
                               .in1;
        if (found != sums.checksums.end()) {
            throw_not_as_written(path,
                                 base::text("field ", first + (found - sums.checksums.begin())));
        }
        catalogue::check_rows(batch.fields, batch.tiles);
        digests += sums.digests;
        first = end;
    }
    return digests;
}

/// Every rank reads back what one on another host has written, where there are several: its own
/// may still remember what never came to the disk.
///
/// @return  [rank 0] the digests of all fields, one after the other.
/// @collective yes: every rank.
std::string verify_all_rows(const comm::Communicator& communicator,
                            const std::string& path,
                            const Layout& layout,
                            std::span<const std::int64_t> checksums) {
    const int n_ranks = communicator.size();
    const auto shift = static_cast<int>(communicator.max(communicator.local_size())) % n_ranks;
    std::string mine;
    comm::collectively(communicator, [&] {
        const int other = (communicator.rank() + shift) % n_ranks;
        mine = verify_rows(path, layout, checksums, share_of(layout, other, n_ranks));
    });
    std::vector<std::string> parts = communicator.gather(mine);
    std::string digests;
    if (communicator.is_root()) {
        std::ranges::rotate(parts, parts.end() - shift);  // rank 0 has not the first share
        for (const std::string& part : parts) {
            digests += part;
        }
    }
    return digests;
}

/// Adds what is small.
///
/// @return  the maps as they stand in the file.
std::vector<MapRecord> complete_file(const std::string& path,
                                     const std::vector<MapRecord>& maps,
                                     const Provenance& provenance) {
    SerialFile file(path, SerialFile::For::adding);
    std::vector<MapRecord> maps_in_file = add_provenance(file, maps, provenance);
    file.add_lines(base::text(layout::tiles, ".__table_column_meta__"),
                   catalogue::astropy_column_meta(catalogue::tile_columns));
    file.add_lines(base::text(layout::fields, ".__table_column_meta__"),
                   catalogue::astropy_column_meta(catalogue::field_columns));
    file.add_lines(base::text(layout::maps, ".__table_column_meta__"),
                   catalogue::astropy_column_meta(catalogue::map_columns));
    file.add_attribute("/", "format", layout::format_name);
    file.add_attribute("/",
                       "format_version",
                       Hdf5Handle(H5Tcopy(H5T_STD_I32LE), &H5Tclose),
                       &catalogue::format_version);
    file.close();
    return maps_in_file;
}

/// Checks the file as a whole, when the rows of all fields are known to be right.
WrittenCatalogue verify_whole(const std::string& path,
                              std::span<const MapRecord> plan,
                              const Layout& layout,
                              std::string_view field_digests,
                              const Provenance& provenance) {
    const SerialFile file(path, SerialFile::For::reading);
    const auto maps_on_disk = read_back<MapRecord>(file, layout::maps);
    const std::vector<MapRecord> maps = maps_on_disk.elements(0, maps_on_disk.size());
    if (!std::equal(maps.begin(), maps.end(), plan.begin(), plan.end())) {
        throw_not_as_written(path, "maps");
    }
    const std::vector<FieldRecord> fields =
        read_back<FieldRecord>(file, layout::fields).elements(0, layout.n_fields);
    catalogue::check_totals(maps, fields, layout.tile_offset.back(), layout.score_offset.back());
    return {catalogue::catalogue_digest(maps, field_digests, provenance),
            catalogue::account(maps, fields)};
}

void add_digest(const std::string& path, const std::string& digest) {
    SerialFile file(path, SerialFile::For::adding);
    file.add_attribute("/", digest_name, digest);
    file.close();
    const SerialFile again(path, SerialFile::For::reading);
    if (again.text_attribute(digest_name, digest.size()) != digest) {
        throw_not_as_written(path, "digest");
    }
}

}  // namespace

WrittenCatalogue write_catalogue(const comm::Communicator& communicator,
                                 const std::string& path,
                                 const std::vector<MapRecord>& maps,
                                 const FieldSource& source,
                                 const Provenance& provenance) {
    silence_hdf5();
    const Layout layout = lay_out(source);
    run_on_root(communicator,
                [&] { base::check_room(path, bytes_needed(layout, maps, provenance)); });
    const std::string partial = base::partial_path(path);
    run_on_root(communicator, [&] { base::remove_partial(path); });
    std::vector<std::int64_t> checksums;
    try {
        checksums = write_rows(communicator, path, layout, source);
    } catch (const base::Error& error) {
        // A full disk is not kept full by a torso. The error goes on as one that ends the job at
        // once: an orderly MPI_Finalize would have HDF5 close the file, and some ranks wait there
        // for ever.
        std::remove(partial.c_str());
        throw base::Error(error.code(), error.what());
    }
    WrittenCatalogue written;
    try {
        std::vector<MapRecord> maps_in_file;
        run_on_root(communicator, [&] { maps_in_file = complete_file(partial, maps, provenance); });
        const std::string digests = verify_all_rows(communicator, partial, layout, checksums);
        run_on_root(communicator, [&] {
            written = verify_whole(partial, maps_in_file, layout, digests, provenance);
            add_digest(partial, written.digest);
            base::publish_partial(path);
        });
    } catch (const base::Error& error) {
        if (communicator.is_root()) {
            std::remove(partial.c_str());
        }
        if (error.code() == base::ExitCode::disk) {
            throw base::Error(error.code(), error.what());  // as above
        }
        throw;
    }
    communicator.broadcast(written.digest);
    return written;
}

}  // namespace faintweb::io
