#include "lib/source/photometry.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>

#include "lib/base/contract.h"
#include "lib/base/vector_clones.h"

namespace faintweb::source {

namespace {

/// Sums over some pixels, in lanes that the compiler can keep in vectors.
struct Sums {
    static constexpr std::size_t n_lanes = 8;
    std::array<double, n_lanes> sum{};
    std::array<double, n_lanes> sum_of_squares{};
    std::array<float, n_lanes> peak;
    std::array<std::int32_t, n_lanes> n_valid{};

    Sums() { peak.fill(std::numeric_limits<float>::lowest()); }

    void take(float value, std::size_t lane) {
        constexpr float largest = std::numeric_limits<float>::max();
        const bool is_valid = std::fabs(value) <= largest;
        const double exact = is_valid ? static_cast<double>(value) : 0.0;
        const float bright = is_valid ? value : -largest;
        sum[lane] += exact;
        sum_of_squares[lane] += exact * exact;
        peak[lane] = bright > peak[lane] ? bright : peak[lane];
        n_valid[lane] += is_valid ? 1 : 0;
    }
};

/// @param first   of the pixels; rows are `stride` pixels apart.
FAINTWEB_VECTOR_CLONES Sums sum_up(const float* first,
                                   std::size_t stride,
                                   std::size_t n_rows,
                                   std::size_t n_cols) {
    Sums sums;
    for (std::size_t row = 0; row < n_rows; ++row) {
        const float* values = first + row * stride;
        std::size_t i = 0;
        for (; i + Sums::n_lanes <= n_cols; i += Sums::n_lanes) {
            for (std::size_t lane = 0; lane < Sums::n_lanes; ++lane) {
                sums.take(values[i + lane], lane);
            }
        }
        for (std::size_t lane = 0; i < n_cols; ++i, ++lane) {
            sums.take(values[i], lane);
        }
    }
    return sums;
}

TileFlux measure(const image::Image& field,
                 const image::Window& window,
                 std::int64_t tile_px,
                 double pixel_arcsec) {
    const Sums sums = sum_up(field.row(window.y0).data() + window.x0,
                             static_cast<std::size_t>(field.cols),
                             static_cast<std::size_t>(window.rows),
                             static_cast<std::size_t>(window.cols));
    const double sum = std::accumulate(sums.sum.begin(), sums.sum.end(), 0.0);
    const double sum_of_squares =
        std::accumulate(sums.sum_of_squares.begin(), sums.sum_of_squares.end(), 0.0);
    const std::int64_t n_valid =
        std::accumulate(sums.n_valid.begin(), sums.n_valid.end(), std::int64_t{0});
    TileFlux flux{.n_blank = static_cast<int>(tile_px * tile_px - n_valid)};
    if (n_valid > 0) {
        const auto n = static_cast<double>(n_valid);
        flux.sum_jy = sum * pixel_arcsec * pixel_arcsec;
        flux.peak_jy_arcsec2 = *std::ranges::max_element(sums.peak);
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
