// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/io/box_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <hdf5.h>
#include <unistd.h>

#include "lib/base/contract.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "mpi/io/hdf5.h"

namespace faintweb::io {
namespace {

/// Of the layout below; a file of another version is made again.
constexpr int format_version = 1;
/// Edge of the square pieces in which maps are stored: small enough that haloes leave many empty,
/// large enough that HDF5 spends its time on the pixels.
constexpr std::int64_t chunk_px = 250;

std::string format_of(BoxFileKind kind) {
    const char* const name = kind == BoxFileKind::particles ? "particles" : "maps";
    return fmt::format("faintweb box {} {}", name, format_version);
}

std::string hash_of(BoxFileKind kind, const std::string& made_from) {
    return base::sha256(format_of(kind) + "\n" + made_from);
}

std::string map_name(sky::Layer layer, int axis) {
    return fmt::format("{}_{}", sky::layer_name(layer), "xyz"[axis]);
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
        std::string partial = base::partial_path(fmt::format("{}.{}-{}", path, getpid(), n));
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

[[noreturn]] void throw_unfit(const std::string& path, const std::string& reason) {
    throw UnfitBoxFile(fmt::format("cannot use {} ({})", path, reason));
}

/// A box file while it is written.
class NewFile {
  public:
    NewFile(BoxFileKind kind, std::string path, const std::string& made_from)
        : path_(std::move(path)), partial_(claim_partial(path_)) {
        try {
            // This version keeps checksums of HDF5's own structures as well.
            file_.emplace(File::create(partial_, {.structures = Hdf5Structures::v1_10},
                                       disk_failure("write", path_)));
            file_->add_attribute("format", format_of(kind));
            file_->add_attribute("hash", hash_of(kind, made_from));
            const auto length =
                static_cast<std::int64_t>(std::max<std::size_t>(made_from.size(), 1));
            file_->add_dataset("made_from", number_type<std::uint8_t>(), {length})
                .write(made_from.c_str());
        } catch (...) {
            remove();
            throw;
        }
    }
    ~NewFile() {
        if (!is_published_) {
            remove();
        }
    }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    const File& file() const { return *file_; }
    const std::string& partial() const { return partial_; }

    /// Takes the disk's blocks for data that is to come: what HDF5 cannot write it cannot close
    /// either, and it crashes on it when the program ends.
    void reserve(std::size_t bytes) const {
        const std::int64_t n_used = file_->size_bytes();
        constexpr std::size_t structures_bytes = 1 << 20;
        const int file = open(partial_.c_str(), O_WRONLY | O_CLOEXEC);
        const bool is_refused =
            file < 0 || fallocate(file, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(n_used),
                                  static_cast<off_t>(bytes + structures_bytes)) != 0;
        const int why = errno;
        if (file >= 0) {
            ::close(file);
        }
        if (is_refused && why != EOPNOTSUPP && why != ENOSYS) {  // a disk that cannot reserve
            base::throw_errno(fmt::format("cannot reserve {} MB for {} (make room and run again)",
                                          bytes / 1000000 + 1, path_),
                              why);
        }
    }

    void close() {
        file_->close();
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
            throw_not_as_written(path_);
        }
        if (std::rename(partial_.c_str(), path_.c_str()) != 0) {
            base::throw_errno(fmt::format("cannot rename {} to {}", partial_, path_), errno);
        }
        is_published_ = true;
        const std::string folder = std::filesystem::path(path_).parent_path().string();
        base::flush_file(folder.empty() ? "." : folder);
    }

  private:
    void remove() {
        file_.reset();
        std::remove(partial_.c_str());
    }

    std::string path_;
    std::string partial_;
    std::optional<File> file_;
    bool is_published_ = false;
};

/// Opens a box file that was made from something. What fails with it later is an UnfitBoxFile.
File open_box_file(BoxFileKind kind, const std::string& path, const std::string& made_from) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
        throw_unfit(path, "missing");
    }
    File file = File::open(path, File::For::reading, [path](const std::string& account) {
        throw_unfit(path, "damaged: " + account);
    });
    if (file.text_attribute("format") != format_of(kind)) {
        throw_unfit(path, "another format or version");
    }
    const Dataset stored = file.dataset("made_from");
    if (!stored.fits_file()) {
        throw_unfit(path, "damaged: made_from");
    }
    std::string text(static_cast<std::size_t>(stored.n_elements()), '\0');
    stored.read(number_type<std::uint8_t>(), text.data());
    if (file.text_attribute("hash") != hash_of(kind, made_from) ||
        text.substr(0, made_from.size()) != made_from) {
        throw_unfit(path, "made with other settings");
    }
    return file;
}

