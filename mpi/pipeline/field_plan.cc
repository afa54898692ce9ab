// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/field_plan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/parallel.h"
#include "lib/base/stopwatch.h"
#include "lib/tile/flat.h"
#include "lib/tile/grid.h"
#include "lib/tile/local_rms.h"
#include "lib/tile/map_noise.h"

namespace faintweb::pipeline {
namespace {

/// Packs values into bytes, text of any bytes too: headers may hold what is no UTF-8.
class Packer {
  public:
    template <typename... Values>
    void operator()(const Values&... values) {
        (add(values), ...);
    }
    std::string take() { return std::move(bytes_); }

  private:
    template <typename T>
    void add(const T& value) {
        bytes_ += comm::Message<T>::pack(value);
    }
    void add(const std::string& text) {
        add(text.size());
        bytes_ += text;
    }
    template <typename T>
    void add(const std::optional<T>& value) {
        add(value.has_value());
        if (value) {
            add(*value);
        }
    }
    void add(const std::vector<std::string>& texts) {
        add(texts.size());
        std::ranges::for_each(texts, [this](const std::string& text) { add(text); });
    }

    std::string bytes_;
};

/// Gives values back in the order in which a Packer took them.
class Unpacker {
  public:
    explicit Unpacker(std::string_view bytes) : bytes_(bytes) {}

    template <typename... Values>
    void operator()(Values&... values) {
        (take(values), ...);
    }

  private:
    std::string next(std::size_t n) {
        FAINTWEB_EXPECTS(n <= bytes_.size());
        std::string part(bytes_.substr(0, n));
        bytes_.remove_prefix(n);
        return part;
    }
    template <typename T>
    void take(T& value) {
        value = comm::Message<T>::unpack(next(sizeof(T)));
    }
    void take(std::string& text) {
        std::size_t n = 0;
        take(n);
        text = next(n);
    }
    template <typename T>
    void take(std::optional<T>& value) {
        bool is_there = false;
        take(is_there);
        if (is_there) {
            take(value.emplace());
        }
    }
    void take(std::vector<std::string>& texts) {
        std::size_t n = 0;
        take(n);
        texts.resize(n);
        std::ranges::for_each(texts, [this](std::string& text) { take(text); });
    }

