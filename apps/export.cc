#include "lib/catalogue/export.h"

#include <optional>

#include "apps/commands.h"
#include "apps/workplace.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/image/wcs.h"
#include "mpi/catalogue_file.h"

namespace faintweb::apps {

base::ExitCode export_catalogue(const std::string& catalogue_file, const ExportPaths& paths) {
    if (paths.csv.empty() && paths.fits.empty() && paths.ds9.empty()) {
        return base::ExitCode::done;
    }
    const catalogue::Catalogue catalogue = mpi::read_catalogue(catalogue_file);
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
    for (const std::string& path : {paths.csv, paths.fits, paths.ds9}) {
        if (!path.empty()) {
            base::log_info(base::text("wrote ", path));
        }
    }
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
