#include "mpi/io/box_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <mutex>
#include <span>
#include <utility>

#include <fcntl.h>
#include <hdf5.h>
#include <unistd.h>

#include "lib/base/contract.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "mpi/io/catalogue_layout.h"
#include "mpi/io/hdf5_attributes.h"

namespace faintweb::io {
namespace {

/// Of the layout below; a file of another version is made again.
constexpr int format_version = 1;
/// Edge of the square pieces in which maps are stored: small enough that haloes leave many empty,
/// large enough that HDF5 spends its time on the pixels.
constexpr hsize_t chunk_px = 250;

std::string format_of(BoxFileKind kind) {
    const char* const name = kind == BoxFileKind::particles ? "particles" : "maps";
    return base::text("faintweb box ", name, " ", format_version);
}

std::string hash_of(BoxFileKind kind, const std::string& made_from) {
    return base::sha256(format_of(kind) + "\n" + made_from);
}

std::string map_name(sky::Layer layer, int axis) {
    return base::text(sky::layer_name(layer), '_', "xyz"[axis]);
}

Hdf5Handle access_list() {
    Hdf5Handle access = file_access();
    // This version keeps checksums of HDF5's own structures as well.
    H5Pset_libver_bounds(access.id(), H5F_LIBVER_V110, H5F_LIBVER_LATEST);
    // A dataset that is still open would put off the writing; rather fail.
    H5Pset_fclose_degree(access.id(), H5F_CLOSE_SEMI);
    return access;
}

Hdf5Handle halo_type() {
    Hdf5Handle type(H5Tcreate(H5T_COMPOUND, sizeof(sky::BoxHalo)), &H5Tclose);
    const hsize_t three = 3;
    const Hdf5Handle vector(H5Tarray_create2(H5T_IEEE_F64LE, 1, &three), &H5Tclose);
    H5Tinsert(type.id(), "position_mpc", HOFFSET(sky::BoxHalo, position_mpc), vector.id());
    H5Tinsert(type.id(), "mass_msun", HOFFSET(sky::BoxHalo, mass_msun), H5T_IEEE_F64LE);
    H5Tinsert(type.id(), "mesh_mass_msun", HOFFSET(sky::BoxHalo, mesh_mass_msun), H5T_IEEE_F64LE);
    H5Tinsert(type.id(), "r200_mpc", HOFFSET(sky::BoxHalo, r200_mpc), H5T_IEEE_F64LE);
    H5Tinsert(type.id(), "r100_mpc", HOFFSET(sky::BoxHalo, r100_mpc), H5T_IEEE_F64LE);
    H5Tinsert(type.id(), "id", HOFFSET(sky::BoxHalo, id), H5T_STD_U32LE);
    return type;
}

/// Makes an empty file beside `path` under a name that was free, so that several processes may
/// write the same box at once and the last one's stays.
std::string claim_partial(const std::string& path) {
    for (int n = 0;; ++n) {
        std::string partial = base::partial_path(base::text(path, '.', getpid(), '-', n));
        const int file = open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0) {
            close(file);
            return partial;
        }
        if (errno != EEXIST) {
            base::throw_errno("cannot make " + partial, errno);
        }
    }
}

/// A box file while it is written.
class NewFile {
  public:
    NewFile(BoxFileKind kind, std::string path, const std::string& made_from)
        : path_(std::move(path)), partial_(claim_partial(path_)) {
        file_ = Hdf5Handle(
            H5Fcreate(partial_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access_list().id()), &H5Fclose);
        check(file_.is_open(), "H5Fcreate");
        check(add_text_attribute(file_, "format", format_of(kind)), "H5Awrite");
        check(add_text_attribute(file_, "hash", hash_of(kind, made_from)), "H5Awrite");
        const hsize_t length = std::max<std::size_t>(made_from.size(), 1);
        write(add_dataset("made_from", Hdf5Handle(H5Tcopy(H5T_STD_U8LE), &H5Tclose), {length}, {}),
              made_from.c_str());
    }
    ~NewFile() {
        if (!is_published_) {
            file_.close();
            std::remove(partial_.c_str());
        }
    }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    const Hdf5Handle& file() const { return file_; }
    const std::string& partial() const { return partial_; }