    std::string_view bytes_;
};

/// Gives all members of a planned map, each named once, to a packer or an unpacker. A member that
/// is missing here does not compile.
template <typename Map, typename Visit>
void visit_members(Map& map, Visit& visit) {
    auto& [info, truth_path, stamp, truth_stamp, failure, noise] = map;
    auto& [path, hdu, cols, rows, unit, other_unit, beam, pixel_arcsec, pixel_shape, frequency_hz,
           has_wcs, header_cards, header_sha256, jy_arcsec2_per_unit, object, notes] = info;
    visit(path, hdu, cols, rows, unit, other_unit, beam, pixel_arcsec, pixel_shape, frequency_hz);
    visit(has_wcs, header_cards, header_sha256, jy_arcsec2_per_unit, object, notes);
    visit(truth_path, stamp, truth_stamp, failure, noise);
}

/// Opens a sky image. It says itself what it is; what the user says of the map holds for it only
/// where it does not.
image::FitsMap open_truth(const std::string& path, const image::MapOptions& of_map) {
    image::MapOptions own;
    own.pixel_arcsec = of_map.pixel_arcsec;
    own.max_unpacked_bytes = of_map.max_unpacked_bytes;
    try {
        return image::FitsMap::open(path, own);
    } catch (const base::InputError&) {
        return image::FitsMap::open(path, of_map);
    }
}

/// Blanks what lies outside the observation, in the part of an image that is worked on.
void blank_outside(image::Image& pixels,
                   const image::MapWindow& whole,
                   const image::MapWindow& wide,
                   const PlannedMap& map) {
    const tile::NoiseMesh mesh = map.mesh();
    const tile::FlatPairs pairs = tile::count_flat_pairs(pixels, whole, mesh, map.noise);
    tile::blank_flat_patches(pixels, whole, wide, mesh, pairs);
}

[[noreturn]] void throw_changed(const std::string& path) {
    throw base::InputError(path +
                           ": has changed since the run began, run again when it stays as it is");
}

void check_unchanged(const std::string& path, const std::string& stamp) {
    if (base::file_stamp(path) != stamp) {
        throw_changed(path);
    }
}

PlannedMap look_at(const MapPaths& paths, const image::MapOptions& options, Noise noise) {
    PlannedMap map;
    map.info.path = paths.map;
    map.truth_path = paths.truth;
    map.stamp = base::file_stamp(paths.map);
    map.truth_stamp = paths.truth.empty() ? "" : base::file_stamp(paths.truth);
    try {
        const image::FitsMap file = image::FitsMap::open(paths.map, options);
        map.info = file.info();
        if (!paths.truth.empty()) {
            const image::MapInfo truth = open_truth(paths.truth, options).info();
            for (const std::string& note : truth.notes) {
                map.info.notes.push_back(paths.truth + ": " + note);
            }
            if (truth.cols != map.info.cols || truth.rows != map.info.rows) {
                throw base::InputError(
                    fmt::format("{}: has {} x {} pixels but its map has {} x {}, give the sky "
                                "image of the same pixels",
                                paths.truth, truth.cols, truth.rows, map.info.cols, map.info.rows));
            }
        }
        if (noise == Noise::measured) {
            map.noise = measure_noise(map.info, [&](const image::MapWindow& window) {
                image::Image part = file.read(window);
                image::multiply(part.pixels, static_cast<float>(map.info.jy_arcsec2_per_unit));
                return part;
            });
        }
    } catch (const base::InputError& error) {
        map.failure = error.what();
    }
    return map;
}

/// A hash's 32 characters travel as that many floats.
constexpr std::size_t n_hash_floats = 8;

void append_hash(std::vector<float>& pixels, const std::string& hash) {
    FAINTWEB_EXPECTS(hash.size() == n_hash_floats * sizeof(float));
    pixels.resize(pixels.size() + n_hash_floats);
    std::memcpy(pixels.data() + pixels.size() - n_hash_floats, hash.data(), hash.size());
}

std::string take_hash(std::vector<float>& pixels) {
    std::string hash(n_hash_floats * sizeof(float), '\0');
    std::memcpy(hash.data(), pixels.data() + pixels.size() - n_hash_floats, hash.size());
    pixels.resize(pixels.size() - n_hash_floats);
    return hash;
}

/// The hash of a file that holds these values as float32.
std::string hash_of_values(std::span<const float> values) {
    std::vector<std::uint32_t> words(values.size());
    std::ranges::transform(values, words.begin(), [](float value) {
        return __builtin_bswap32(std::bit_cast<std::uint32_t>(value));
    });
    return base::xxh3_128(std::as_bytes(std::span(words)));
}

}  // namespace

tile::NoiseMesh PlannedMap::mesh() const {
    return tile::make_noise_mesh(
        info.beam ? std::sqrt(info.beam->major_arcsec * info.beam->minor_arcsec) / info.pixel_arcsec
                  : 0);
}

image::MapWindow FieldPlan::read_window_of(catalogue::FieldId field) const {
    const PlannedMap& map = map_of(field);
    const image::MapWindow wide = wide_window_of(field);
    if (noise == Noise::ignored || map.noise.rms == 0) {
        return wide;
    }
    const image::MapWindow around = image::widened(wide, map.mesh().reach_px());
    const std::int64_t x0 = std::max(around.x0, std::min<std::int64_t>(wide.x0, 0));
    const std::int64_t y0 = std::max(around.y0, std::min<std::int64_t>(wide.y0, 0));
    return {x0, y0,
            std::min(around.x0 + around.cols, std::max(wide.x0 + wide.cols, map.info.cols)) - x0,
            std::min(around.y0 + around.rows, std::max(wide.y0 + wide.rows, map.info.rows)) - y0};
}

tile::MapNoise measure_noise(const image::MapInfo& info,
                             const std::function<image::Image(const image::MapWindow&)>& read) {
    try {
        return tile::measure_map_noise(info.cols, info.rows, read);
    } catch (const base::InputError& error) {
        throw base::InputError(fmt::format("{}: {}", info.path, error.what()));
    }
}

FieldPlan cut_into_fields(std::vector<PlannedMap> maps, const CutSettings& settings) {
    FieldPlan plan;
    plan.maps = std::move(maps);
    plan.margin_px = settings.margin_px;
    plan.noise = settings.noise;
    for (catalogue::MapId m; m.place() < plan.maps.size(); ++m) {
        const PlannedMap& map = plan.maps[m.place()];
        if (map.failure.empty()) {
            for (const image::MapWindow& window : tile::field_windows(
                     map.info.cols, map.info.rows, settings.field_px, settings.tile_px)) {
                plan.fields.push_back({m, window});
            }
        }
    }
    return plan;
}

FieldPlan plan_fields(const comm::Communicator& communicator,
                      const std::vector<MapPaths>& paths,
                      const image::MapOptions& options,
                      const CutSettings& settings,
                      const std::function<std::string(const image::MapInfo&)>& accept) {
    const std::string bytes = comm::from_root(communicator, [&] {
        std::vector<PlannedMap> found(paths.size());
        // A few maps are looked at before threads would be worth it.
        constexpr std::size_t n_few = 32;
        const int n_threads = paths.size() < n_few ? 1 : base::n_available_cores();
        base::parallel_for(n_threads, paths.size(), [&](std::size_t i) {
            found[i] = look_at(paths[i], options, settings.noise);
        });
        Packer packer;
        packer(found.size());
        for (PlannedMap& map : found) {
            if (map.failure.empty() && accept) {
                map.failure = accept(map.info);
            }
            // Why a map is not used is said by whoever does not use it.
            for (std::size_t i = 0; map.failure.empty() && i < map.info.notes.size(); ++i) {
                base::log_warning(map.info.path + ": " + map.info.notes[i]);
            }
            visit_members(map, packer);
        }
        return packer.take();
    });
    Unpacker unpacker(bytes);
    std::size_t n_maps = 0;
    unpacker(n_maps);
    std::vector<PlannedMap> maps(n_maps);
    for (PlannedMap& map : maps) {
        visit_members(map, unpacker);
    }
    return cut_into_fields(std::move(maps), settings);
}

std::vector<std::uint64_t> field_keys(const FieldPlan& plan) {
    std::map<std::string, int> n_named;
    std::vector<std::string> identities;
    for (const PlannedMap& map : plan.maps) {
        identities.push_back(fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n", map.info.path,
                                         n_named[map.info.path]++, map.stamp, map.info.hdu,
                                         map.info.header_sha256, map.truth_path, map.truth_stamp));
    }
    std::vector<std::uint64_t> keys;
    for (const PlannedField& field : plan.fields) {
        const image::MapWindow& window = field.window;
        const std::string digest =
            base::sha256(fmt::format("{}{} {} {} {}", identities[field.map.place()], window.x0,
                                     window.y0, window.cols, window.rows));
        // Never 0, which stands for no field.
        keys.push_back(std::max<std::uint64_t>(std::stoull(digest.substr(0, 16), nullptr, 16), 1));
    }
    return keys;
}

