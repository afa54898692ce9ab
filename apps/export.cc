#include "lib/catalogue/export.h"

#include <algorithm>
#include <optional>

#include "apps/commands.h"
#include "apps/outputs.h"
#include "apps/workplace.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/catalogue/score_map.h"
#include "lib/image/fits_write.h"
#include "lib/image/wcs.h"
#include "mpi/catalogue_file.h"

namespace faintweb::apps {

namespace {

void write_probability_maps(const catalogue::Catalogue& catalogue, const std::string& folder) {
    base::make_folder(folder);
    const std::vector<std::optional<image::Wcs>> wcs = wcs_of_maps(catalogue);
    for (const catalogue::MapRecord& map : catalogue.maps) {
        if (map.n_fields == 0) {
            continue;
        }
        const auto number = static_cast<std::size_t>(map.map);
        image::FitsHeader header;
        header.object = map.object.str();
        header.history = {"faintweb: the network's probability of signal, one pixel per tile",
                          "catalogue digest " + catalogue.digest};
        const auto first =
            std::ranges::find(catalogue.fields, map.map, [](const catalogue::FieldRecord& field) {
                return field.map;
            });
        if (wcs[number]) {
            header.wcs_cards = wcs[number]->cards_of_blocks(0, 0, first->tile_px);
        }
        image::write_fits(probability_path(catalogue, map.map, folder),
                          catalogue::score_map(catalogue, map.map),
                          header);
    }
}

void write_exports(const catalogue::Catalogue& catalogue, const ExportPaths& paths) {
    if (!paths.csv.empty()) {
        catalogue::write_csv(paths.csv, catalogue.tiles);
    }
    if (!paths.fits.empty()) {
        catalogue::write_fits_table(paths.fits, catalogue.tiles, catalogue.digest);
    }
    if (!paths.ds9.empty()) {
        const std::vector<std::optional<image::Wcs>> wcs = wcs_of_maps(catalogue);
        std::vector<catalogue::RegionFrame> frames(catalogue.maps.size());
        for (std::size_t i = 0; i < frames.size(); ++i) {
            frames[i].wcs = wcs[i] ? &*wcs[i] : nullptr;
        }
        for (const catalogue::FieldRecord& field : catalogue.fields) {
            frames[static_cast<std::size_t>(field.map)].tile_px = field.tile_px;
        }
        catalogue::write_ds9_regions(paths.ds9, catalogue.tiles, frames);
    }
    if (!paths.probability.empty()) {
        write_probability_maps(catalogue, paths.probability);
    }
    for (const std::string& path : {paths.csv, paths.fits, paths.ds9, paths.probability}) {
        if (!path.empty()) {
            base::log_info(base::text("wrote ", path));
        }
    }
}

}  // namespace

void write_exports(const std::string& catalogue, const ExportPaths& paths) {
    write_exports(mpi::read_catalogue(catalogue), paths);
}

base::ExitCode export_catalogue(const std::string& path,
                                const ExportPaths& paths,
                                base::Overwrite overwrite) {
    const catalogue::Catalogue catalogue = mpi::read_catalogue(path);
    base::check_outputs(
        outputs_of_export(catalogue, paths), inputs_of_catalogue(path, catalogue), overwrite);
    write_exports(catalogue, paths);
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