    /// Takes the disk's blocks for data that is to come: what HDF5 cannot write it cannot close
    /// either, and it crashes on it when the program ends.
    void reserve(std::size_t bytes) const {
        hsize_t n_used = 0;
        check(H5Fget_filesize(file_.id(), &n_used) >= 0, "H5Fget_filesize");
        constexpr std::size_t structures_bytes = 1 << 20;
        const int file = open(partial_.c_str(), O_WRONLY | O_CLOEXEC);
        const bool is_refused =
            file < 0 || fallocate(file,
                                  FALLOC_FL_KEEP_SIZE,
                                  static_cast<off_t>(n_used),
                                  static_cast<off_t>(bytes + structures_bytes)) != 0;
        const int why = errno;
        if (file >= 0) {
            ::close(file);
        }
        if (is_refused && why != EOPNOTSUPP && why != ENOSYS) {  // a disk that cannot reserve
            base::throw_errno(base::text("cannot reserve ",
                                         bytes / 1000000 + 1,
                                         " MB for ",
                                         path_,
                                         " (make room and run again)"),
                              why);
        }
    }

    /// @param chunk  empty: contiguous, without checksum.
    Hdf5Handle add_dataset(const std::string& name,
                           const Hdf5Handle& type,
                           const std::vector<hsize_t>& size,
                           const std::vector<hsize_t>& chunk) const {
        const int n_axes = static_cast<int>(size.size());
        const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose);
        H5Pset_obj_track_times(creation.id(), false);
        if (!chunk.empty()) {
            H5Pset_chunk(creation.id(), n_axes, chunk.data());
            H5Pset_fletcher32(creation.id());
        }
        const Hdf5Handle space(H5Screate_simple(n_axes, size.data(), nullptr), &H5Sclose);
        Hdf5Handle dataset(H5Dcreate2(file_.id(),
                                      name.c_str(),
                                      type.id(),
                                      space.id(),
                                      H5P_DEFAULT,
                                      creation.id(),
                                      H5P_DEFAULT),
                           &H5Dclose);
        check(dataset.is_open(), "H5Dcreate2");
        return dataset;
    }

    /// Writes a whole dataset in its own type.
    void write(const Hdf5Handle& dataset, const void* data) const {
        const Hdf5Handle type(H5Dget_type(dataset.id()), &H5Tclose);
        check(H5Dwrite(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0,
              "H5Dwrite");
    }

    void check(bool is_good, const char* call) const {
        if (!is_good) {
            throw base::DiskError(base::text("cannot write ",
                                             path_,
                                             " (",
                                             call,
                                             " failed; ",
                                             hdf5_stack(),
                                             "), make room or check the disk and run again"));
        }
    }

    void close() {
        check(file_.close() >= 0, "H5Fclose");
        // Gives back what was reserved and not used.
        std::error_code error;
        std::filesystem::resize_file(partial_, std::filesystem::file_size(partial_, error), error);
        base::flush_file(partial_);
    }

    /// @param is_as_written  reads the partial file and tells whether it is what was meant.
    void publish(const std::function<bool()>& is_as_written) {
        bool is_whole = false;
        try {
            is_whole = is_as_written();
        } catch (const UnfitBoxFile&) {
        }
        if (!is_whole) {
            throw base::DiskError(
                base::text(path_,
                           " did not come back from the disk as written (writes were lost), ",
                           "check the disk and run again"));
        }
        if (std::rename(partial_.c_str(), path_.c_str()) != 0) {
            base::throw_errno(base::text("cannot rename ", partial_, " to ", path_), errno);
        }
        is_published_ = true;
        const std::string folder = std::filesystem::path(path_).parent_path().string();
        base::flush_file(folder.empty() ? "." : folder);
    }

  private:
    std::string path_;
    std::string partial_;
    Hdf5Handle file_;
    bool is_published_ = false;
};

/// A box file that is read.
class OldFile {
  public:
    OldFile(BoxFileKind kind, std::string path, const std::string& made_from)
        : path_(std::move(path)) {
        silence_hdf5();
        std::error_code error;
        if (!std::filesystem::exists(path_, error)) {
            throw_unfit("missing");
        }
        file_ = Hdf5Handle(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, access_list().id()), &H5Fclose);
        check(file_.is_open(), "H5Fopen");
        if (text_attribute(file_, "format") != format_of(kind)) {
            throw_unfit("another format or version");
        }
        if (text_attribute(file_, "hash") != hash_of(kind, made_from) ||
            stored_text("made_from").substr(0, made_from.size()) != made_from) {
            throw_unfit("made with other settings");
        }
    }

    Hdf5Handle open(const std::string& name) const {
        Hdf5Handle dataset(H5Dopen2(file_.id(), name.c_str(), H5P_DEFAULT), &H5Dclose);
        check(dataset.is_open(), "H5Dopen2");
        return dataset;
    }

    bool has(const std::string& name) const {
        return H5Lexists(file_.id(), name.c_str(), H5P_DEFAULT) > 0;
    }

