#include "lib/report/picture.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>

#include "apps/commands.h"
#include "apps/outputs.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/image/fits_map.h"
#include "lib/label/rule.h"
#include "lib/report/halo_circles.h"
#include "lib/report/png_mark.h"
#include "lib/sky/lightcone/lightcone.h"
#include "lib/tile/grid.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/pipeline/catalogue_maps.h"

namespace faintweb::apps {
namespace {

std::string size_text(const image::MapInfo& info) {
    return base::text(info.cols, " x ", info.rows, " pixels");
}

/// The map as it was opened for the catalogue, whatever its header lacks.
///
/// @throws base::InputError  if it is nowhere, or what is there has other pixels or cannot be read.
image::FitsMap open_again(const catalogue::Catalogue& catalogue,
                          const std::string& catalogue_file,
                          const catalogue::MapRecord& map) {
    image::MapOptions options;
    options.hdu = map.hdu;
    // It was within the limit when it was classified, whatever the limit was.
    options.max_unpacked_bytes = std::numeric_limits<std::int64_t>::max();
    options.pixel_arcsec = map.pixel_arcsec;
    options.unit = image::parse_unit(map.unit.str());
    options.force_pixel = options.force_unit = options.force_beam = true;
    if (map.beam_major_arcsec > 0) {
        options.beam =
            image::Beam{map.beam_major_arcsec, map.beam_minor_arcsec, map.beam_angle_deg};
    }
    std::string failure;
    std::optional<image::FitsMap> changed;
    for (const std::string& place : pipeline::places_of_map(catalogue, catalogue_file, map)) {
        std::error_code error;
        if (!std::filesystem::exists(place, error)) {
            continue;
        }
        try {
            image::FitsMap file = image::FitsMap::open(place, options);
            const image::MapInfo& info = file.info();
            if (map.header_sha256.view() == info.header_sha256) {
                return file;
            }
            if (info.cols != map.cols || info.rows != map.rows) {
                throw base::InputError(base::text(place,
                                                  ": has ",
                                                  size_text(info),
                                                  " but the map that was classified had ",
                                                  map.cols,
                                                  " x ",
                                                  map.rows,
                                                  ", bring that one back"));
            }
            if (!changed) {
                changed = std::move(file);
            }
        } catch (const base::InputError& other) {
            failure = failure.empty() ? other.what() : failure;
        }
    }
    if (changed) {
        base::log_warning(
            changed->info().path +
            ": its header has changed since it was classified, it may be another map");
        return std::move(*changed);
    }
    throw base::InputError(
        !failure.empty()
            ? failure
            : base::text(map.path.view(),
                         ": is neither where it was when it was classified nor, by this name, here "
                         "or beside ",
                         catalogue_file,
                         ", bring it back"));
}

image::Image read_jy_arcsec2(const image::FitsMap& map,
                             const image::Window& window,
                             double jy_arcsec2_per_unit) {
    image::Image image = map.read(window);
    for (float& value : image.pixels) {
        value = static_cast<float>(static_cast<double>(value) * jy_arcsec2_per_unit);
    }
    return image;
}

image::Window window_of(const PictureOptions& options,
                        const std::string& path,
                        const image::MapInfo& info) {
    const image::Window all{0, 0, info.cols, info.rows};
    const image::Window window = options.window.value_or(all);
    // As differences: sums of what the user gave might overflow.
    if (window.x0 < 0 || window.y0 < 0 || window.cols < 1 || window.rows < 1 ||
        window.x0 >= info.cols || window.y0 >= info.rows || window.cols > info.cols - window.x0 ||
        window.rows > info.rows - window.y0) {
        throw base::UsageError(base::text("--window ",
                                          window.x0,
                                          ",",
                                          window.y0,
                                          ",",
                                          window.cols,
                                          ",",
                                          window.rows,
                                          " does not lie on ",
                                          path,
                                          " (",
                                          size_text(info),
                                          "), give X0,Y0,WIDTH,HEIGHT inside it"));
    }
    return window;
}

/// The signal tiles of a map that a window shows: those of detect, if the campaign has the same
/// rule and tile_px and the default field_px. (Tiles begin anew with each field.)
std::vector<report::TileMark> signal_tiles(const PictureOptions& options,
                                           const std::string& path,
                                           const image::MapInfo& info,
                                           const image::Window& shown) {
    image::MapOptions only_header;
    only_header.only_header = true;
    const image::FitsMap truth = image::FitsMap::open(options.truth, only_header);
    if (truth.info().cols != info.cols || truth.info().rows != info.rows) {
        throw base::UsageError(base::text(options.truth,
                                          " has ",
                                          size_text(truth.info()),
                                          " and ",
                                          path,
                                          " ",
                                          size_text(info),
                                          " (a truth shows the same pixels), give the sky image "
                                          "of this map"));
    }
    const auto overlap = [](std::int64_t a0, std::int64_t a, std::int64_t b0, std::int64_t b) {
        return a0 < b0 + b && b0 < a0 + a;
    };
    const auto is_shown = [&](const image::Window& part) {
        return overlap(part.x0, part.cols, shown.x0, shown.cols) &&
               overlap(part.y0, part.rows, shown.y0, shown.rows);
    };
    std::vector<report::TileMark> marks;
    for (const image::Window& field : tile::field_windows(
             info.cols, info.rows, campaign::Campaign{}.field_px, options.tile_px)) {
        if (!is_shown(field)) {
            continue;
        }
        const tile::TileGrid grid{field.rows, field.cols, options.tile_px};
        const std::vector<std::uint8_t> labels = label::label_tiles(
            read_jy_arcsec2(truth, field, truth.info().jy_arcsec2_per_unit), grid, options.label);
        for (std::int64_t t = 0; t < grid.count(); ++t) {
            image::Window tile = grid.inside(t);
            tile.x0 += field.x0;
            tile.y0 += field.y0;
            if (labels[static_cast<std::size_t>(t)] != 0 && is_shown(tile)) {
                marks.push_back({tile.x0, tile.y0});
            }
        }
    }
    return marks;
}

/// The circles of haloes that a window shows at least a part of.
std::vector<report::Circle> halo_circles(const PictureOptions& options,
                                         double pixel_arcsec,
                                         const image::Window& shown) {
    std::vector<report::Circle> circles =
        report::read_halo_circles(options.haloes, options.min_mass_msun, pixel_arcsec);
    const auto is_beside = [](double x, std::int64_t first, std::int64_t n, double radius) {
        return x + radius < static_cast<double>(first) - 0.5 ||
               x - radius > static_cast<double>(first + n) - 0.5;
    };
    std::erase_if(circles, [&](const report::Circle& circle) {
        return is_beside(circle.x_px, shown.x0, shown.cols, circle.radius_px) ||
               is_beside(circle.y_px, shown.y0, shown.rows, circle.radius_px);
    });
    return circles;
}

/// What stands beside the colour bar of a map that shows no brightness.
std::string unit_text(const std::string& title, const std::string& bunit) {
    if (title.starts_with(sky::layer_name(sky::Layer::column_density))) {
        return "column density / mean";
    }
    return bunit.empty() ? "no unit" : bunit;
}

bool is_on(const std::vector<int>& numbers, std::size_t map) {
    return numbers.empty() || std::ranges::count(numbers, static_cast<int>(map) + 1) > 0;
}

/// @param map  its place among the inputs, from 0.
/// @param pixels  gets the map's pixels, which the picture refers to.
report::FieldPicture picture_of_map(const PictureOptions& options,
                                    std::size_t map,
                                    image::Image& pixels) {
    const std::string& path = options.inputs[map];
    image::MapOptions any_unit;
    any_unit.any_unit = true;
    any_unit.only_header = true;
    const image::FitsMap file = image::FitsMap::open(path, any_unit);
    const image::MapInfo& info = file.info();
    for (const std::string& note : info.notes) {
        base::log_warning(path + ": " + note);
    }
    const image::Window window = window_of(options, path, info);
    pixels = read_jy_arcsec2(file, window, info.jy_arcsec2_per_unit);
    report::FieldPicture picture{.pixels = pixels,
                                 .pixel_arcsec = info.pixel_arcsec,
                                 .title = std::filesystem::path(path).filename().string(),
                                 .x0_px = static_cast<double>(window.x0),
                                 .y0_px = static_cast<double>(window.y0),
                                 .beam = info.beam,
                                 .stretch_kind = options.stretch};
    if (info.other_unit) {
        picture.unit = unit_text(picture.title, *info.other_unit);
    } else {
        picture.floor = campaign::Campaign{}.sky.floor_jy_arcsec2;
    }
    if (!options.truth.empty() && is_on(options.truth_on, map)) {
        picture.tile_px = options.tile_px;
        picture.tiles = signal_tiles(options, path, info, window);
        picture.tiles_show = report::TilesShow::labels;
        picture.labels_meaning =
            base::text(picture.tiles.size(),
                       " signal tiles: more than ",
                       options.label.min_pixels,
                       " px above ",
                       report::number_text(options.label.flux_threshold_jy_arcsec2 * 1e6),
                       " µJy/arcsec²");
    }
    if (!options.haloes.empty() && is_on(options.haloes_on, map)) {
        picture.circles = halo_circles(options, info.pixel_arcsec, window);
        picture.circles_meaning = base::text("R100 of ",
                                             picture.circles.size(),
                                             " haloes of ",
                                             report::number_text(options.min_mass_msun),
                                             " solar masses or more");
    }
    return picture;
}

/// @param file  what the option marks the maps with; `file_option` gives it.
void check_numbers(const char* option,
                   const std::vector<int>& numbers,
                   std::size_t n_maps,
                   const char* file_option,
                   const std::string& file) {
    if (!numbers.empty() && file.empty()) {
        throw base::UsageError(base::text(option,
                                          " is given without ",
                                          file_option,
                                          " (there is nothing to mark the maps with), give both or "
                                          "neither"));
    }
    for (const int number : numbers) {
        if (number < 1 || number > static_cast<int>(n_maps)) {
            throw base::UsageError(base::text(option,
                                              " ",
                                              number,
                                              " means no map (",
                                              n_maps,
                                              n_maps == 1 ? " is given" : " are given",
                                              "), count them from 1"));
        }
    }
}

void check_limit(const char* option, double value) {
    if (!(value >= 0 && std::isfinite(value))) {
        throw base::UsageError(
            base::text(option, " is ", value, " (no limit can be that), give a positive number"));
    }
}

}  // namespace

void draw_catalogue(const std::string& path, const std::string& folder) {
    const catalogue::Catalogue catalogue = io::read_catalogue(path);
    const std::vector<std::optional<image::Wcs>> wcs = pipeline::wcs_of_maps(catalogue);
    base::make_folder(folder);
    std::optional<image::FitsMap> map;
    std::int32_t open_map = -1;
    std::int32_t number_in_map = 0;
    std::size_t first_tile = 0;
    int n_drawn = 0;
    for (std::size_t f = 0; f < catalogue.fields.size(); ++f) {
        const catalogue::FieldRecord& field = catalogue.fields[f];
        const catalogue::MapRecord& record = catalogue.maps[static_cast<std::size_t>(field.map)];
        const bool is_new_map = field.map != open_map;
        number_in_map = is_new_map ? 0 : number_in_map + 1;
        open_map = field.map;
        std::vector<report::TileMark> marks;
        for (; first_tile < catalogue.tiles.size() &&
               catalogue.tiles[first_tile].field == static_cast<std::int32_t>(f);
             ++first_tile) {
            const catalogue::TileRecord& tile = catalogue.tiles[first_tile];
            const tile::TileGrid grid{field.rows, field.cols, field.tile_px};
            marks.push_back({field.x0 + grid.first_col(tile.column),
                             field.y0 + grid.first_row(tile.row),
                             static_cast<catalogue::Outcome>(tile.outcome),
                             tile.probability});
        }
        if (field.status == static_cast<std::int32_t>(catalogue::FieldStatus::failed)) {
            continue;
        }
        if (is_new_map || !map) {
            map = open_again(catalogue, path, record);
        }
        const std::string name =
            base::text(pipeline::name_of_map(catalogue, field.map), "_field_", number_in_map);
        const image::Image pixels = read_jy_arcsec2(
            *map, {field.x0, field.y0, field.cols, field.rows}, record.jy_arcsec2_per_unit);
        const auto& wcs_here = wcs[static_cast<std::size_t>(field.map)];
        report::draw_field(folder + "/" + name + ".png",
                           {.pixels = pixels,
                            .pixel_arcsec = record.pixel_arcsec,
                            .title = name,
                            .tile_px = field.tile_px,
                            .tiles = marks,
                            .tiles_show = field.has_truth != 0 ? report::TilesShow::outcomes
                                                               : report::TilesShow::detections,
                            .x0_px = static_cast<double>(field.x0),
                            .y0_px = static_cast<double>(field.y0),
                            .wcs = wcs_here ? &*wcs_here : nullptr,
                            .beam = map->info().beam});
        ++n_drawn;
    }
    base::log_info(base::text("drew ", n_drawn, " fields into ", folder));
}

base::ExitCode picture(const PictureOptions& options, base::Overwrite overwrite) {
    const std::size_t n = options.inputs.size();
    const auto catalogue = std::ranges::find_if(options.inputs, [](const std::string& path) {
        return pipeline::kind_of(path) == pipeline::FileKind::catalogue;
    });
    if (catalogue != options.inputs.end()) {
        if (n > 1 || options.window || options.stretch || !options.haloes.empty() ||
            !options.truth.empty() || !options.haloes_on.empty() || !options.truth_on.empty()) {
            throw base::UsageError(base::text(*catalogue,
                                              " is a catalogue (its fields are drawn as they were "
                                              "classified), give it alone and with -o only"));
        }
        {
            const catalogue::Catalogue read = io::read_catalogue(*catalogue);
            base::check_outputs(outputs_of_pictures(read, options.output),
                                inputs_of_catalogue(*catalogue, read),
                                overwrite);
        }
        draw_catalogue(*catalogue, options.output);
        return base::ExitCode::done;
    }
    if (n > report::most_in_row) {
        throw base::UsageError(base::text(n,
                                          " maps are too many for one picture (at most ",
                                          report::most_in_row,
                                          "), draw several"));
    }
    check_numbers("--haloes-on", options.haloes_on, n, "--haloes", options.haloes);
    check_numbers("--truth-on", options.truth_on, n, "--truth", options.truth);
    check_limit("--min-mass", options.min_mass_msun);
    check_limit("--flux-threshold", options.label.flux_threshold_jy_arcsec2);
    std::vector<std::string> inputs = options.inputs;
    for (const std::string& file : {options.haloes, options.truth}) {
        if (!file.empty()) {
            inputs.push_back(file);
        }
    }
    const base::Output output{.path = options.output, .objection = report::objection_to_png};
    base::check_outputs(std::span(&output, 1), inputs, overwrite);
    std::vector<image::Image> pixels(n);  // where they stay: the pictures refer to them
    std::vector<report::FieldPicture> pictures;
    for (std::size_t map = 0; map < n; ++map) {
        pictures.push_back(picture_of_map(options, map, pixels[map]));
    }
    report::draw_row(options.output, pictures);
    base::log_info("drew " + options.output);
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
