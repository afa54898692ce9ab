#include "lib/image/fits_map.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <fitsio.h>
#include <zlib.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/base/units.h"
#include "lib/base/vector_clones.h"
#include "lib/image/beams_table.h"
#include "lib/image/celestial_axes.h"
#include "lib/image/fits_bytes.h"
#include "lib/image/fits_layout.h"
#include "lib/image/header_facts.h"
#include "lib/image/wcs.h"

namespace faintweb::image {

using base::InputError;
using base::text;

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

/// What a map lacks, and the options that supply it: one refusal names all.
class Lacks {
  public:
    explicit Lacks(const MapOptions& options) : is_only_header_(options.only_header) {}

    /// @param problem  says itself what to do if no option supplies it.
    void add(const std::string& problem, const char* option = "", const char* meaning = "") {
        problems_ += (problems_.empty() ? "" : "; ") + problem;
        if (*option != '\0') {
            ++n_options_;
            options_ += text(" ", option);
            meanings_ += text(meanings_.empty() ? "" : "; ", meaning);
        }
    }
    bool any() const { return !problems_.empty(); }

    void throw_if_any() const {
        if (any()) {
            throw InputError(
                text(problems_,
                     n_options_ == 0 ? ""
                     : is_only_header_
                         ? text(", write ", n_options_ == 1 ? "it" : "them", " into the header")
                         : text(", give", options_, " (", meanings_, ")")));
        }
    }

  private:
    bool is_only_header_;
    int n_options_ = 0;
    std::string problems_;
    std::string options_;
    std::string meanings_;
};

bool is_same(double a, double b) {
    constexpr double rounding = 1e-3;
    return std::abs(a - b) <= rounding * std::abs(b);
}

bool is_same(const Beam& a, const Beam& b) {
    const bool is_round = is_same(a.minor_arcsec, a.major_arcsec);
    return is_same(a.major_arcsec, b.major_arcsec) && is_same(a.minor_arcsec, b.minor_arcsec) &&
           (is_round || std::abs(std::remainder(a.angle_deg - b.angle_deg, 180)) <= 1);
}

std::string shown(const Beam& beam) {
    return text(beam.major_arcsec, "\" x ", beam.minor_arcsec, "\", ", beam.angle_deg, " deg");
}

std::string shown(const ScaledUnit& unit) {
    return text(unit.factor == 1 ? "" : text(unit.factor, " "), unit_name(unit.unit));
}

/// That an option was of no use.
std::string unused_note(const char* option, const std::string& given, const std::string& said) {
    return text("--",
                option,
                " ",
                given,
                " is not used (the header says ",
                said,
                "), give --force-",
                option,
                " to override it");
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

    template <std::integral T>
    float to_float(T raw) const {
        if (raw == blank_value) {
            return blank;
        }
        if constexpr (sizeof(T) <= 2) {
            auto value = static_cast<float>(raw);
            value = bscale == 1 ? value : value * static_cast<float>(bscale);
            return bzero == 0 ? value : value + static_cast<float>(bzero);
        } else {
            constexpr double two_to_63 = 0x1p63;
            if (bscale == 1 && bzero == two_to_63) {
                return static_cast<float>(static_cast<std::uint64_t>(raw) ^
                                          (std::uint64_t{1} << 63));
            }
            if (is_plain() && !blank_value) {
                return static_cast<float>(raw);
            }
            return static_cast<float>(static_cast<double>(raw) * bscale + bzero);
        }
    }
    float to_float(float raw) const {
        return is_plain() ? raw : raw * static_cast<float>(bscale) + static_cast<float>(bzero);
    }
    float to_float(double raw) const {
        // Not scaled by 1 and 0 either: -0.0 + 0 would lose its sign.
        return static_cast<float>(is_plain() ? raw : raw * bscale + bzero);
    }
};

static_assert(std::endian::native == std::endian::little);

std::uint8_t swap_bytes(std::uint8_t word) {
    return word;
}
std::uint16_t swap_bytes(std::uint16_t word) {
    return __builtin_bswap16(word);
}
std::uint32_t swap_bytes(std::uint32_t word) {
    return __builtin_bswap32(word);
}
std::uint64_t swap_bytes(std::uint64_t word) {
    return __builtin_bswap64(word);
}

/// Words as they lie in the file, which hold values of type T.
template <typename T, typename Word>
FAINTWEB_VECTOR_CLONES void convert(const Word* words,
                                    std::size_t n,
                                    Scaling scaling,
                                    float* values) {
    for (std::size_t i = 0; i < n; ++i) {
        values[i] = scaling.to_float(std::bit_cast<T>(swap_bytes(words[i])));
    }
}

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
    fitsfile* file = nullptr;  ///< only of a tile-compressed image
    void* memory = nullptr;    // CFITSIO keeps the addresses of these two
    std::size_t memory_bytes = 0;
    mutable std::mutex file_mutex;

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
    void describe_pixels(const MapOptions& options, Lacks& lacks);
    std::optional<ScaledUnit> find_unit(const MapOptions& options, Lacks& lacks);
    std::optional<Beam> beam_of_header();
    void describe_beam(const MapOptions& options, bool is_needed, Lacks& lacks);
    void find_scaling();
    void open_with_cfitsio();
    void check_tile_places();
    void check_gzip_tiles(const Window& window) const;
    void check_gzip_tile(const PackedTile& tile, std::int64_t n_pixels) const;
    template <typename T>
    Image unpack(int cfitsio_type, const Window& inside) const;
    template <typename T, typename Word>
    Image read_as(int cfitsio_type, const Window& window, const Window& inside) const;
    Image read(const Window& window) const;
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