double read_number(const Object& object, const std::string& path, const std::string& name) {
    const std::vector<double> values = object.number_attribute(name);
    if (values.size() != 1) {
        throw_unfit(path, "damaged: no " + name);
    }
    return values[0];
}

/// [n, n, n, 3], an x plane per chunk.
void write_vectors(const NewFile& file,
                   const std::string& name,
                   int n,
                   const std::vector<sky::Vector3>& vectors) {
    const std::int64_t edge = n;
    FAINTWEB_EXPECTS(static_cast<std::int64_t>(vectors.size()) == edge * edge * edge);
    file.reserve(vectors.size() * sizeof(vectors[0]));
    file.file()
        .add_dataset(name, number_type<float>(), {edge, edge, edge, 3},
                     {.chunk = {1, edge, edge, 3}})
        .write(vectors.data());
}

bool holds_vectors(const File& file,
                   const std::string& name,
                   int n,
                   const std::vector<sky::Vector3>& vectors) {
    const auto plane_size = static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
    std::vector<sky::Vector3> plane(plane_size);
    const Dataset dataset = file.dataset(name);
    for (std::int64_t i = 0; i < n; ++i) {
        dataset.read(number_type<float>(), {{i, 0, 0, 0}, {1, n, n, 3}}, plane.data());
        // Bits, not values: a NaN that comes back is as written.
        if (std::memcmp(plane.data(), &vectors[static_cast<std::size_t>(i) * plane_size],
                        plane_size * sizeof(plane[0])) != 0) {
            return false;
        }
    }
    return true;
}

std::vector<sky::Vector3> read_vectors(const File& file,
                                       const std::string& path,
                                       const std::string& name,
                                       int n) {
    const std::int64_t edge = n;
    const Dataset dataset = file.dataset(name);
    if (dataset.shape() != std::vector<std::int64_t>{edge, edge, edge, 3}) {
        throw_unfit(path, "damaged: shape of " + name);
    }
    std::vector<sky::Vector3> vectors(static_cast<std::size_t>(edge * edge * edge));
    dataset.read(number_type<float>(), vectors.data());
    return vectors;
}

