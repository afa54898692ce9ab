// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/source/photometry.h"

#include <algorithm>
#include <cmath>

namespace faintweb::source {

std::vector<TileFlux> tile_photometry(std::span<const tile::TileSums> sums,
                                      std::int64_t tile_px,
                                      double pixel_arcsec) {
    std::vector<TileFlux> fluxes(sums.size());
    std::ranges::transform(sums, fluxes.begin(), [&](const tile::TileSums& tile) {
        TileFlux flux{.n_blank = static_cast<int>(tile_px * tile_px - tile.n_valid)};
        if (tile.n_valid > 0) {
            const auto n = static_cast<double>(tile.n_valid);
            flux.sum_jy = tile.sum * pixel_arcsec * pixel_arcsec;
            flux.peak_jy_arcsec2 = tile.peak;
            flux.mean_jy_arcsec2 = static_cast<float>(tile.sum / n);
            flux.rms_jy_arcsec2 = static_cast<float>(std::sqrt(tile.sum_of_squares / n));
        }
        return flux;
    });
    return fluxes;
}

}  // namespace faintweb::source
