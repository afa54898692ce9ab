#include "lib/source/photometry.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "lib/base/contract.h"

namespace faintweb::source {

namespace {

TileFlux measure(const image::Image& field,
                 const image::Window& window,
                 std::int64_t tile_px,
                 double pixel_arcsec) {
    double sum = 0;
    double sum_of_squares = 0;
    float peak = std::numeric_limits<float>::lowest();
    std::int64_t n_valid = 0;
    for (std::int64_t y = window.y0; y < window.y0 + window.rows; ++y) {
        for (const float value : field.row(y).subspan(static_cast<std::size_t>(window.x0),
                                                      static_cast<std::size_t>(window.cols))) {
            if (!std::isfinite(value)) {
                continue;
            }
            const auto exact = static_cast<double>(value);
            sum += exact;
            sum_of_squares += exact * exact;
            peak = std::max(peak, value);
            ++n_valid;
        }
    }
    TileFlux flux{.n_blank = static_cast<int>(tile_px * tile_px - n_valid)};
    if (n_valid > 0) {
        const auto n = static_cast<double>(n_valid);
        flux.sum_jy = sum * pixel_arcsec * pixel_arcsec;
        flux.peak_jy_arcsec2 = peak;
        flux.mean_jy_arcsec2 = static_cast<float>(sum / n);
        flux.rms_jy_arcsec2 = static_cast<float>(std::sqrt(sum_of_squares / n));
    }
    return flux;
}

}  // namespace

std::vector<TileFlux> tile_photometry(const image::Image& field_jy_arcsec2,
                                      const tile::TileGrid& grid,
                                      double pixel_arcsec) {
    FAINTWEB_EXPECTS(field_jy_arcsec2.rows == grid.field_rows);
    FAINTWEB_EXPECTS(field_jy_arcsec2.cols == grid.field_cols);
    std::vector<TileFlux> fluxes;
    fluxes.reserve(static_cast<std::size_t>(grid.count()));
    for (std::int64_t t = 0; t < grid.count(); ++t) {
        fluxes.push_back(measure(field_jy_arcsec2, grid.inside(t), grid.tile_px, pixel_arcsec));
    }
    return fluxes;
}

}  // namespace faintweb::source
