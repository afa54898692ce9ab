#include "lib/tile/sums.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "lib/base/contract.h"
#include "lib/base/vector_clones.h"
#include "lib/tile/pixel_scaling.h"

namespace faintweb::tile {
namespace {

struct Lanes {
    std::array<double, n_sum_lanes> sum{};
    std::array<double, n_sum_lanes> sum_of_squares{};
    std::array<float, n_sum_lanes> peak;
    std::array<std::int32_t, n_sum_lanes> n_valid{};

    Lanes() { peak.fill(std::numeric_limits<float>::lowest()); }

    void take(float value, std::size_t lane) {
        const bool is_valid = std::fabs(value) <= largest_float;
        const double exact = is_valid ? static_cast<double>(value) : 0.0;
        const float bright = is_valid ? value : -largest_float;
        sum[lane] += exact;
        sum_of_squares[lane] += exact * exact;
        peak[lane] = bright > peak[lane] ? bright : peak[lane];
        n_valid[lane] += is_valid ? 1 : 0;
    }
};

/// @param first   of the pixels; rows are `stride` pixels apart.
FAINTWEB_VECTOR_CLONES Lanes sum_up(const float* first,
                                    std::size_t stride,
                                    std::size_t n_rows,
                                    std::size_t n_cols) {
    Lanes lanes;
    for (std::size_t row = 0; row < n_rows; ++row) {
        const float* values = first + row * stride;
        std::size_t i = 0;
        for (; i + n_sum_lanes <= n_cols; i += n_sum_lanes) {
            for (std::size_t lane = 0; lane < n_sum_lanes; ++lane) {
                lanes.take(values[i + lane], lane);
            }
        }
        for (std::size_t lane = 0; i < n_cols; ++i, ++lane) {
            lanes.take(values[i], lane);
        }
    }
    return lanes;
}

}  // namespace

std::vector<TileSums> sum_tiles(const image::Image& wide,
                                const TileGrid& grid,
                                std::int64_t margin_px) {
    FAINTWEB_EXPECTS(wide.rows == grid.field_rows + 2 * margin_px);
    FAINTWEB_EXPECTS(wide.cols == grid.field_cols + 2 * margin_px);
    std::vector<TileSums> sums;
    sums.reserve(static_cast<std::size_t>(grid.count()));
    for (std::int64_t t = 0; t < grid.count(); ++t) {
        const image::Window part = grid.inside(t);
        const Lanes lanes = sum_up(wide.row(part.y0 + margin_px).data() + part.x0 + margin_px,
                                   static_cast<std::size_t>(wide.cols),
                                   static_cast<std::size_t>(part.rows),
                                   static_cast<std::size_t>(part.cols));
        const std::int32_t n_valid = std::reduce(lanes.n_valid.begin(), lanes.n_valid.end());
        sums.push_back({.sum = std::accumulate(lanes.sum.begin(), lanes.sum.end(), 0.0),
                        .sum_of_squares = std::accumulate(
                            lanes.sum_of_squares.begin(), lanes.sum_of_squares.end(), 0.0),
                        .peak = n_valid > 0 ? *std::ranges::max_element(lanes.peak) : 0,
                        .n_valid = n_valid});
    }
    return sums;
}

}  // namespace faintweb::tile
