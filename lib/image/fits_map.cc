#include "lib/image/fits_map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include <fitsio.h>
#include <zlib.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/image/celestial_axes.h"
#include "lib/image/fits_bytes.h"
#include "lib/image/fits_layout.h"
#include "lib/image/header_facts.h"
#include "lib/image/wcs.h"

namespace faintweb::image {

using base::InputError;
using base::text;

const char* unit_name(PixelUnit unit) {
    return unit == PixelUnit::jy_beam ? "Jy/beam" : "Jy/arcsec2";
}

namespace {

constexpr float blank = std::numeric_limits<float>::quiet_NaN();

/// CFITSIO's message stack, which is one for the whole process, as one line.
std::string take_cfitsio_messages(int status) {
    std::array<char, FLEN_STATUS> title{};
    fits_get_errstatus(status, title.data());
    std::string joined = text("CFITSIO error ", status, ": ", title.data());
    std::array<char, FLEN_ERRMSG> line{};
    while (fits_read_errmsg(line.data()) != 0) {
        joined += text("; ", line.data());
    }
    return printable(joined.substr(0, 400));
}

/// Which of an image's axes are the columns and the rows of the map.
struct MapAxes {
    std::size_t cols = 0;
    std::size_t rows = 1;
};

MapAxes choose_axes(const FitsImage& image) {
    MapAxes axes;
    std::string sky_place;
    if (const auto celestial = find_celestial_axes(image.cards)) {
        if (celestial->longitude > celestial->latitude) {
            throw InputError(swapped_axes_text(*celestial));
        }
        axes = {static_cast<std::size_t>(celestial->longitude),
                static_cast<std::size_t>(celestial->latitude)};
        if (axes.rows >= image.axes.size()) {
            throw InputError(text("CTYPE",
                                  axes.rows + 1,
                                  " is on the sky, but NAXIS = ",
                                  image.axes.size(),
                                  " (no such axis), correct NAXIS or CTYPEn"));
        }
        sky_place = text(", the sky is on axes ", axes.cols + 1, " and ", axes.rows + 1);
    }
    for (std::size_t n = 0; n < image.axes.size(); ++n) {
        if (n != axes.cols && n != axes.rows && image.axes[n] != 1) {
            throw InputError(
                text("NAXIS",
                     n + 1,
                     " = ",
                     image.axes[n],
                     sky_place,
                     " (a map has length 1 on all other axes), cut out one plane first"));
        }
    }
    return axes;
}

constexpr const char* pixel_option = "--pixel ARCSEC";
constexpr const char* beam_option = "--beam MAJ[,MIN,PA] (arcsec, arcsec, deg)";

/// How to supply what a header lacks.
std::string advice(const MapOptions& options, const char* option) {
    return options.only_header ? ", write it into the header" : text(", give it with ", option);
}

/// Beams outside these bounds are not radio maps but wrong units (arcsec or radians in BMAJ).
constexpr double min_beam_px = 0.5;
constexpr double max_beam_px = 200;

void check_user_options(const MapOptions& options) {
    const auto is_positive = [](double value) { return std::isfinite(value) && value > 0; };
    if (options.beam &&
        (!is_positive(options.beam->major_arcsec) || !is_positive(options.beam->minor_arcsec) ||
         options.beam->minor_arcsec > options.beam->major_arcsec ||
         !std::isfinite(options.beam->angle_deg))) {
        throw InputError(text("--beam ",
                              options.beam->major_arcsec,
                              ",",
                              options.beam->minor_arcsec,
                              ",",
                              options.beam->angle_deg,
                              " is no beam (MAJ >= MIN > 0 in arcsec, PA in deg)"));
    }
    if (options.pixel_arcsec && !is_positive(*options.pixel_arcsec)) {
        throw InputError(
            text("--pixel ", *options.pixel_arcsec, " is no edge of a pixel (arcsec, above 0)"));
    }
}

/// Turns the file's values into what astropy gives for the same file, as float32.
///
/// astropy scales 8- and 16-bit integers in float32 and longer ones in float64, and adds the
/// offsets of the unsigned types in integers; doing it in another precision differs in the last
/// bit.
struct Scaling {
    double bscale = 1;
    double bzero = 0;
    std::optional<std::int64_t> blank_value;