    double number(const Hdf5Handle& object, const std::string& name) const {
        const std::vector<double> values = number_attribute(object, name);
        if (values.size() != 1) {
            throw_unfit("damaged: no " + name);
        }
        return values[0];
    }
    double number(const std::string& name) const { return number(file_, name); }

    /// Length of each axis.
    std::vector<hsize_t> size(const Hdf5Handle& dataset) const {
        const Hdf5Handle space(H5Dget_space(dataset.id()), &H5Sclose);
        const int n_axes = H5Sget_simple_extent_ndims(space.id());
        check(n_axes >= 0, "H5Sget_simple_extent_ndims");
        std::vector<hsize_t> size(static_cast<std::size_t>(n_axes));
        H5Sget_simple_extent_dims(space.id(), size.data(), nullptr);
        return size;
    }

    /// Reads a whole dataset. Its checksums do not fit: an UnfitBoxFile.
    void read(const Hdf5Handle& dataset, const Hdf5Handle& type, void* data) const {
        check(H5Dread(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0,
              "H5Dread");
    }

    /// Reads element `first` of the first axis with all that is under it.
    void read_plane(const Hdf5Handle& dataset,
                    const Hdf5Handle& type,
                    hsize_t first,
                    void* data) const {
        std::vector<hsize_t> count = size(dataset);
        count[0] = 1;
        std::vector<hsize_t> start(count.size());
        start[0] = first;
        const Hdf5Handle space(H5Dget_space(dataset.id()), &H5Sclose);
        H5Sselect_hyperslab(
            space.id(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
        const Hdf5Handle memory(
            H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), &H5Sclose);
        check(H5Dread(dataset.id(), type.id(), memory.id(), space.id(), H5P_DEFAULT, data) >= 0,
              "H5Dread");
    }

    void check(bool is_good, const char* call) const {
        if (!is_good) {
            throw_unfit(base::text("damaged: ", call, " failed; ", hdf5_stack()));
        }
    }

    [[noreturn]] void throw_unfit(const std::string& reason) const {
        throw UnfitBoxFile(base::text("cannot use ", path_, " (", reason, ')'));
    }

  private:
    std::string stored_text(const std::string& name) const {
        const Hdf5Handle dataset = open(name);
        const std::vector<hsize_t> length = size(dataset);
        if (length.size() != 1 || length[0] > (hsize_t{1} << 24)) {
            throw_unfit("damaged: " + name);
        }
        std::string text(length[0], '\0');
        read(dataset, Hdf5Handle(H5Tcopy(H5T_STD_U8LE), &H5Tclose), text.data());
        return text;
    }

    std::string path_;
    Hdf5Handle file_;
};

Hdf5Handle float_type() {
    return {H5Tcopy(H5T_IEEE_F32LE), &H5Tclose};
}
Hdf5Handle code_type() {
    return {H5Tcopy(H5T_STD_U16LE), &H5Tclose};
}

/// [n, n, n, 3], an x plane per chunk.
void write_vectors(const NewFile& file,
                   const std::string& name,
                   int n,
                   const std::vector<sky::Vector3>& vectors) {
    const auto edge = static_cast<hsize_t>(n);
    FAINTWEB_EXPECTS(vectors.size() == edge * edge * edge);
    file.reserve(vectors.size() * sizeof(vectors[0]));
    file.write(file.add_dataset(name, float_type(), {edge, edge, edge, 3}, {1, edge, edge, 3}),
               vectors.data());
}

bool holds_vectors(const OldFile& file,
                   const std::string& name,
                   int n,
                   const std::vector<sky::Vector3>& vectors) {
    const auto plane_size = static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
    std::vector<sky::Vector3> plane(plane_size);
    const Hdf5Handle dataset = file.open(name);
    const Hdf5Handle type = float_type();
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
        file.read_plane(dataset, type, i, plane.data());
        // Bits, not values: a NaN that comes back is as written.
        if (std::memcmp(plane.data(), &vectors[i * plane_size], plane_size * sizeof(plane[0])) !=
            0) {
            return false;
        }
    }
    return true;
}

std::vector<sky::Vector3> read_vectors(const OldFile& file, const std::string& name, int n) {
    const auto edge = static_cast<hsize_t>(n);
    const Hdf5Handle dataset = file.open(name);
    if (file.size(dataset) != std::vector<hsize_t>{edge, edge, edge, 3}) {
        file.throw_unfit("damaged: shape of " + name);
    }
    std::vector<sky::Vector3> vectors(edge * edge * edge);
    file.read(dataset, float_type(), vectors.data());
    return vectors;
}

struct Chunk {
    std::array<hsize_t, 2> start;
    std::array<hsize_t, 2> count;
};

/// The chunks that hold a code other than 0.
std::vector<Chunk> chunks_in_use(const sky::CodedMap& map, hsize_t edge) {
    const auto n = static_cast<hsize_t>(map.n);
    std::vector<Chunk> chunks;
    for (hsize_t row = 0; row < n; row += edge) {
        for (hsize_t column = 0; column < n; column += edge) {
            const Chunk chunk{{row, column}, {std::min(edge, n - row), std::min(edge, n - column)}};
            bool is_in_use = false;
            for (hsize_t r = row; r < row + chunk.count[0] && !is_in_use; ++r) {
                const std::uint16_t* const first = &map.codes[r * n + column];
                is_in_use = std::any_of(
                    first, first + chunk.count[1], [](std::uint16_t code) { return code != 0; });
            }
            if (is_in_use) {
                chunks.push_back(chunk);
            }
        }
    }
    return chunks;
}

/// Chunks of zeros are left out: they take no room, and read as 0.
void write_codes(const NewFile& file, const std::string& name, const sky::CodedMap& map) {
    const auto n = static_cast<hsize_t>(map.n);
    FAINTWEB_EXPECTS(map.n > 0 && map.codes.size() == n * n);
    const hsize_t edge = std::min(n, chunk_px);
    const std::vector<Chunk> chunks = chunks_in_use(map, edge);
    file.reserve(chunks.size() * edge * edge * sizeof(map.codes[0]));
    const Hdf5Handle type = code_type();
    const Hdf5Handle dataset = file.add_dataset(name, type, {n, n}, {edge, edge});
    file.check(add_number_attribute(dataset, "low", map.low) &&
                   add_number_attribute(dataset, "log_step", map.log_step),
               "H5Awrite");
    const Hdf5Handle space(H5Dget_space(dataset.id()), &H5Sclose);
    for (const Chunk& chunk : chunks) {
        H5Sselect_hyperslab(
            space.id(), H5S_SELECT_SET, chunk.start.data(), nullptr, chunk.count.data(), nullptr);
        // The map in memory has the shape of the one in the file.
        file.check(
            H5Dwrite(
                dataset.id(), type.id(), space.id(), space.id(), H5P_DEFAULT, map.codes.data()) >=
                0,
            "H5Dwrite");
    }
}

sky::CodedMap read_codes(const OldFile& file, const std::string& name) {
    const Hdf5Handle dataset = file.open(name);
    const std::vector<hsize_t> size = file.size(dataset);
    if (size.size() != 2 || size[0] != size[1]) {
        file.throw_unfit("damaged: shape of " + name);
    }
    sky::CodedMap map;
    map.n = static_cast<std::int64_t>(size[0]);
    map.low = file.number(dataset, "low");
    map.log_step = file.number(dataset, "log_step");
    map.codes.resize(size[0] * size[1]);
    file.read(dataset, code_type(), map.codes.data());
    return map;
}

void write_halo_table(const NewFile& file, const std::vector<sky::BoxHalo>& haloes) {
    const hsize_t n = haloes.size();
    const hsize_t chunk = std::clamp<hsize_t>(n, 1, 4096);
    file.reserve((n + chunk) * sizeof(sky::BoxHalo));
    const Hdf5Handle table = file.add_dataset("haloes", halo_type(), {n}, {chunk});
    if (n > 0) {
        file.write(table, haloes.data());
    }
}

std::vector<sky::BoxHalo> read_halo_table(const OldFile& file) {
    const Hdf5Handle dataset = file.open("haloes");
    const std::vector<hsize_t> size = file.size(dataset);
    if (size.size() != 1) {
        file.throw_unfit("damaged: shape of haloes");
    }
    std::vector<sky::BoxHalo> haloes(size[0]);
    if (!haloes.empty()) {
        file.read(dataset, halo_type(), haloes.data());
    }
    return haloes;
}

bool is_same(const sky::CodedMap& a, const sky::CodedMap& b) {
    return a.n == b.n && a.low == b.low && a.log_step == b.log_step && a.codes == b.codes;
}

bool is_same(const sky::BoxHalo& a, const sky::BoxHalo& b) {
    return a.position_mpc == b.position_mpc && a.mass_msun == b.mass_msun &&
           a.mesh_mass_msun == b.mesh_mass_msun && a.r200_mpc == b.r200_mpc &&
           a.r100_mpc == b.r100_mpc && a.id == b.id;
}

bool holds_maps(const OldFile& file, const sky::BoxMaps& maps) {
    for (const auto& [layer, axes] : maps.layers) {
        for (int axis = 0; axis < 3; ++axis) {
            if (!is_same(read_codes(file, map_name(layer, axis)),
                         axes[static_cast<std::size_t>(axis)])) {
                return false;
            }
        }
    }
    return std::ranges::equal(read_halo_table(file), maps.haloes, [](const auto& a, const auto& b) {
        return is_same(a, b);
    });
}

}  // namespace

