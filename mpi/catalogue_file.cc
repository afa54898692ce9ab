#include "mpi/catalogue_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <hdf5.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/catalogue/accounting.h"
#include "lib/catalogue/columns.h"
#include "lib/catalogue/digest.h"
#include "mpi/catalogue_layout.h"
#include "mpi/native.h"

namespace faintweb::mpi {
namespace {

using catalogue::FieldRecord;
using catalogue::FieldResult;
using catalogue::MapRecord;
using catalogue::Provenance;
using catalogue::TileRecord;

/// Elements [first, first + count) of a dataset.
struct Run {
    std::int64_t first;
    std::int64_t count;
};

/// What all ranks know about the file before it is written.
struct Layout {
    std::int64_t n_fields = 0;
    std::vector<std::int64_t> tile_offset;   ///< [n_fields + 1], rows of /tiles
    std::vector<std::int64_t> score_offset;  ///< [n_fields + 1], elements of /score
};

/// A failed HDF5 call on a file that we are writing is the disk's: nothing else is left to fail.
[[noreturn]] void throw_write_failed(const std::string& path, const char* call) {
    throw base::DiskError(base::text("cannot write ",
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
void run_on_root(const Communicator& communicator, const std::function<void()>& work) {
    together(communicator, [&] {
        if (communicator.is_root()) {
            work();
        }
    });
}

/// @collective yes.
Layout agree_on_layout(const Communicator& communicator,
                       const std::vector<FieldResult>& mine,
                       std::int64_t n_fields) {
    const auto n = static_cast<std::size_t>(n_fields);
    // Per field: how often it is held, its rows, its scores; the last element counts stray fields.
    std::vector<std::int64_t> counts(3 * n + 1);
    for (const FieldResult& result : mine) {
        if (result.field.field < 0 || result.field.field >= n_fields) {
            ++counts[3 * n];
            continue;
        }
        const auto field = static_cast<std::size_t>(result.field.field);
        ++counts[3 * field];
        counts[3 * field + 1] += static_cast<std::int64_t>(result.tiles.size());
        counts[3 * field + 2] += static_cast<std::int64_t>(result.scores.size());
    }
    communicator.sum(std::span<std::int64_t>(counts));

    Layout layout{.n_fields = n_fields, .tile_offset = {0}, .score_offset = {0}};
    for (std::size_t field = 0; field < n; ++field) {
        if (counts[3 * field] != 1) {
            throw AgreedError(
                base::ExitCode::internal,
                base::text("field ",
                           field,
                           " is held by ",
                           counts[3 * field],
                           " ranks instead of one (a fault of this program), please report it"));
        }
        layout.tile_offset.push_back(layout.tile_offset.back() + counts[3 * field + 1]);
        layout.score_offset.push_back(layout.score_offset.back() + counts[3 * field + 2]);
    }
    if (counts[3 * n] != 0) {
        throw AgreedError(
            base::ExitCode::internal,
            base::text(counts[3 * n],
                       " fields are not of this plan (a fault of this program), please report it"));
    }
    return layout;
}

std::int64_t bytes_needed(const Layout& layout,
                          const std::vector<MapRecord>& maps,
                          const Provenance& provenance) {
    std::size_t bytes = static_cast<std::size_t>(layout.tile_offset.back()) * sizeof(TileRecord) +
                        static_cast<std::size_t>(layout.score_offset.back()) * sizeof(float) +
                        static_cast<std::size_t>(layout.n_fields) * sizeof(FieldRecord) +
                        maps.size() * sizeof(MapRecord) + provenance.campaign_text.size();
    for (const std::string& header : provenance.map_headers) {
        bytes += header.size();
    }
    // Metadata, attributes, and the gaps in front of aligned datasets.
    return static_cast<std::int64_t>(bytes) + (std::int64_t{4} << 20);
}

void check_room(const std::string& path, std::int64_t bytes) {
    auto folder = std::filesystem::path(path).parent_path();
    folder = folder.empty() ? "." : folder;
    if (!std::filesystem::is_directory(folder)) {
        throw base::UsageError(base::text("cannot write ",
                                          path,
                                          " (",
                                          folder.string(),
                                          " is no folder), make it or choose another place"));
    }
    struct statvfs room {};
    if (statvfs(folder.c_str(), &room) != 0) {
        base::throw_errno("cannot ask for the free space of " + folder.string(), errno);
    }
    const double free_bytes =
        static_cast<double>(room.f_bavail) * static_cast<double>(room.f_frsize);
    if (free_bytes < static_cast<double>(bytes)) {
        throw base::DiskError(base::text("too little room for ",
                                         path,
                                         " (needs ",
                                         bytes / 1000000 + 1,
                                         " MB, free are ",
                                         static_cast<std::int64_t>(free_bytes / 1e6),
                                         " MB), make room and run again"));
    }
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

    SharedFile(const Communicator& communicator, std::string path)
        : communicator_(communicator),
          path_(std::move(path)),
          is_parallel_(communicator.size() > 1),
          transfer_(H5Pcreate(H5P_DATASET_XFER), &H5Pclose) {
        const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose);
        H5Pset_libver_bounds(access.id(), H5F_LIBVER_V18, H5F_LIBVER_LATEST);
        // Large datasets begin on a stripe of common parallel file systems; small files stay small.
        H5Pset_alignment(access.id(), hsize_t{1} << 20, hsize_t{1} << 20);
        if (is_parallel_) {
            H5Pset_fapl_mpio(access.id(), comm_of(communicator), MPI_INFO_NULL);
            H5Pset_coll_metadata_write(access.id(), true);
            H5Pset_dxpl_mpio(transfer_.id(), H5FD_MPIO_COLLECTIVE);
        }
        together(communicator_, [&] {
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
        together(communicator_, [&] {
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
        together(communicator_,
                 [&] { check(H5Fget_filesize(file_.id(), &bytes), "H5Fget_filesize"); });
        run_on_root(communicator_, [&] { reserve_room(path_, static_cast<std::int64_t>(bytes)); });
    }

    /// Writes this rank's elements of a dataset.
    ///
    /// @param runs  where they belong, ascending; `data` holds them one after the other.
    /// @collective yes.
    void write(const char* name, const std::vector<Run>& runs, std::span<const std::byte> data) {
        Hdf5Handle dataset;
        together(communicator_, [&] {
            dataset = Hdf5Handle(H5Dopen2(file_.id(), name, H5P_DEFAULT), &H5Dclose);
            check(dataset.id(), "H5Dopen2");
        });
        const Hdf5Handle type(H5Dget_type(dataset.id()), &H5Tclose);
        const Hdf5Handle space(H5Dget_space(dataset.id()), &H5Sclose);
        const std::vector<std::vector<Run>> batches =
            in_batches(runs, static_cast<std::int64_t>(H5Tget_size(type.id())));
        const std::int64_t n_batches = communicator_.max(static_cast<std::int64_t>(batches.size()));
        const std::byte* next = data.data();
        for (std::int64_t b = 0; b < n_batches; ++b) {
            const auto i = static_cast<std::size_t>(b);
            const std::vector<Run> batch = i < batches.size() ? batches[i] : std::vector<Run>{};
            together(communicator_, [&] { next = write_batch(dataset, type, space, batch, next); });
        }
        together(communicator_, [&] { check(dataset.close(), "H5Dclose"); });
    }

    /// @collective yes.
    void close() {
        together(communicator_, [&] { check(file_.close(), "H5Fclose"); });
    }

  private:
    void check(std::int64_t verdict, const char* call) const {
        if (verdict < 0) {
            throw_write_failed(path_, call);
        }
    }

    /// Splits runs so that one collective call stays below MPI's 2 GiB, and a selection below a
    /// size from which on HDF5 takes longer to build it than to write it.
    static std::vector<std::vector<Run>> in_batches(const std::vector<Run>& runs,
                                                    std::int64_t element_bytes) {
        constexpr std::size_t max_runs = 512;
        constexpr std::int64_t max_bytes = std::int64_t{256} << 20;
        const std::int64_t max_elements = max_bytes / element_bytes;
        std::vector<std::vector<Run>> batches;
        std::int64_t n_left = 0;
        for (Run run : runs) {
            while (run.count > 0) {
                if (batches.empty() || n_left == 0 || batches.back().size() == max_runs) {
                    batches.emplace_back();
                    n_left = max_elements;
                }
                const std::int64_t n = std::min(run.count, n_left);
                batches.back().push_back({run.first, n});
                n_left -= n;
                run.first += n;
                run.count -= n;
            }
        }
        return batches;
    }

    /// @return  the data behind what was written.
    const std::byte* write_batch(const Hdf5Handle& dataset,
                                 const Hdf5Handle& type,
                                 const Hdf5Handle& space,
                                 const std::vector<Run>& batch,
                                 const std::byte* data) {
        hsize_t n_elements = 0;
        H5Sselect_none(space.id());
        for (const Run& run : batch) {
            const auto start = static_cast<hsize_t>(run.first);
            const auto count = static_cast<hsize_t>(run.count);
            const H5S_seloper_t how = n_elements == 0 ? H5S_SELECT_SET : H5S_SELECT_OR;
            check(H5Sselect_hyperslab(space.id(), how, &start, nullptr, &count, nullptr),
                  "H5Sselect_hyperslab");
            n_elements += count;
        }
        const hsize_t memory_size = std::max<hsize_t>(n_elements, 1);
        const Hdf5Handle memory(H5Screate_simple(1, &memory_size, nullptr), &H5Sclose);
        if (n_elements == 0) {
            H5Sselect_none(memory.id());
        }
        // A rank with nothing left still calls, with an empty selection and an address that is
        // valid.
        const std::byte nothing{};
        const void* from = n_elements == 0 ? &nothing : data;
        check(H5Dwrite(dataset.id(), type.id(), memory.id(), space.id(), transfer_.id(), from),
              "H5Dwrite");
        return data + n_elements * H5Tget_size(type.id());
    }

    const Communicator& communicator_;
    std::string path_;
    bool is_parallel_;
    Hdf5Handle transfer_;
    Hdf5Handle file_;
};

/// Appends a run, or makes the last one longer.
void add_run(std::int64_t first, std::int64_t count, std::vector<Run>& runs) {
    if (!runs.empty() && runs.back().first + runs.back().count == first) {
        runs.back().count += count;
    } else {
        runs.push_back({first, count});
    }
}

/// A number that changes with any value of a field. MPI-IO may lose data without an error, so what
/// was read back is compared with what each rank meant to write.
std::int64_t checksum(const FieldRecord& field,
                      std::span<const TileRecord> tiles,
                      std::span<const float> scores) {
    base::Sha256 hash;
    hash.add_values(std::span(&field, 1));
    hash.add_values(tiles);
    hash.add_values(scores);
    return std::stoll(hash.finish().substr(0, 15), nullptr, 16);
}

/// @return  the checksum of every field, on every rank.
/// @collective yes.
std::vector<std::int64_t> write_rows(const Communicator& communicator,
                                     const std::string& path,
                                     const Layout& layout,
                                     std::vector<FieldResult> mine) {
    std::sort(mine.begin(), mine.end(), [](const FieldResult& a, const FieldResult& b) {
        return a.field.field < b.field.field;
    });
    std::vector<TileRecord> tiles;
    std::vector<FieldRecord> fields;
    std::vector<float> scores;
    std::vector<Run> tile_runs;
    std::vector<Run> field_runs;
    std::vector<Run> score_runs;
    std::vector<std::int64_t> checksums(static_cast<std::size_t>(layout.n_fields));
    for (FieldResult& result : mine) {
        const auto f = static_cast<std::size_t>(result.field.field);
        result.field.score_offset = layout.score_offset[f];
        add_run(layout.tile_offset[f], static_cast<std::int64_t>(result.tiles.size()), tile_runs);
        add_run(result.field.field, 1, field_runs);
        add_run(
            layout.score_offset[f], static_cast<std::int64_t>(result.scores.size()), score_runs);
        tiles.insert(tiles.end(), result.tiles.begin(), result.tiles.end());
        fields.push_back(result.field);
        scores.insert(scores.end(), result.scores.begin(), result.scores.end());
        checksums[f] = checksum(result.field, result.tiles, result.scores);
        result = {};  // its rows are held once
    }

    SharedFile file(communicator, base::partial_path(path));
    file.add_dataset(layout::tiles,
                     record_type(catalogue::tile_columns, sizeof(TileRecord)),
                     layout.tile_offset.back());
    file.add_dataset(layout::fields,
                     record_type(catalogue::field_columns, sizeof(FieldRecord)),
                     layout.n_fields);
    file.add_dataset(
        layout::score, Hdf5Handle(H5Tcopy(H5T_IEEE_F32LE), &H5Tclose), layout.score_offset.back());
    file.reserve();
    file.write(layout::tiles, tile_runs, std::as_bytes(std::span(tiles)));
    file.write(layout::fields, field_runs, std::as_bytes(std::span(fields)));
    file.write(layout::score, score_runs, std::as_bytes(std::span(scores)));
    file.close();
    // Each rank flushes what its own node still holds.
    together(communicator, [&] { base::flush_file(base::partial_path(path)); });
    communicator.sum(std::span<std::int64_t>(checksums));
    return checksums;
}

/// The partial file while the root alone adds what is small.
class RootFile {
  public:
    explicit RootFile(std::string path)
        : path_(std::move(path)),
          file_(H5Fopen(path_.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), &H5Fclose) {
        check(file_.id(), "H5Fopen");
    }

    hid_t id() const { return file_.id(); }
    const std::string& path() const { return path_; }

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

    void close() { check(file_.close(), "H5Fclose"); }

    void check(std::int64_t verdict, const char* call) const {
        if (verdict < 0) {
            throw_write_failed(path_, call);
        }
    }

  private:
    std::string path_;
    Hdf5Handle file_;
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
std::vector<MapRecord> add_provenance(RootFile& file,
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

template <typename T>
std::vector<T> read_back(const RootFile& file, const char* name, const Hdf5Handle& type) {
    const Hdf5Handle dataset(H5Dopen2(file.id(), name, H5P_DEFAULT), &H5Dclose);
    file.check(dataset.id(), "H5Dopen2");
    const Hdf5Handle space(H5Dget_space(dataset.id()), &H5Sclose);
    std::vector<T> elements(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.id())));
    if (!elements.empty()) {
        file.check(H5Dread(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, elements.data()),
                   "H5Dread");
    }
    return elements;
}

template <typename Record>
std::vector<Record> read_back(const RootFile& file, const char* name) {
    return read_back<Record>(
        file, name, record_type(catalogue::columns_of<Record>(), sizeof(Record)));
}

/// Reads everything back from the disk, checks it against the plan and against what every rank
/// meant to write, and gives its digest.
std::string verify(const RootFile& file,
                   std::span<const MapRecord> plan,
                   const Layout& layout,
                   std::span<const std::int64_t> checksums,
                   const Provenance& provenance) {
    const auto tiles = read_back<TileRecord>(file, layout::tiles);
    const auto fields = read_back<FieldRecord>(file, layout::fields);
    const auto maps = read_back<MapRecord>(file, layout::maps);
    const auto scores =
        read_back<float>(file, layout::score, Hdf5Handle(H5Tcopy(H5T_IEEE_F32LE), &H5Tclose));
    if (!std::equal(maps.begin(), maps.end(), plan.begin(), plan.end())) {
        throw_not_as_written(file.path(), "maps");
    }
    if (static_cast<std::int64_t>(tiles.size()) != layout.tile_offset.back() ||
        static_cast<std::int64_t>(fields.size()) != layout.n_fields ||
        static_cast<std::int64_t>(scores.size()) != layout.score_offset.back()) {
        throw_not_as_written(file.path(), "number of rows");
    }
    for (std::size_t f = 0; f < fields.size(); ++f) {
        const auto part = [f](const auto& all, const std::vector<std::int64_t>& offset) {
            return std::span(all).subspan(static_cast<std::size_t>(offset[f]),
                                          static_cast<std::size_t>(offset[f + 1] - offset[f]));
        };
        if (checksum(fields[f],
                     part(tiles, layout.tile_offset),
                     part(scores, layout.score_offset)) != checksums[f]) {
            throw_not_as_written(file.path(), base::text("field ", f));
        }
    }
    catalogue::check_totals(maps, fields, tiles, static_cast<std::int64_t>(scores.size()));

    catalogue::CatalogueDigest digest;
    digest.add(std::span(tiles));
    digest.add(std::span(fields));
    digest.add(std::span(maps));
    digest.add_scores(scores);
    return digest.finish(provenance);
}

std::string complete_file(const std::string& partial,
                          const std::vector<MapRecord>& maps,
                          const Layout& layout,
                          std::span<const std::int64_t> checksums,
                          const Provenance& provenance) {
    RootFile file(partial);
    const std::vector<MapRecord> maps_in_file = add_provenance(file, maps, provenance);
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

    RootFile again(partial);
    const std::string digest = verify(again, maps_in_file, layout, checksums, provenance);
    again.add_attribute("/", "digest", digest);
    again.close();
    return digest;
}

}  // namespace

std::string write_catalogue(const Communicator& communicator,
                            const std::string& path,
                            const std::vector<MapRecord>& maps,
                            std::vector<FieldResult> mine,
                            std::int64_t n_fields_total,
                            const Provenance& provenance) {
    silence_hdf5();
    together(communicator, [&] {
        for (const FieldResult& result : mine) {
            catalogue::check_field(result);
        }
    });
    const Layout layout = agree_on_layout(communicator, mine, n_fields_total);
    run_on_root(communicator, [&] { check_room(path, bytes_needed(layout, maps, provenance)); });
    std::vector<std::int64_t> checksums;
    try {
        checksums = write_rows(communicator, path, layout, std::move(mine));
    } catch (const base::Error& error) {
        // A full disk is not kept full by a torso. The error goes on as one that ends the job at
        // once: an orderly MPI_Finalize would have HDF5 close the file, and some ranks wait there
        // for ever.
        std::remove(base::partial_path(path).c_str());
        throw base::Error(error.code(), error.what());
    }
    std::string digest;
    run_on_root(communicator, [&] {
        try {
            digest = complete_file(base::partial_path(path), maps, layout, checksums, provenance);
            base::publish_partial(path);
        } catch (const base::Error&) {
            std::remove(base::partial_path(path).c_str());
            throw;
        }
    });
    communicator.broadcast(digest);
    return digest;
}

}  // namespace faintweb::mpi