struct FieldReader::OpenMap {
    image::FitsMap map;
    std::optional<image::FitsMap> truth;
};

FieldReader::FieldReader(const FieldPlan& plan, image::MapOptions options)
    : plan_(plan), options_(options) {}

std::shared_ptr<const FieldReader::OpenMap> FieldReader::open(catalogue::MapId map) {
    Place* place = nullptr;
    {
        const std::scoped_lock lock(mutex_);
        place = &places_[map];
    }
    const std::scoped_lock lock_of_map(place->mutex);
    std::shared_ptr<const OpenMap> opened = place->map.lock();
    if (opened == nullptr) {
        const PlannedMap& planned = plan_.maps[map.place()];
        OpenMap files{image::FitsMap::open(planned.info.path, options_), {}};
        if (files.map.info().header_sha256 != planned.info.header_sha256) {
            throw_changed(planned.info.path);
        }
        if (!planned.truth_path.empty()) {
            files.truth = open_truth(planned.truth_path, options_);
        }
        opened = std::make_shared<const OpenMap>(std::move(files));
        place->map = opened;
    }
    const std::scoped_lock lock(mutex_);
    if (last_[0] != opened) {
        last_[1] = std::exchange(last_[0], opened);
    }
    return opened;
}

std::vector<float> FieldReader::read(catalogue::FieldId field) {
    const PlannedField& planned = plan_.fields[field.place()];
    const PlannedMap& map = plan_.map_of(field);
    const std::shared_ptr<const OpenMap> files = open(planned.map);
    image::HashedImage read = files->map.read_and_hash(plan_.read_window_of(field), planned.window);
    std::vector<float> pixels = std::move(read.image.pixels);
    check_unchanged(map.info.path, map.stamp);
    if (files->truth) {
        const auto factor = static_cast<float>(files->truth->info().jy_arcsec2_per_unit /
                                               map.info.jy_arcsec2_per_unit);
        const std::vector<float> sky = files->truth->read(planned.window).pixels;
        check_unchanged(map.truth_path, map.truth_stamp);
        pixels.reserve(pixels.size() + sky.size() + n_hash_floats);
        std::transform(sky.begin(), sky.end(), std::back_inserter(pixels),
                       [factor](float v) { return v * factor; });
    }
    append_hash(pixels, read.hash);
    return pixels;
}