std::string box_file_name(
    BoxFileKind kind, double box_mpc, int realisation, int state, const std::string& made_from) {
    return base::text(kind == BoxFileKind::particles ? "particles-" : "maps-",
                      box_mpc,
                      "mpc-r",
                      realisation,
                      "-s",
                      state,
                      '-',
                      hash_of(kind, made_from).substr(0, 12),
                      ".h5");
}

bool is_partial_box_file(const std::string& name) {
    return (name.starts_with("particles-") || name.starts_with("maps-")) &&
           name.find("mpc-r") != std::string::npos && name.find(".h5.") != std::string::npos &&
           name.ends_with(".partial");
}

void write_particles(const std::string& path,
                     const std::string& made_from,
                     const sky::Particles& particles) {
    const std::scoped_lock lock(hdf5_lock);
    silence_hdf5();
    NewFile file(BoxFileKind::particles, path, made_from);
    file.check(add_number_attribute(file.file(), "n", particles.n) &&
                   add_number_attribute(file.file(), "box_mpc", particles.box_mpc) &&
                   add_number_attribute(file.file(), "z", particles.z),
               "H5Awrite");
    write_vectors(file, "displacement_mpc", particles.n, particles.displacement_mpc);
    write_vectors(file, "velocity_km_s", particles.n, particles.velocity_km_s);
    file.close();
    file.publish([&] {
        const OldFile again(BoxFileKind::particles, file.partial(), made_from);
        return holds_vectors(again, "displacement_mpc", particles.n, particles.displacement_mpc) &&
               holds_vectors(again, "velocity_km_s", particles.n, particles.velocity_km_s);
    });
}