/// The chunks that hold a code other than 0.
std::vector<Block> chunks_in_use(const sky::CodedMap& map, std::int64_t edge) {
    const std::int64_t n = map.n;
    std::vector<Block> chunks;
    for (std::int64_t row = 0; row < n; row += edge) {
        for (std::int64_t column = 0; column < n; column += edge) {
            const Block chunk{{row, column}, {std::min(edge, n - row), std::min(edge, n - column)}};
            bool is_in_use = false;
            for (std::int64_t r = row; r < row + chunk.count[0] && !is_in_use; ++r) {
                const std::uint16_t* const first = map.codes.data() + r * n + column;
                is_in_use = std::any_of(first, first + chunk.count[1],
                                        [](std::uint16_t code) { return code != 0; });
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
    const std::int64_t n = map.n;
    FAINTWEB_EXPECTS(n > 0 && static_cast<std::int64_t>(map.codes.size()) == n * n);
    const std::int64_t edge = std::min(n, chunk_px);
    const std::vector<Block> chunks = chunks_in_use(map, edge);
    file.reserve(chunks.size() * static_cast<std::size_t>(edge * edge) * sizeof(map.codes[0]));
    const Dataset dataset = file.file().add_dataset(name, number_type<std::uint16_t>(), {n, n},
                                                    {.chunk = {edge, edge}});
    dataset.add_attribute("low", map.low);
    dataset.add_attribute("log_step", map.log_step);
    std::vector<std::uint16_t> codes;
    for (const Block& chunk : chunks) {
        codes.clear();
        for (std::int64_t r = chunk.start[0]; r < chunk.start[0] + chunk.count[0]; ++r) {
            const std::uint16_t* const first = map.codes.data() + r * n + chunk.start[1];
            codes.insert(codes.end(), first, first + chunk.count[1]);
        }
        dataset.write(chunk, codes.data());
    }
}

sky::CodedMap read_codes(const File& file, const std::string& path, const std::string& name) {
    const Dataset dataset = file.dataset(name);
    const std::vector<std::int64_t> shape = dataset.shape();
    if (shape.size() != 2 || shape[0] != shape[1]) {
        throw_unfit(path, "damaged: shape of " + name);
    }
    sky::CodedMap map;
    map.n = shape[0];
    map.low = read_number(dataset, path, "low");
    map.log_step = read_number(dataset, path, "log_step");
    map.codes.resize(static_cast<std::size_t>(map.n * map.n));
    dataset.read(number_type<std::uint16_t>(), map.codes.data());
    return map;
}

void write_halo_table(const NewFile& file, const std::vector<sky::BoxHalo>& haloes) {
    const auto n = static_cast<std::int64_t>(haloes.size());
    const std::int64_t chunk = std::clamp<std::int64_t>(n, 1, 4096);
    file.reserve(static_cast<std::size_t>(n + chunk) * sizeof(sky::BoxHalo));
    file.file().add_dataset("haloes", halo_type(), {n}, {.chunk = {chunk}}).write(haloes.data());
}

std::vector<sky::BoxHalo> read_halo_table(const File& file, const std::string& path) {
    const Dataset dataset = file.dataset("haloes");
    if (dataset.shape().size() != 1) {
        throw_unfit(path, "damaged: shape of haloes");
    }
    std::vector<sky::BoxHalo> haloes(static_cast<std::size_t>(dataset.n_elements()));
    dataset.read(halo_type(), haloes.data());
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

bool holds_maps(const File& file, const std::string& path, const sky::BoxMaps& maps) {
    for (const auto& [layer, axes] : maps.layers) {
        for (int axis = 0; axis < 3; ++axis) {
            if (!is_same(read_codes(file, path, map_name(layer, axis)),
                         axes[static_cast<std::size_t>(axis)])) {
                return false;
            }
        }
    }
    return std::ranges::equal(read_halo_table(file, path), maps.haloes,
                              [](const auto& a, const auto& b) { return is_same(a, b); });
}

}  // namespace

std::string box_file_name(
    BoxFileKind kind, double box_mpc, int realisation, int state, const std::string& made_from) {
    return fmt::format("{}{:g}mpc-r{}-s{}-{}.h5",
                       kind == BoxFileKind::particles ? "particles-" : "maps-", box_mpc,
                       realisation, state, hash_of(kind, made_from).substr(0, 12));
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
    NewFile file(BoxFileKind::particles, path, made_from);
    file.file().add_attribute("n", static_cast<double>(particles.n));
    file.file().add_attribute("box_mpc", particles.box_mpc);
    file.file().add_attribute("z", particles.z);
    write_vectors(file, "displacement_mpc", particles.n, particles.displacement_mpc);
    write_vectors(file, "velocity_km_s", particles.n, particles.velocity_km_s);
    file.close();
    file.publish([&] {
        const File again = open_box_file(BoxFileKind::particles, file.partial(), made_from);
        return holds_vectors(again, "displacement_mpc", particles.n, particles.displacement_mpc) &&
               holds_vectors(again, "velocity_km_s", particles.n, particles.velocity_km_s);
    });
}

void write_maps(const std::string& path,
                const std::string& made_from,
                double z,
                const sky::BoxMaps& maps) {
    const std::scoped_lock lock(hdf5_lock);
    NewFile file(BoxFileKind::maps, path, made_from);
    file.file().add_attribute("z", z);
    for (const auto& [layer, axes] : maps.layers) {
        for (int axis = 0; axis < 3; ++axis) {
            write_codes(file, map_name(layer, axis), axes[static_cast<std::size_t>(axis)]);
        }
    }
    write_halo_table(file, maps.haloes);
    file.close();
    file.publish([&] {
        const File again = open_box_file(BoxFileKind::maps, file.partial(), made_from);
        return holds_maps(again, file.partial(), maps);
    });
}

void check_box_file(BoxFileKind kind, const std::string& path, const std::string& made_from) {
    const std::scoped_lock lock(hdf5_lock);
    open_box_file(kind, path, made_from);
}

sky::Particles read_particles(const std::string& path, const std::string& made_from) {
    const std::scoped_lock lock(hdf5_lock);
    const File file = open_box_file(BoxFileKind::particles, path, made_from);
    sky::Particles particles;
    particles.n = static_cast<int>(read_number(file, path, "n"));
    particles.box_mpc = read_number(file, path, "box_mpc");
    particles.z = read_number(file, path, "z");
    particles.displacement_mpc = read_vectors(file, path, "displacement_mpc", particles.n);
    particles.velocity_km_s = read_vectors(file, path, "velocity_km_s", particles.n);
    return particles;
}

sky::CodedMap read_map(const std::string& path,
                       const std::string& made_from,
                       sky::Layer layer,
                       int axis) {
    FAINTWEB_EXPECTS(axis >= 0 && axis < 3);
    const std::scoped_lock lock(hdf5_lock);
    const File file = open_box_file(BoxFileKind::maps, path, made_from);
    if (!file.has(map_name(layer, axis))) {
        throw base::Error(base::ExitCode::internal,
                          fmt::format("{} has no map {} (it was made without), please report it",
                                      path, map_name(layer, axis)));
    }
    return read_codes(file, path, map_name(layer, axis));
}

std::vector<sky::BoxHalo> read_haloes(const std::string& path, const std::string& made_from) {
    const std::scoped_lock lock(hdf5_lock);
    return read_halo_table(open_box_file(BoxFileKind::maps, path, made_from), path);
}

}  // namespace faintweb::io
