// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/fits_map.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/units.h"
#include "lib/base/vector_clones.h"
#include "lib/image/beams_table.h"
#include "lib/image/celestial_axes.h"
#include "lib/image/compressed_image.h"
#include "lib/image/fits_bytes.h"
#include "lib/image/fits_layout.h"
#include "lib/image/header_facts.h"
#include "lib/image/wcs.h"
#include "lib/image/window_hash.h"

namespace faintweb::image {

using base::InputError;

namespace {

constexpr float blank = std::numeric_limits<float>::quiet_NaN();

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
            throw InputError(fmt::format(
                "CTYPE{} is on the sky, but NAXIS = {} (no such axis), correct NAXIS or CTYPEn",
                axes.rows + 1, image.axes.size()));
        }
        sky_place = fmt::format(", the sky is on axes {} and {}", axes.cols + 1, axes.rows + 1);
    }
    for (std::size_t n = 0; n < image.axes.size(); ++n) {
        if (n != axes.cols && n != axes.rows && image.axes[n] != 1) {
            throw InputError(fmt::format(
                "NAXIS{} = {}{} (a map has length 1 on all other axes), cut out one plane first",
                n + 1, image.axes[n], sky_place));
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
            options_ += fmt::format(" {}", option);
            meanings_ += fmt::format("{}{}", meanings_.empty() ? "" : "; ", meaning);
        }
    }
    bool any() const { return !problems_.empty(); }

    void throw_if_any() const {
        if (any()) {
            throw InputError(fmt::format(
                "{}{}", problems_,
                n_options_ == 0 ? ""
                : is_only_header_
                    ? fmt::format(", write {} into the header", n_options_ == 1 ? "it" : "them")
                    : fmt::format(", give{} ({})", options_, meanings_)));
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
    return fmt::format("{:g}\" x {:g}\", {:g} deg", beam.major_arcsec, beam.minor_arcsec,
                       beam.angle_deg);
}

std::string shown(const ScaledUnit& unit) {
    return fmt::format("{}{}", unit.factor == 1 ? "" : fmt::format("{:g} ", unit.factor),
                       unit_name(unit.unit));
}

/// That an option was of no use.
std::string unused_note(const char* option, const std::string& given, const std::string& said) {
    return fmt::format("--{} {} is not used (the header says {}), give --force-{} to override it",
                       option, given, said, option);
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
        throw InputError(fmt::format(
            "--beam {:g},{:g},{:g} is no beam (MAJ >= MIN > 0 in arcsec, PA in deg)",
            options.beam->major_arcsec, options.beam->minor_arcsec, options.beam->angle_deg));
    }
    if (options.pixel_arcsec && !is_positive(*options.pixel_arcsec)) {
        throw InputError(fmt::format("--pixel {:g} is no edge of a pixel (arcsec, above 0)",
                                     *options.pixel_arcsec));
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

}  // namespace

struct FitsMap::State {
    MapInfo info;
    FitsBytes bytes;
    FitsImage image;
    MapAxes axes;
    Scaling scaling;
    std::optional<CompressedImage> compressed;

    State(FitsBytes opened, FitsImage found) : bytes(std::move(opened)), image(std::move(found)) {}

    [[noreturn]] void refuse(const std::string& problem) const {
        throw InputError(printable(info.path) + ": " + problem);
    }

    void describe(const MapOptions& options);
    void describe_pixels(const MapOptions& options, Lacks& lacks);
    std::optional<ScaledUnit> find_unit(const MapOptions& options, Lacks& lacks);
    std::optional<Beam> beam_of_header();
    void describe_beam(const MapOptions& options, bool is_needed, Lacks& lacks);
    void find_scaling();
    template <typename T, typename Word>
    Image unpack(const MapWindow& inside, WindowHash* hash) const;
    template <typename T, typename Word>
    Image read_as(const MapWindow& window, const MapWindow& inside, WindowHash* hash) const;
    Image read(const MapWindow& window, WindowHash* hash) const;
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
            info.has_wcs
                ? fmt::format("--force-pixel {:g} is not what the header says (pixels of {}), so "
                              "there are no sky positions",
                              *given, pixel_text(info.pixel_shape))
                : fmt::format("{}, goes on without sky positions (--pixel {:g})", problem, *given));
        info.has_wcs = false;
        info.pixel_arcsec = *given;
        info.pixel_shape = square_pixel(*given);
    } else if (!is_header_right) {
        info.notes.push_back(
            unused_note("pixel", fmt::format("{:g}", *given),
                        fmt::format("pixels of {}", pixel_text(info.pixel_shape))));
    }
    // As much as a model may differ from a map.
    constexpr double almost = 0.05;
    const PixelShape& pixel = info.pixel_shape;
    if (std::abs(pixel.width_arcsec / pixel.height_arcsec - 1) > almost ||
        pixel.skew_deg > almost * base::deg_per_rad) {
        info.notes.push_back(
            fmt::format("pixels are {} (not square: what is round on the sky is not on the map)",
                        pixel_text(pixel)));
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
            problem = fmt::format("BUNIT = '{}' ({})", bunit, error.what());
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
        lacks.add(problem, "--unit UNIT",
                  "a UNIT as in BUNIT: Jy/beam, mJy/beam, Jy/arcsec2, MJy/sr, K");
    } else if (lacks_frequency) {
        lacks.add(
            fmt::format("the unit {}{} needs a frequency, which the header lacks (a FREQ axis, "
                        "RESTFRQ, OBSFREQ or FREQ, in Hz), write RESTFRQ into it",
                        shown(*unit), options.unit ? "" : fmt::format(" (BUNIT = '{}')", bunit)));
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
        throw InputError(fmt::format(
            "{} means a beam of {:g}\" or {:g} pixels (wrong unit? it must be in degrees)", key,
            beam->major_arcsec, major_px));
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
            "--beam MAJ[,MIN,PA]", "MAJ and MIN in arcsec, PA in deg");
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
            refuse(fmt::format("{} = {} is no number, write the map again", key,
                               image.cards.text(key).value_or("")));
        }
        return *value;
    };
    scaling.bscale = number("BSCALE", 1);
    scaling.bzero = number("BZERO", 0);
    if (image.bitpix > 0) {
        scaling.blank_value = image.cards.integer("BLANK");
    }
}