void write_maps(const std::string& path,
                const std::string& made_from,
                double z,
                const sky::BoxMaps& maps) {
    const std::scoped_lock lock(hdf5_lock);
    silence_hdf5();
    NewFile file(BoxFileKind::maps, path, made_from);
    file.check(add_number_attribute(file.file(), "z", z), "H5Awrite");
    for (const auto& [layer, axes] : maps.layers) {
        for (int axis = 0; axis < 3; ++axis) {
            write_codes(file, map_name(layer, axis), axes[static_cast<std::size_t>(axis)]);
        }
    }
    write_halo_table(file, maps.haloes);
    file.close();
    file.publish(
        [&] { return holds_maps(OldFile(BoxFileKind::maps, file.partial(), made_from), maps); });
}

void check_box_file(BoxFileKind kind, const std::string& path, const std::string& made_from) {
    const std::scoped_lock lock(hdf5_lock);
    const OldFile file(kind, path, made_from);
}

sky::Particles read_particles(const std::string& path, const std::string& made_from) {
    const std::scoped_lock lock(hdf5_lock);
    const OldFile file(BoxFileKind::particles, path, made_from);
    sky::Particles particles;
    particles.n = static_cast<int>(file.number("n"));
    particles.box_mpc = file.number("box_mpc");
    particles.z = file.number("z");
    particles.displacement_mpc = read_vectors(file, "displacement_mpc", particles.n);
    particles.velocity_km_s = read_vectors(file, "velocity_km_s", particles.n);
    return particles;
}

sky::CodedMap read_map(const std::string& path,
                       const std::string& made_from,
                       sky::Layer layer,
                       int axis) {
    FAINTWEB_EXPECTS(axis >= 0 && axis < 3);
    const std::scoped_lock lock(hdf5_lock);
    const OldFile file(BoxFileKind::maps, path, made_from);
    if (!file.has(map_name(layer, axis))) {
        throw base::Error(base::ExitCode::internal,
                          base::text(path,
                                     " has no map ",
                                     map_name(layer, axis),
                                     " (it was made without), please report it"));
    }
    return read_codes(file, map_name(layer, axis));
}

std::vector<sky::BoxHalo> read_haloes(const std::string& path, const std::string& made_from) {
    const std::scoped_lock lock(hdf5_lock);
    return read_halo_table(OldFile(BoxFileKind::maps, path, made_from));
}

}  // namespace faintweb::io
