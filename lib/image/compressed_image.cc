// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/compressed_image.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include <fitsio.h>
#include <fmt/core.h>
#include <zlib.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"

namespace faintweb::image {

using base::InputError;

namespace {

/// CFITSIO's message stack, which is one for the whole process, as one line.
std::string take_cfitsio_messages(int status) {
    std::array<char, FLEN_STATUS> title{};
    fits_get_errstatus(status, title.data());
    std::string joined = fmt::format("CFITSIO error {}: {}", status, title.data());
    std::array<char, FLEN_ERRMSG> line{};
    while (fits_read_errmsg(line.data()) != 0) {
        joined += fmt::format("; {}", line.data());
    }
    return printable(joined.substr(0, 400));
}

/// Where a compressed tile lies in the file.
struct PackedTile {
    std::int64_t first_byte = 0;
    std::int64_t n_bytes = 0;
};

/// CFITSIO's name of the type that BITPIX names.
int cfitsio_type(int bitpix) {
    switch (bitpix) {
        case 8:
            return TBYTE;
        case 16:
            return TSHORT;
        case 32:
            return TINT;
        case 64:
            return TLONGLONG;
        case -64:
            return TDOUBLE;
        default:
            return TFLOAT;
    }
}

}  // namespace

struct CompressedImage::State {
    FitsBytes& bytes;
    const FitsImage& image;
    MapAxes axes;
    std::string path;
    /// The tiles packed with GZIP, in file order; length 0: packed in another way.
    std::vector<PackedTile> gzip_tiles = {};
    fitsfile* file = nullptr;
    void* memory = nullptr;  // CFITSIO keeps the addresses of these two
    std::size_t memory_bytes = 0;
    mutable std::mutex file_mutex = {};

    State(FitsBytes& opened, const FitsImage& found, MapAxes chosen, std::string name)
        : bytes(opened), image(found), axes(chosen), path(std::move(name)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        if (file != nullptr) {
            int status = 0;
            fits_close_file(file, &status);
            fits_clear_errmsg();
        }
    }

    [[noreturn]] void refuse(const std::string& problem) const {
        throw InputError(printable(path) + ": " + problem);
    }
    void check(int status, const char* what_failed) const {
        if (status != 0) {
            refuse(fmt::format("{} ({}), copy or write the map again", what_failed,
                               take_cfitsio_messages(status)));
        }
    }

