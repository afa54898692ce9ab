// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/map_pictures.h"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/base/log.h"
#include "lib/image/fits_map.h"
#include "lib/report/halo_circles.h"
#include "lib/report/picture.h"
#include "lib/sky/lightcone/lightcone.h"
#include "lib/tile/grid.h"
#include "mpi/pipeline/pictures.h"

namespace faintweb::pipeline {
namespace {

std::string size_text(const image::MapInfo& info) {
    return fmt::format("{} x {} pixels", info.cols, info.rows);
}

image::MapWindow window_of(const PictureOptions& options,
                           const std::string& path,
                           const image::MapInfo& info) {
    const image::MapWindow all{0, 0, info.cols, info.rows};
    const image::MapWindow window = options.window.value_or(all);
    // As differences: sums of what the user gave might overflow.
    if (window.x0 < 0 || window.y0 < 0 || window.cols < 1 || window.rows < 1 ||
        window.x0 >= info.cols || window.y0 >= info.rows || window.cols > info.cols - window.x0 ||
        window.rows > info.rows - window.y0) {
        throw base::UsageError(fmt::format(
            "--window {},{},{},{} does not lie on {} ({}), give X0,Y0,WIDTH,HEIGHT inside it",
            window.x0, window.y0, window.cols, window.rows, path, size_text(info)));
    }
    return window;
}

/// The signal tiles of a map that a window shows: those of detect, if the campaign has the same
/// rule and tile_px and the default field_px. (Tiles begin anew with each field.)
std::vector<report::TileMark> signal_tiles(const PictureOptions& options,
                                           const std::string& path,
                                           const image::MapInfo& info,
                                           const image::MapWindow& shown) {
    image::MapOptions only_header;
    only_header.only_header = true;
    const image::FitsMap truth = image::FitsMap::open(options.truth, only_header);
    if (truth.info().cols != info.cols || truth.info().rows != info.rows) {
        throw base::UsageError(fmt::format(
            "{} has {} and {} {} (a truth shows the same pixels), give the sky image of this map",
            options.truth, size_text(truth.info()), path, size_text(info)));
    }
    const auto overlap = [](std::int64_t a0, std::int64_t a, std::int64_t b0, std::int64_t b) {
        return a0 < b0 + b && b0 < a0 + a;
    };
    const auto is_shown = [&](const image::MapWindow& part) {
        return overlap(part.x0, part.cols, shown.x0, shown.cols) &&
               overlap(part.y0, part.rows, shown.y0, shown.rows);
    };
    std::vector<report::TileMark> marks;
    for (const image::MapWindow& field : tile::field_windows(
             info.cols, info.rows, campaign::Campaign{}.field_px, options.tile_px)) {
        if (!is_shown(field)) {
            continue;
        }
        const tile::TileGrid grid{field.rows, field.cols, options.tile_px};
        const std::vector<std::uint8_t> labels = label::label_tiles(
            read_jy_arcsec2(truth, field, truth.info().jy_arcsec2_per_unit), grid, options.label);
        for (tile::TileId t; t < grid.end(); ++t) {
            const image::MapWindow tile = image::on_map(grid.inside(t), field.corner());
            if (labels[t.place()] != 0 && is_shown(tile)) {
                marks.push_back({tile.x0, tile.y0});
            }
        }
    }
    return marks;
}

/// The circles of haloes that a window shows at least a part of.
std::vector<report::Circle> halo_circles(const PictureOptions& options,
                                         double pixel_arcsec,
                                         const image::MapWindow& shown) {
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
    const image::MapWindow window = window_of(options, path, info);
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
            fmt::format("{} signal tiles: more than {} px above {} µJy/arcsec²",
                        picture.tiles.size(), options.label.min_pixels,
                        report::number_text(options.label.flux_threshold_jy_arcsec2 * 1e6));
    }
    if (!options.haloes.empty() && is_on(options.haloes_on, map)) {
        picture.circles = halo_circles(options, info.pixel_arcsec, window);
        picture.circles_meaning =
            fmt::format("R100 of {} haloes of {} solar masses or more", picture.circles.size(),
                        report::number_text(options.min_mass_msun));
    }
    return picture;
}

}  // namespace

void draw_maps(const PictureOptions& options) {
    const std::size_t n = options.inputs.size();
    std::vector<image::Image> pixels(n);  // where they stay: the pictures refer to them
    std::vector<report::FieldPicture> pictures;
    for (std::size_t map = 0; map < n; ++map) {
        pictures.push_back(picture_of_map(options, map, pixels[map]));
    }
    report::draw_row(options.output, pictures);
    base::log_info("drew " + options.output);
}

}  // namespace faintweb::pipeline
