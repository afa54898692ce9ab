// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// catalogue_example write FOLDER   writes cat.h5 and its exports from synthetic results
// catalogue_example read FILE      reads a catalogue and prints its digest, or the error and its
// exit code
#include <algorithm>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/log.h"
#include "lib/catalogue/export.h"
#include "mpi/io/catalogue_file.h"
#include "test/mpi/io/synthetic_catalogue.h"

namespace {

using namespace faintweb;

void write_example(const std::string& folder) {
    const io::SyntheticCatalogue synthetic;
    io::write_catalogue(comm::Communicator(), folder + "/cat.h5", synthetic.maps,
                        synthetic.source(), synthetic.provenance);
    const catalogue::Catalogue catalogue = io::read_catalogue(folder + "/cat.h5");
    std::vector<std::string> names;
    for (const catalogue::MapRecord& map : catalogue.maps) {
        names.push_back(map.path.str());
    }
    catalogue::write_csv(folder + "/tiles.csv", catalogue.tiles, names);
    catalogue::write_fits_table(folder + "/tiles.fits", catalogue.tiles, names, catalogue.digest);
    const auto end = std::find_if(catalogue.tiles.begin(), catalogue.tiles.end(),
                                  [](const auto& tile) { return tile.map != 0; });
    const auto n_first = static_cast<std::size_t>(end - catalogue.tiles.begin());
    const image::Wcs wcs(catalogue.provenance.map_headers[0]);
    const std::vector<catalogue::RegionFrame> frames{
        {.map_name = names[0], .wcs = &wcs, .tile_px = 10}, {.map_name = names[1], .tile_px = 10}};
    const std::span tiles(catalogue.tiles);
    catalogue::write_ds9_regions(folder + "/sky.reg", tiles.first(n_first), frames);
    catalogue::write_ds9_regions(folder + "/image.reg", tiles.subspan(n_first), frames);
}

int read_example(const std::string& path) {
    try {
        base::print(io::read_catalogue(path).digest);
        return 0;
    } catch (const base::Error& error) {
        base::print(error.what());
        return static_cast<int>(error.code());
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::string(argv[1]) == "read") {
        return read_example(argv[2]);
    }
    if (argc == 3 && std::string(argv[1]) == "write") {
        write_example(argv[2]);
        return 0;
    }
    return 2;
}