    void open();
    void check_tile_places();
    void check_gzip_tiles(const MapWindow& window) const;
    void check_gzip_tile(const PackedTile& tile, std::int64_t n_pixels) const;
};

void CompressedImage::State::open() {
    static std::mutex mutex;  // for CFITSIO's list of open files and its first-use set-up
    const std::scoped_lock lock(mutex);
    fits_clear_errmsg();
    int status = 0;
    if (bytes.is_unpacked()) {
        const std::span<char> unpacked = bytes.memory();
        memory = unpacked.data();
        memory_bytes = unpacked.size();
        fits_open_memfile(&file, "unpacked", READONLY, &memory, &memory_bytes, 0, nullptr, &status);
    } else {
        // By descriptor: CFITSIO sees the very file that was checked, whatever its name looks like
        // (~, leading blanks) and also if the name now means another file.
        const std::string name = fmt::format("/proc/self/fd/{}", bytes.descriptor());
        fits_open_diskfile(&file, name.c_str(), READONLY, &status);
    }
    int type = 0;
    fits_movabs_hdu(file, image.hdu + 1, &type, &status);
    int bitpix = 0;
    int n_axes = 0;
    constexpr int max_axes = 6;
    std::array<LONGLONG, max_axes> lengths{};
    fits_get_img_paramll(file, max_axes, &bitpix, &n_axes, lengths.data(), &status);
    check(status, "the header cannot be used");
    if (bitpix != image.bitpix || n_axes != static_cast<int>(image.axes.size()) ||
        !std::equal(image.axes.begin(), image.axes.end(), lengths.begin())) {
        refuse("CFITSIO reads the header differently (it is damaged), write the map again");
    }
    check_tile_places();
    if (image.cards.has("BSCALE") || image.cards.has("BZERO")) {
        fits_set_bscale(file, 1, 0, &status);
    }
    check(status, "the header cannot be used");
}

/// CFITSIO allocates what a tile's descriptor asks for: all must lie inside the table's heap.
void CompressedImage::State::check_tile_places() {
    int status = 0;
    LONGLONG n_tiles = 0;
    const std::int64_t heap_bytes = image.end_byte - image.heap_byte;
    fits_get_num_rowsll(file, &n_tiles, &status);
    check(status, "the compressed image cannot be used");
    std::vector<LONGLONG> lengths(static_cast<std::size_t>(n_tiles));
    std::vector<LONGLONG> offsets(static_cast<std::size_t>(n_tiles));
    for (std::string name : {"COMPRESSED_DATA", "GZIP_COMPRESSED_DATA", "UNCOMPRESSED_DATA"}) {
        int column = 0;
        if (fits_get_colnum(file, CASEINSEN, name.data(), &column, &status) != 0) {
            status = 0;
            fits_clear_errmsg();
            continue;
        }
        int type = 0;
        LONGLONG repeat = 0;
        LONGLONG width_bytes = 0;
        fits_get_coltypell(file, column, &type, &repeat, &width_bytes, &status);
        fits_read_descriptsll(file, column, 1, n_tiles, lengths.data(), offsets.data(), &status);
        check(status, "the compressed image cannot be used");
        for (std::size_t tile = 0; tile < lengths.size(); ++tile) {
            LONGLONG end = 0;
            if (lengths[tile] < 0 || offsets[tile] < 0 ||
                __builtin_mul_overflow(lengths[tile], std::max<LONGLONG>(width_bytes, 1), &end) ||
                __builtin_add_overflow(end, offsets[tile], &end) || end > heap_bytes) {
                refuse(
                    fmt::format("compressed tile {} lies outside the file's data (the file is "
                                "damaged), copy it again",
                                tile + 1));
            }
            const bool is_gzip = name == "GZIP_COMPRESSED_DATA" ||
                                 (name == "COMPRESSED_DATA" && image.is_gzip_tiled);
            if (is_gzip && lengths[tile] > 0) {
                gzip_tiles.resize(lengths.size());
                gzip_tiles[tile] = {image.heap_byte + offsets[tile], end - offsets[tile]};
            }
        }
    }
}

/// CFITSIO 4.2 never returns from a GZIP tile that is damaged in its middle: zlib has the first
/// word.
void CompressedImage::State::check_gzip_tile(const PackedTile& tile, std::int64_t n_pixels) const {
    std::vector<char> packed(static_cast<std::size_t>(tile.n_bytes));
    bytes.copy(tile.first_byte, packed);
    // CFITSIO unpacks integers as 32 bits whatever BITPIX says.
    const std::int64_t max_bytes_per_pixel = std::max(4, std::abs(image.bitpix) / 8);
    std::vector<char> unpacked(static_cast<std::size_t>(n_pixels * max_bytes_per_pixel));
    z_stream stream{};
    constexpr int window_bits_gzip_only = 15 + 16;
    int status = inflateInit2(&stream, window_bits_gzip_only);
    if (status == Z_OK) {
        stream.next_in = reinterpret_cast<Bytef*>(packed.data());
        stream.avail_in = static_cast<uInt>(std::min<std::size_t>(packed.size(), UINT32_MAX));
        stream.next_out = reinterpret_cast<Bytef*>(unpacked.data());
        stream.avail_out = static_cast<uInt>(std::min<std::size_t>(unpacked.size(), UINT32_MAX));
        status = inflate(&stream, Z_FINISH);
        inflateEnd(&stream);
    }
    if (status != Z_STREAM_END || static_cast<std::int64_t>(stream.total_out) % n_pixels != 0) {
        refuse("a GZIP tile of the compressed image is damaged, copy the file again");
    }
}

/// Checks the GZIP tiles that a window needs.
void CompressedImage::State::check_gzip_tiles(const MapWindow& window) const {
    if (gzip_tiles.empty()) {
        return;
    }
    const std::int64_t tile_cols = image.tile_edges[axes.cols];
    const std::int64_t tile_rows = image.tile_edges[axes.rows];
    const std::int64_t n_across = (image.axes[axes.cols] - 1) / tile_cols + 1;
    const std::int64_t last_row = (window.y0 + window.rows - 1) / tile_rows;
    const std::int64_t last_col = (window.x0 + window.cols - 1) / tile_cols;
    for (std::int64_t row = window.y0 / tile_rows; row <= last_row; ++row) {
        for (std::int64_t col = window.x0 / tile_cols; col <= last_col; ++col) {
            const PackedTile& tile = gzip_tiles[static_cast<std::size_t>(row * n_across + col)];
            if (tile.n_bytes > 0) {
                check_gzip_tile(tile,
                                std::min(tile_cols, image.axes[axes.cols] - col * tile_cols) *
                                    std::min(tile_rows, image.axes[axes.rows] - row * tile_rows));
            }
        }
    }
}

CompressedImage::CompressedImage(FitsBytes& bytes,
                                 const FitsImage& image,
                                 MapAxes axes,
                                 std::string path)
    : state_(std::make_unique<State>(bytes, image, axes, std::move(path))) {
    state_->open();
}
CompressedImage::~CompressedImage() = default;

void CompressedImage::read(const MapWindow& inside, std::span<std::byte> values) const {
    const FitsImage& image = state_->image;
    const MapAxes& axes = state_->axes;
    FAINTWEB_EXPECTS(static_cast<std::int64_t>(values.size()) ==
                     inside.rows * inside.cols * (std::abs(image.bitpix) / 8));
    state_->check_gzip_tiles(inside);
    std::vector<long> first(image.axes.size(), 1);
    first[axes.cols] = inside.x0 + 1;
    first[axes.rows] = inside.y0 + 1;
    std::vector<long> last = first;
    last[axes.cols] = inside.x0 + inside.cols;
    last[axes.rows] = inside.y0 + inside.rows;
    std::vector<long> step(image.axes.size(), 1);
    // Without a blank value CFITSIO copies floats bit for bit; with one it also turns denormals
    // into zeros. Quantised floats need it: their blanks are NaN only after unpacking.
    float nan = std::numeric_limits<float>::quiet_NaN();
    double double_nan = std::numeric_limits<double>::quiet_NaN();
    void* const blank = image.bitpix == -64 ? static_cast<void*>(&double_nan) : &nan;
    int has_blanks = 0;
    int status = 0;
    const std::scoped_lock lock(state_->file_mutex);
    fits_read_subset(state_->file, cfitsio_type(image.bitpix), first.data(), last.data(),
                     step.data(), image.is_quantised ? blank : nullptr, values.data(), &has_blanks,
                     &status);
    state_->check(status, "the pixels cannot be read");
}

}  // namespace faintweb::image