    if (!image.choice.empty()) {
        info.notes.push_back(image.choice);
    }

    Lacks lacks(options);
    describe_pixels(options, lacks);
    const std::optional<ScaledUnit> unit = find_unit(options, lacks);
    describe_beam(options, !unit || unit->unit == PixelUnit::jy_beam, lacks);
    lacks.throw_if_any();
    info.unit = unit->unit;
    info.jy_arcsec2_per_unit = unit->factor;
    if (unit->unit == PixelUnit::jy_beam) {
        info.jy_arcsec2_per_unit /= beam_area_arcsec2(*info.beam);
    } else if (unit->unit == PixelUnit::kelvin) {
        info.jy_arcsec2_per_unit *= jy_arcsec2_per_kelvin(info.frequency_hz);
    }
}

void FitsMap::State::describe_pixels(const MapOptions& options, Lacks& lacks) {
    const auto given = options.pixel_arcsec;
    std::string problem;
    try {
        const Wcs wcs(info.header_cards);
        info.pixel_arcsec = wcs.pixel_scale_arcsec();
        info.pixel_shape = wcs.pixel_shape();
        info.has_wcs = true;
    } catch (const InputError& error) {
        problem = error.what();
    }
    if (!info.has_wcs && !given) {
        lacks.add(problem, "--pixel ARCSEC", "goes on without sky positions");
        return;
    }
    const bool is_header_right =
        info.has_wcs && (!given || (is_same(info.pixel_shape.width_arcsec, *given) &&
                                    is_same(info.pixel_shape.height_arcsec, *given)));
    if (!info.has_wcs || (!is_header_right && options.force_pixel)) {
        info.notes.push_back(
            info.has_wcs ? text("--force-pixel ",
                                *given,
                                " is not what the header says (pixels of ",
                                pixel_text(info.pixel_shape),
                                "), so there are no sky positions")
                         : text(problem, ", goes on without sky positions (--pixel ", *given, ")"));
        info.has_wcs = false;
        info.pixel_arcsec = *given;
        info.pixel_shape = square_pixel(*given);
    } else if (!is_header_right) {
        info.notes.push_back(
            unused_note("pixel", text(*given), text("pixels of ", pixel_text(info.pixel_shape))));
    }
    // As much as a model may differ from a map.
    constexpr double almost = 0.05;
    const PixelShape& pixel = info.pixel_shape;
    if (std::abs(pixel.width_arcsec / pixel.height_arcsec - 1) > almost ||
        pixel.skew_deg > almost * base::deg_per_rad) {
        info.notes.push_back(text("pixels are ",
                                  pixel_text(pixel),
                                  " (not square: what is round on the sky is not on the map)"));
    }
}

