// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/sums.h"

#include <algorithm>

#include "lib/base/contract.h"
#include "lib/base/vector.h"
#include "lib/base/vector_clones.h"
#include "lib/tile/row_vectors.h"
#include "lib/tile/statistics.h"

namespace faintweb::tile {
namespace {

constexpr int half = n_sum_lanes / 2;
using Floats = base::Vector<float, half>;
using Doubles = base::Vector<double, half>;
/// -1 for true.
using Truths = base::Vector<std::int32_t, half>;

/// Of every eighth pixel; in two halves, as a vector of four doubles fits a register.
struct Lanes {
    Doubles sum[2]{};
    Doubles sum_of_squares[2]{};
    Floats peak[2]{Floats{} - largest_float, Floats{} - largest_float};
    Truths n_valid[2]{};

    FAINTWEB_INLINE void take(const float* eight) {
#pragma GCC unroll 2
        for (int i = 0; i < 2; ++i) {
            const Floats values = base::load<float, half>(eight + i * half);
            const Truths is_valid = (values <= largest_float) & (values >= -largest_float);
            const Doubles exact = __builtin_convertvector(is_valid ? values : Floats{}, Doubles);
            const Floats bright = is_valid ? values : Floats{} - largest_float;
            sum[i] += exact;
            sum_of_squares[i] += exact * exact;
            peak[i] = bright > peak[i] ? bright : peak[i];
            n_valid[i] -= is_valid;
        }
    }

    TileSums all() const {
        TileSums sums;
        sums.peak = -largest_float;
        for (std::size_t lane = 0; lane < n_sum_lanes; ++lane) {
            const std::size_t i = lane / half;
            sums.sum += sum[i][lane % half];
            sums.sum_of_squares += sum_of_squares[i][lane % half];
            sums.peak = std::max(sums.peak, peak[i][lane % half]);
            sums.n_valid += n_valid[i][lane % half];
        }
        sums.peak = sums.n_valid > 0 ? sums.peak : 0;
        return sums;
    }
};

/// Adds a row of pixels to the tiles that it crosses.
///
/// @param last   first pixel of the last tile, which may overlap the one before it.
/// @param lanes  of each tile.
FAINTWEB_VECTOR_CLONES void add_row(const float* row,
                                    std::size_t n_tiles,
                                    std::size_t tile_px,
                                    std::size_t last,
                                    std::size_t n_cols,
                                    Lanes* lanes) {
    for (std::size_t tile = 0; tile < n_tiles; ++tile) {
        const std::size_t first = std::min(tile * tile_px, last);
        Lanes sums = lanes[tile];
        take_row<n_sum_lanes>(row + first, std::min(tile_px, n_cols - first), sums);
        lanes[tile] = sums;
    }
}

}  // namespace

void sum_row_of_tiles(const image::Image& wide,
                      const TileGrid& grid,
                      std::int64_t margin_px,
                      std::int64_t tile_row,
                      std::span<TileSums> sums) {
    FAINTWEB_EXPECTS(wide.rows == grid.field_rows + 2 * margin_px);
    FAINTWEB_EXPECTS(wide.cols == grid.field_cols + 2 * margin_px);
    FAINTWEB_EXPECTS(std::ssize(sums) == grid.n_cols());
    std::vector<Lanes> lanes(sums.size());
    const std::int64_t y = grid.first_row(tile_row);
    for (std::int64_t row = y; row < std::min(y + grid.tile_px, grid.field_rows); ++row) {
        const image::WidePixel first = image::in_wide(image::FieldPixel{0, row}, margin_px);
        add_row(wide.row(first.y).data() + first.x, lanes.size(),
                static_cast<std::size_t>(grid.tile_px),
                static_cast<std::size_t>(grid.first_col(grid.n_cols() - 1)),
                static_cast<std::size_t>(grid.field_cols), lanes.data());
    }
    std::ranges::transform(lanes, sums.begin(), &Lanes::all);
}

std::vector<TileSums> sum_tiles(const image::Image& wide,
                                const TileGrid& grid,
                                std::int64_t margin_px) {
    std::vector<TileSums> sums(static_cast<std::size_t>(grid.count()));
    const auto n_cols = static_cast<std::size_t>(grid.n_cols());
    for (std::int64_t row = 0; row < grid.n_rows(); ++row) {
        sum_row_of_tiles(wide, grid, margin_px, row,
                         std::span(sums).subspan(static_cast<std::size_t>(row) * n_cols, n_cols));
    }
    return sums;
}

}  // namespace faintweb::tile
