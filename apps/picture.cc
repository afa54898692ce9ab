#include "lib/report/picture.h"

#include <filesystem>
#include <limits>
#include <optional>

#include "apps/commands.h"
#include "apps/workplace.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/image/fits_map.h"
#include "mpi/catalogue_file.h"

namespace faintweb::apps {
namespace {

/// The map as it was opened for the catalogue, whatever its header lacks.
image::FitsMap open_again(const catalogue::MapRecord& map) {
    image::MapOptions options;
    options.hdu = map.hdu;
    // It was within the limit when it was classified, whatever the limit was.
    options.max_unpacked_bytes = std::numeric_limits<std::int64_t>::max();
    options.pixel_arcsec = map.pixel_arcsec;
    for (const image::PixelUnit unit : {image::PixelUnit::jy_beam, image::PixelUnit::jy_arcsec2}) {
        if (map.unit.view() == image::unit_name(unit)) {
            options.unit = unit;
        }
    }
    if (map.beam_major_arcsec > 0) {
        options.beam =
            image::Beam{map.beam_major_arcsec, map.beam_minor_arcsec, map.beam_angle_deg};
    }
    return image::FitsMap::open(map.path.str(), options);
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

}  // namespace

void draw_catalogue(const std::string& path, const std::string& folder) {
    const catalogue::Catalogue catalogue = mpi::read_catalogue(path);
    const std::vector<std::optional<image::Wcs>> wcs = wcs_of_maps(catalogue);
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
            marks.push_back({tile.row,
                             tile.column,
                             static_cast<catalogue::Outcome>(tile.outcome),
                             tile.probability});
        }
        if (field.status == static_cast<std::int32_t>(catalogue::FieldStatus::failed)) {
            continue;
        }
        if (is_new_map || !map) {
            map = open_again(record);
        }
        const std::string name =
            base::text(name_of_map(catalogue, field.map), "_field_", number_in_map);
        const image::Image pixels = read_jy_arcsec2(
            *map, {field.x0, field.y0, field.cols, field.rows}, record.jy_arcsec2_per_unit);
        const auto& wcs_here = wcs[static_cast<std::size_t>(field.map)];
        report::draw_field(folder + "/" + name + ".png",
                           {.pixels = pixels,
                            .pixel_arcsec = record.pixel_arcsec,
                            .title = name,
                            .grid = {field.rows, field.cols, field.tile_px},
                            .tiles = marks,
                            .has_truth = field.has_truth != 0,
                            .x0_px = static_cast<double>(field.x0),
                            .y0_px = static_cast<double>(field.y0),
                            .wcs = wcs_here ? &*wcs_here : nullptr,
                            .beam = map->info().beam});
        ++n_drawn;
    }
    base::log_info(base::text("drew ", n_drawn, " fields into ", folder));
}

base::ExitCode picture(const std::string& input, const std::string& output) {
    if (kind_of(input) == FileKind::catalogue) {
        draw_catalogue(input, output);
        return base::ExitCode::done;
    }
    const image::FitsMap map = image::FitsMap::open(input);
    const image::MapInfo& info = map.info();
    const image::Image pixels =
        read_jy_arcsec2(map, {0, 0, info.cols, info.rows}, info.jy_arcsec2_per_unit);
    report::draw_image(
        output, pixels, info.pixel_arcsec, std::filesystem::path(input).filename().string());
    base::log_info("drew " + output);
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