/// Reads a window inside a tile-compressed map.
template <typename T, typename Word>
Image FitsMap::State::unpack(const MapWindow& inside, WindowHash* hash) const {
    std::vector<T> values(static_cast<std::size_t>(inside.cols * inside.rows));
    compressed->read(inside, std::as_writable_bytes(std::span(values)));
    std::vector<Word> words(hash == nullptr ? 0 : static_cast<std::size_t>(inside.cols));
    for (std::int64_t row = 0; hash != nullptr && row < inside.rows; ++row) {
        std::transform(values.begin() + row * inside.cols, values.begin() + (row + 1) * inside.cols,
                       words.begin(),
                       [](T value) { return swap_bytes(std::bit_cast<Word>(value)); });
        hash->add(std::span<const Word>(words), (inside.y0 + row) * info.cols + inside.x0);
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
/// @param hash     takes the pixels on the way, or null.
template <typename T, typename Word>
Image FitsMap::State::read_as(const MapWindow& window,
                              const MapWindow& inside,
                              WindowHash* hash) const {
    if (compressed) {
        Image part = unpack<T, Word>(inside, hash);
        if (inside != window) {
            part = cut_out(part, in_image(window, inside.corner()));
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
    const ImagePixel there = in_image(inside.corner(), window.corner());
    std::vector<float>& pixels = result.pixels;
    const auto n_pixels = static_cast<std::size_t>(window.rows * window.cols);
    pixels.reserve(n_pixels);
    for (std::int64_t row = 0; row < n_runs; ++row) {
        const std::int64_t place = (there.y + row) * window.cols + there.x;
        pixels.resize(static_cast<std::size_t>(place), blank);
        const std::int64_t first = (inside.y0 + row) * info.cols + inside.x0;
        for (std::int64_t done = 0; done < run; done += block) {
            const auto n = static_cast<std::size_t>(std::min(block, run - done));
            bytes.copy(image.data_byte + (first + done) * pixel_bytes,
                       {reinterpret_cast<char*>(words.get()), n * sizeof(T)});
            if (hash != nullptr) {
                hash->add(std::span<const Word>(words.get(), n), first + done);
            }
            // Only now, so that its zeros are still in the cache when they are overwritten.
            pixels.resize(pixels.size() + n);
            convert<T>(words.get(), n, scaling, pixels.data() + pixels.size() - n);
        }
    }
    pixels.resize(n_pixels, blank);
    return result;
}

Image FitsMap::State::read(const MapWindow& window, WindowHash* hash) const {
    const std::int64_t x_first = std::max<std::int64_t>(window.x0, 0);
    const std::int64_t y_first = std::max<std::int64_t>(window.y0, 0);
    const MapWindow inside = {x_first, y_first,
                              std::min(window.x0 + window.cols, info.cols) - x_first,
                              std::min(window.y0 + window.rows, info.rows) - y_first};
    if (inside.cols <= 0 || inside.rows <= 0) {
        return make_image(window.rows, window.cols, blank);
    }
    switch (image.bitpix) {
        case 8:
            return read_as<std::uint8_t, std::uint8_t>(window, inside, hash);
        case 16:
            return read_as<std::int16_t, std::uint16_t>(window, inside, hash);
        case 32:
            return read_as<std::int32_t, std::uint32_t>(window, inside, hash);
        case 64:
            return read_as<std::int64_t, std::uint64_t>(window, inside, hash);
        case -64:
            return read_as<double, std::uint64_t>(window, inside, hash);
        default:
            return read_as<float, std::uint32_t>(window, inside, hash);
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
        state->compressed.emplace(state->bytes, state->image, state->axes, path);
    }
    return FitsMap(std::move(state));
}

Image FitsMap::read(const MapWindow& window) const {
    FAINTWEB_EXPECTS(window.cols > 0 && window.rows > 0);
    return state_->read(window, nullptr);
}

HashedImage FitsMap::read_and_hash(const MapWindow& window, const MapWindow& hashed) const {
    const MapInfo& info = state_->info;
    FAINTWEB_EXPECTS(hashed.cols > 0 && hashed.rows > 0);
    FAINTWEB_EXPECTS(hashed.x0 >= std::max<std::int64_t>(window.x0, 0) &&
                     hashed.y0 >= std::max<std::int64_t>(window.y0, 0) &&
                     hashed.x0 + hashed.cols <= std::min(window.x0 + window.cols, info.cols) &&
                     hashed.y0 + hashed.rows <= std::min(window.y0 + window.rows, info.rows));
    WindowHash hash(hashed, info.cols);
    Image image = state_->read(window, &hash);
    return {std::move(image), hash.finish()};
}

}  // namespace faintweb::image