/// None if it is lacking.
std::optional<ScaledUnit> FitsMap::State::find_unit(const MapOptions& options, Lacks& lacks) {
    const std::string bunit = image.cards.text("BUNIT").value_or("");
    std::optional<ScaledUnit> unit;
    std::string problem;
    if (bunit.empty()) {
        problem = "BUNIT is missing (no unit of brightness)";
    } else if (image.cards.is_contradicted("BUNIT")) {
        problem = "BUNIT stands twice with different values (no unit of brightness)";
    } else {
        try {
            unit = parse_unit(bunit);
        } catch (const InputError& error) {
            problem = text("BUNIT = '", bunit, "' (", error.what(), ")");
        }
    }
    if (options.unit && (!unit || options.force_unit)) {
        unit = options.unit;
    } else if (options.unit &&
               (options.unit->unit != unit->unit || !is_same(options.unit->factor, unit->factor))) {
        info.notes.push_back(unused_note("unit", shown(*options.unit), bunit));
    }
    const bool lacks_frequency = unit && unit->unit == PixelUnit::kelvin && info.frequency_hz == 0;
    if (options.any_unit && (!unit || lacks_frequency)) {
        info.other_unit = bunit;
        return ScaledUnit{PixelUnit::jy_arcsec2, 1};  // which asks for no beam
    }
    if (!unit) {
        lacks.add(
            problem, "--unit UNIT", "a UNIT as in BUNIT: Jy/beam, mJy/beam, Jy/arcsec2, MJy/sr, K");
    } else if (lacks_frequency) {
        lacks.add(text("the unit ",
                       shown(*unit),
                       options.unit ? "" : text(" (BUNIT = '", bunit, "')"),
                       " needs a frequency, which the header lacks (a FREQ axis, RESTFRQ, OBSFREQ "
                       "or FREQ, in Hz), write RESTFRQ into it"));
    }
    return unit;
}

/// None if the header says nothing.
/// @throws InputError  if it says something that is no beam.
std::optional<Beam> FitsMap::State::beam_of_header() {
    std::optional<Beam> beam = find_beam(image.cards);
    std::string key = "BMAJ";
    if (!beam && image.beams) {
        const TabledBeam tabled = read_beam_table(bytes, *image.beams);
        if (!tabled.note.empty()) {
            info.notes.push_back(tabled.note);
        }
        beam = tabled.beam;
        key = "the BEAMS table";
    }
    if (!beam) {
        beam = find_history_beam(image.cards);
        key = "the AIPS HISTORY";
    }
    const double major_px = beam ? beam->major_arcsec / info.pixel_arcsec : 1;
    if (info.pixel_arcsec > 0 && !(major_px >= min_beam_px && major_px <= max_beam_px)) {
        throw InputError(text(key,
                              " means a beam of ",
                              beam->major_arcsec,
                              "\" or ",
                              major_px,
                              " pixels (wrong unit? it must be in degrees)"));
    }
    return beam;
}