    bool is_plain() const { return bscale == 1 && bzero == 0; }

    float from_short_integer(std::int64_t raw) const {
        auto value = static_cast<float>(raw);
        value = bscale == 1 ? value : value * static_cast<float>(bscale);
        return raw == blank_value ? blank : bzero == 0 ? value : value + static_cast<float>(bzero);
    }
    float from_long_integer(std::int64_t raw) const {
        constexpr double two_to_63 = 0x1p63;
        if (raw == blank_value) {
            return blank;
        }
        if (bscale == 1 && bzero == two_to_63) {
            return static_cast<float>(static_cast<std::uint64_t>(raw) ^ (std::uint64_t{1} << 63));
        }
        if (is_plain() && !blank_value) {
            return static_cast<float>(raw);
        }
        return static_cast<float>(static_cast<double>(raw) * bscale + bzero);
    }
    float from_float(float raw) const {
        return is_plain() ? raw : raw * static_cast<float>(bscale) + static_cast<float>(bzero);
    }
    float from_double(double raw) const {
        // Not scaled by 1 and 0 either: -0.0 + 0 would lose its sign.
        return static_cast<float>(is_plain() ? raw : raw * bscale + bzero);
    }
};

/// Where a compressed tile lies in the file.
struct PackedTile {
    std::int64_t first_byte = 0;
    std::int64_t n_bytes = 0;
};

}  // namespace

struct FitsMap::State {
    MapInfo info;
    FitsBytes bytes;
    FitsImage image;
    MapAxes axes;
    Scaling scaling;
    /// The tiles packed with GZIP, in file order; length 0: packed in another way.
    std::vector<PackedTile> gzip_tiles;
    fitsfile* file = nullptr;
    void* memory = nullptr;  // CFITSIO keeps the addresses of these two
    std::size_t memory_bytes = 0;

    State(FitsBytes opened, FitsImage found) : bytes(std::move(opened)), image(std::move(found)) {}
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
        throw InputError(printable(info.path) + ": " + problem);
    }
    void check(int status, const char* what_failed) const {
        if (status != 0) {
            refuse(text(what_failed,
                        " (",
                        take_cfitsio_messages(status),
                        "), copy or write the map again"));
        }
    }

    void describe(const MapOptions& options);
    void find_scaling();
    void open_with_cfitsio();
    void check_tile_places();
    void check_gzip_tiles(const Window& window) const;
    void check_gzip_tile(const PackedTile& tile, std::int64_t n_pixels) const;
    template <typename T>
    std::vector<T> read_values(int type, const Window& window) const;
    std::vector<float> read_scaled(const Window& window) const;
};

void FitsMap::State::describe(const MapOptions& options) {
    const FitsCards& cards = image.cards;
    check_user_options(options);
    axes = choose_axes(image);
    info.hdu = image.hdu;
    info.cols = image.axes[axes.cols];
    info.rows = image.axes[axes.rows];
    info.header_cards = cards.cards();
    info.header_sha256 = base::sha256(info.header_cards);
    info.object = cards.text("OBJECT").value_or("");
    info.frequency_hz = find_frequency_hz(cards);

    try {
        const Wcs wcs(info.header_cards);
        info.pixel_arcsec = wcs.pixel_scale_arcsec();
        info.has_wcs = true;
    } catch (const InputError& error) {
        if (!options.pixel_arcsec) {
            throw InputError(text(
                error.what(),
                options.only_header ? "; the header must give sky positions"
                                    : text("; ", pixel_option, " goes on without sky positions")));
        }
    }
    info.pixel_arcsec = options.pixel_arcsec.value_or(info.pixel_arcsec);
    if (!std::isfinite(info.pixel_arcsec) || info.pixel_arcsec <= 0) {
        throw InputError(
            text("CDELTn or CDi_j give a pixel of no size", advice(options, pixel_option)));
    }

    ScaledUnit unit;
    if (options.unit) {
        unit.unit = *options.unit;
    } else {
        const std::string bunit = cards.text("BUNIT").value_or("");
        auto parsed = parse_unit(bunit);
        if (!parsed && options.any_unit) {
            info.other_unit = bunit;
            parsed = ScaledUnit{PixelUnit::jy_arcsec2, 1};  // which asks for no beam
        }
        if (!parsed) {
            throw InputError(text(bunit.empty()
                                      ? "BUNIT is missing (no unit of brightness)"
                                      : "BUNIT = '" + bunit + "' is not a unit that is known",
                                  advice(options, "--unit jy/beam or --unit jy/arcsec2")));
        }
        unit = *parsed;
    }
    info.unit = unit.unit;

    if (options.beam) {
        info.beam = options.beam;
    } else if (unit.unit == PixelUnit::jy_beam) {
        try {
            info.beam = find_beam(cards);
        } catch (const InputError& error) {
            throw InputError(text(error.what(), advice(options, beam_option)));
        }
        if (!info.beam) {
            throw InputError(text("BMAJ, BMIN are missing and no AIPS HISTORY holds a beam",
                                  advice(options, beam_option)));
        }
        const double major_px = info.beam->major_arcsec / info.pixel_arcsec;
        if (!(major_px >= min_beam_px && major_px <= max_beam_px)) {
            throw InputError(text("BMAJ means a beam of ",
                                  info.beam->major_arcsec,
                                  "\" or ",
                                  major_px,
                                  " pixels (wrong unit? it must be in degrees)",
                                  advice(options, beam_option)));
        }
    } else {
        // Only for the record: Jy/arcsec2 needs no beam, so a bad one does not matter.
        try {
            info.beam = find_beam(cards);
        } catch (const InputError&) {
            info.beam.reset();
        }
    }
    info.jy_arcsec2_per_unit =
        unit.factor / (unit.unit == PixelUnit::jy_beam ? beam_area_arcsec2(*info.beam) : 1);
}