std::vector<float> pack_field(const FieldPlan& plan,
                              catalogue::FieldId field,
                              const image::Image& map,
                              const image::Image& sky) {
    for (const image::Image* whole : {&map, &sky}) {
        FAINTWEB_EXPECTS(whole->rows == plan.map_of(field).info.rows &&
                         whole->cols == plan.map_of(field).info.cols);
    }
    const image::ImageWindow window = image::in_image(plan.window_of(field));
    std::vector<float> pixels =
        image::cut_out(map, image::in_image(plan.read_window_of(field))).pixels;
    const std::vector<float> truth = image::cut_out(sky, window).pixels;
    pixels.insert(pixels.end(), truth.begin(), truth.end());
    append_hash(pixels, hash_of_values(image::cut_out(map, window).pixels));
    return pixels;
}

FieldPixels unpack_field(const FieldPlan& plan,
                         catalogue::FieldId field,
                         std::vector<float> pixels) {
    const image::MapWindow& window = plan.window_of(field);
    const image::MapWindow whole = plan.read_window_of(field);
    const PlannedMap& map = plan.map_of(field);
    const auto n_whole = static_cast<std::size_t>(whole.rows * whole.cols);
    const auto n_truth =
        map.truth_path.empty() ? 0 : static_cast<std::size_t>(window.rows * window.cols);
    FAINTWEB_EXPECTS(pixels.size() == n_whole + n_truth + n_hash_floats);
    FieldPixels unpacked;
    unpacked.hash = take_hash(pixels);
    base::Stopwatch stopwatch;
    image::multiply(pixels, static_cast<float>(map.info.jy_arcsec2_per_unit));
    if (!map.truth_path.empty()) {
        unpacked.sky =
            image::Image{window.rows,
                         window.cols,
                         {pixels.begin() + static_cast<std::ptrdiff_t>(n_whole), pixels.end()}};
        pixels.resize(n_whole);
    }
    unpacked.wide = {whole.rows, whole.cols, std::move(pixels)};
    unpacked.margin_px = plan.margin_px;
    unpacked.unit_s += stopwatch.lap();
    const image::MapWindow wide = plan.wide_window_of(field);
    unpacked.noise.map = map.noise;
    unpacked.noise.corner = wide.corner();
    if (plan.noise == Noise::measured && map.noise.rms > 0) {
        unpacked.noise.rms =
            tile::measure_local_rms(unpacked.wide, whole, wide, map.mesh(), map.noise);
        blank_outside(unpacked.wide, whole, wide, map);
        image::crop(unpacked.wide, image::in_image(wide, whole.corner()));
        unpacked.noise_s = stopwatch.lap();
    }
    return unpacked;
}

tile::LocalNoise FieldPixels::noise_inside(std::int64_t surplus_px) const {
    tile::LocalNoise inside = noise;
    inside.corner = image::on_map(image::WidePixel{surplus_px, surplus_px}, noise.corner);
    return inside;
}

tile::FieldStatistics FieldPixels::statistics(const image::Image& wide_field,
                                              std::int64_t margin_px_wanted) const {
    tile::FieldStatistics statistics = tile::field_statistics(wide_field, margin_px_wanted);
    statistics.noise = noise_inside(margin_px - margin_px_wanted);
    return statistics;
}

}  // namespace faintweb::pipeline