/// @param is_needed  without it values have no meaning.
void FitsMap::State::describe_beam(const MapOptions& options, bool is_needed, Lacks& lacks) {
    std::string problem;
    try {
        info.beam = beam_of_header();
    } catch (const InputError& error) {
        problem = error.what();
    }
    if (options.beam && (!info.beam || options.force_beam)) {
        info.beam = options.beam;
    } else if (options.beam && !is_same(*options.beam, *info.beam)) {
        info.notes.push_back(unused_note("beam", shown(*options.beam), shown(*info.beam)));
    }
    if (info.beam) {
        return;
    }
    // A model asks for the beam of any map: what lacks more should hear of it now.
    if (is_needed || (lacks.any() && !options.only_header)) {
        lacks.add(
            problem.empty()
                ? "BMAJ, BMIN are missing and neither a BEAMS table nor AIPS HISTORY holds a beam"
                : problem,
            "--beam MAJ[,MIN,PA]",
            "MAJ and MIN in arcsec, PA in deg");
    } else if (!problem.empty()) {
        info.notes.push_back(problem + ", so the beam is not known");
    }
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
    check_tile_places();
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

/// Reads a window inside a tile-compressed map.
template <typename T>
Image FitsMap::State::unpack(int cfitsio_type, const Window& inside) const {
    check_gzip_tiles(inside);
    std::vector<long> first(image.axes.size(), 1);
    first[axes.cols] = inside.x0 + 1;
    first[axes.rows] = inside.y0 + 1;
    std::vector<long> last = first;
    last[axes.cols] = inside.x0 + inside.cols;
    last[axes.rows] = inside.y0 + inside.rows;
    std::vector<long> step(image.axes.size(), 1);
    std::vector<T> values(static_cast<std::size_t>(inside.cols * inside.rows));
    // Without a blank value CFITSIO copies floats bit for bit; with one it also turns denormals
    // into zeros. Quantised floats need it: their blanks are NaN only after unpacking.
    T nan{};
    if constexpr (std::is_floating_point_v<T>) {
        nan = std::numeric_limits<T>::quiet_NaN();
    }
    int has_blanks = 0;
    int status = 0;
    {
        const std::scoped_lock lock(file_mutex);
        fits_read_subset(file,
                         cfitsio_type,
                         first.data(),
                         last.data(),
                         step.data(),
                         image.is_quantised ? &nan : nullptr,
                         values.data(),
                         &has_blanks,
                         &status);
        check(status, "the pixels cannot be read");
    }
    const auto scale = [this](T raw) { return scaling.to_float(raw); };
    if constexpr (std::is_same_v<T, float>) {
        std::ranges::transform(values, values.begin(), scale);
        return {inside.rows, inside.cols, std::move(values)};
    } else {
        std::vector<float> scaled(values.size());
        std::ranges::transform(values, scaled.begin(), scale);
        return {inside.rows, inside.cols, std::move(scaled)};
    }
}

/// @param T, Word  type of the pixels in the file, and of as many bits without a sign.
/// @param inside   the part of the window that is inside the map, not empty.
template <typename T, typename Word>
Image FitsMap::State::read_as(int cfitsio_type, const Window& window, const Window& inside) const {
    if (image.is_tile_compressed) {
        Image part = unpack<T>(cfitsio_type, inside);
        if (inside != window) {
            part = cut_out(
                part, {window.x0 - inside.x0, window.y0 - inside.y0, window.cols, window.rows});
        }
        return part;
    }
    // Pixels that lie together in the file and in the result: a row, or all of them. Axes other
    // than the map's two have length 1 (choose_axes).
    const bool is_one_run = inside.cols == info.cols && inside.cols == window.cols;
    const std::int64_t n_runs = is_one_run ? 1 : inside.rows;
    const std::int64_t run = inside.cols * inside.rows / n_runs;
    constexpr std::int64_t pixel_bytes = sizeof(T);
    constexpr std::int64_t block_bytes = 1 << 18;  // stays in the cache
    const std::int64_t block = std::min(run, block_bytes / pixel_bytes);
    const auto words = std::make_unique_for_overwrite<Word[]>(static_cast<std::size_t>(block));
    Image result{window.rows, window.cols, {}};
    std::vector<float>& pixels = result.pixels;
    const auto n_pixels = static_cast<std::size_t>(window.rows * window.cols);
    pixels.reserve(n_pixels);
    for (std::int64_t row = 0; row < n_runs; ++row) {
        const std::int64_t place =
            (inside.y0 - window.y0 + row) * window.cols + inside.x0 - window.x0;
        pixels.resize(static_cast<std::size_t>(place), blank);
        const std::int64_t first = (inside.y0 + row) * info.cols + inside.x0;
        for (std::int64_t done = 0; done < run; done += block) {
            const auto n = static_cast<std::size_t>(std::min(block, run - done));
            bytes.copy(image.data_byte + (first + done) * pixel_bytes,
                       {reinterpret_cast<char*>(words.get()), n * sizeof(T)});
            // Only now, so that its zeros are still in the cache when they are overwritten.
            pixels.resize(pixels.size() + n);
            convert<T>(words.get(), n, scaling, pixels.data() + pixels.size() - n);
        }
    }
    pixels.resize(n_pixels, blank);
    return result;
}

Image FitsMap::State::read(const Window& window) const {
    const std::int64_t x_first = std::max<std::int64_t>(window.x0, 0);
    const std::int64_t y_first = std::max<std::int64_t>(window.y0, 0);
    const Window inside = {x_first,
                           y_first,
                           std::min(window.x0 + window.cols, info.cols) - x_first,
                           std::min(window.y0 + window.rows, info.rows) - y_first};
    if (inside.cols <= 0 || inside.rows <= 0) {
        return make_image(window.rows, window.cols, blank);
    }
    switch (image.bitpix) {
        case 8:
            return read_as<std::uint8_t, std::uint8_t>(TBYTE, window, inside);
        case 16:
            return read_as<std::int16_t, std::uint16_t>(TSHORT, window, inside);
        case 32:
            return read_as<std::int32_t, std::uint32_t>(TINT, window, inside);
        case 64:
            return read_as<std::int64_t, std::uint64_t>(TLONGLONG, window, inside);
        case -64:
            return read_as<double, std::uint64_t>(TDOUBLE, window, inside);
        default:
            return read_as<float, std::uint32_t>(TFLOAT, window, inside);
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
    if (state->image.is_tile_compressed) {
        state->open_with_cfitsio();
    }
    return FitsMap(std::move(state));
}

Image FitsMap::read(const Window& window) const {
    FAINTWEB_EXPECTS(window.cols > 0 && window.rows > 0);
    return state_->read(window);
}

}  // namespace faintweb::image