void FitsMap::State::find_scaling() {
    const auto number = [&](const char* key, double otherwise) {
        if (!image.cards.has(key)) {
            return otherwise;
        }
        const auto value = image.cards.number(key);
        if (!value) {
            refuse(text(key,
                        " = ",
                        image.cards.text(key).value_or(""),
                        " is no number, write the map again"));
        }
        return *value;
    };
    scaling.bscale = number("BSCALE", 1);
    scaling.bzero = number("BZERO", 0);
    if (image.bitpix > 0) {
        scaling.blank_value = image.cards.integer("BLANK");
    }
}

void FitsMap::State::open_with_cfitsio() {
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
        const std::string name = text("/proc/self/fd/", bytes.descriptor());
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
    if (image.is_tile_compressed) {
        check_tile_places();
    }
    if (!scaling.is_plain()) {
        fits_set_bscale(file, 1, 0, &status);
    }
    check(status, "the header cannot be used");
}

/// CFITSIO allocates what a tile's descriptor asks for: all must lie inside the table's heap.
void FitsMap::State::check_tile_places() {
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
                refuse(text("compressed tile ",
                            tile + 1,
                            " lies outside the file's data (the file is damaged), copy it again"));
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
void FitsMap::State::check_gzip_tile(const PackedTile& tile, std::int64_t n_pixels) const {
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
void FitsMap::State::check_gzip_tiles(const Window& window) const {
    if (gzip_tiles.empty()) {
        return;
    }
    const std::int64_t tile_cols = image.tile_edges[axes.cols];
    const std::int64_t tile_rows = image.tile_edges[axes.rows];
    const std::int64_t n_across = (info.cols - 1) / tile_cols + 1;
    const std::int64_t last_row = (window.y0 + window.rows - 1) / tile_rows;
    const std::int64_t last_col = (window.x0 + window.cols - 1) / tile_cols;
    for (std::int64_t row = window.y0 / tile_rows; row <= last_row; ++row) {
        for (std::int64_t col = window.x0 / tile_cols; col <= last_col; ++col) {
            const PackedTile& tile = gzip_tiles[static_cast<std::size_t>(row * n_across + col)];
            if (tile.n_bytes > 0) {
                check_gzip_tile(tile,
                                std::min(tile_cols, info.cols - col * tile_cols) *
                                    std::min(tile_rows, info.rows - row * tile_rows));
            }
        }
    }
}

/// Values of a window inside the map, before scaling, [rows, cols].
template <typename T>
std::vector<T> FitsMap::State::read_values(int type, const Window& window) const {
    std::vector<long> first(image.axes.size(), 1);
    first[axes.cols] = window.x0 + 1;
    first[axes.rows] = window.y0 + 1;
    std::vector<long> last = first;
    last[axes.cols] = window.x0 + window.cols;
    last[axes.rows] = window.y0 + window.rows;
    std::vector<long> step(image.axes.size(), 1);
    std::vector<T> values(static_cast<std::size_t>(window.cols * window.rows));
    // Without a blank value CFITSIO copies floats bit for bit; with one it also turns denormals
    // into zeros. Quantised floats need it: their blanks are NaN only after unpacking.
    T nan{};
    if constexpr (std::is_floating_point_v<T>) {
        nan = std::numeric_limits<T>::quiet_NaN();
    }
    int has_blanks = 0;
    int status = 0;
    fits_read_subset(file,
                     type,
                     first.data(),
                     last.data(),
                     step.data(),
                     image.is_quantised ? &nan : nullptr,
                     values.data(),
                     &has_blanks,
                     &status);
    check(status, "the pixels cannot be read");
    return values;
}

std::vector<float> FitsMap::State::read_scaled(const Window& window) const {
    check_gzip_tiles(window);
    const auto convert = [&](const auto& values, auto one) {
        std::vector<float> scaled(values.size());
        std::transform(values.begin(), values.end(), scaled.begin(), one);
        return scaled;
    };
    switch (image.bitpix) {
        case 8:
        case 16:
            return convert(read_values<int>(TINT, window),
                           [&](int raw) { return scaling.from_short_integer(raw); });
        case 32:
            return convert(read_values<int>(TINT, window),
                           [&](int raw) { return scaling.from_long_integer(raw); });
        case 64:
            return convert(read_values<LONGLONG>(TLONGLONG, window),
                           [&](LONGLONG raw) { return scaling.from_long_integer(raw); });
        case -64:
            return convert(read_values<double>(TDOUBLE, window),
                           [&](double raw) { return scaling.from_double(raw); });
        default: {
            std::vector<float> values = read_values<float>(TFLOAT, window);
            if (!scaling.is_plain()) {
                std::transform(values.begin(), values.end(), values.begin(), [&](float raw) {
                    return scaling.from_float(raw);
                });
            }
            return values;
        }
    }
}

FitsMap::FitsMap(std::unique_ptr<State> state) : state_(std::move(state)) {}
FitsMap::~FitsMap() = default;
FitsMap::FitsMap(FitsMap&&) noexcept = default;
FitsMap& FitsMap::operator=(FitsMap&&) noexcept = default;

const MapInfo& FitsMap::info() const {
    return state_->info;
}

FitsMap FitsMap::open(const std::string& path, const MapOptions& options) {
    FitsBytes bytes(path, options.max_unpacked_bytes);
    FitsImage image = find_image(bytes, path, options.hdu, options.max_unpacked_bytes);
    bytes.verify_rest();
    auto state = std::make_unique<State>(std::move(bytes), std::move(image));
    state->info.path = path;
    try {
        state->describe(options);
    } catch (const InputError& error) {
        state->refuse(error.what());
    }
    state->find_scaling();
    state->open_with_cfitsio();
    return FitsMap(std::move(state));
}

Image FitsMap::read(const Window& window) const {
    FAINTWEB_EXPECTS(window.cols > 0 && window.rows > 0);
    const MapInfo& map = state_->info;
    const std::int64_t x_first = std::max<std::int64_t>(window.x0, 0);
    const std::int64_t y_first = std::max<std::int64_t>(window.y0, 0);
    const Window inside = {x_first,
                           y_first,
                           std::min(window.x0 + window.cols, map.cols) - x_first,
                           std::min(window.y0 + window.rows, map.rows) - y_first};
    if (inside == window) {
        Image image;
        image.rows = window.rows;
        image.cols = window.cols;
        image.pixels = state_->read_scaled(window);
        return image;
    }
    Image image = make_image(window.rows, window.cols, blank);
    if (inside.cols <= 0 || inside.rows <= 0) {
        return image;
    }
    const std::vector<float> values = state_->read_scaled(inside);
    for (std::int64_t row = 0; row < inside.rows; ++row) {
        const auto from = values.begin() + row * inside.cols;
        std::copy(from,
                  from + inside.cols,
                  &image.at(row + inside.y0 - window.y0, inside.x0 - window.x0));
    }
    return image;
}

}  // namespace faintweb::image
