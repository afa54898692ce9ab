#include "lib/tile/grid.h"

#include <algorithm>
#include <cmath>

#include "lib/base/contract.h"

namespace faintweb::tile {

image::Window TileGrid::inside(std::int64_t t) const {
    FAINTWEB_EXPECTS(t >= 0 && t < count());
    const std::int64_t x0 = t % n_cols() * tile_px;
    const std::int64_t y0 = t / n_cols() * tile_px;
    return {x0, y0, std::min(tile_px, field_cols - x0), std::min(tile_px, field_rows - y0)};
}

std::vector<image::Window> field_windows(std::int64_t map_cols,
                                         std::int64_t map_rows,
                                         std::int64_t field_px) {
    FAINTWEB_EXPECTS(map_cols >= 1 && map_rows >= 1 && field_px >= 1);
    std::vector<image::Window> windows;
    for (std::int64_t y0 = 0; y0 < map_rows; y0 += field_px) {
        for (std::int64_t x0 = 0; x0 < map_cols; x0 += field_px) {
            windows.push_back(
                {x0, y0, std::min(field_px, map_cols - x0), std::min(field_px, map_rows - y0)});
        }
    }
    return windows;
}

std::vector<float> cut_tiles(const image::Image& scaled,
                             const TileGrid& grid,
                             float blank_value,
                             std::int64_t margin_px) {
    FAINTWEB_EXPECTS(scaled.rows == grid.field_rows + 2 * margin_px &&
                     scaled.cols == grid.field_cols + 2 * margin_px);
    const std::int64_t edge = grid.tile_px + 2 * margin_px;
    std::vector<float> tiles(static_cast<std::size_t>(grid.count() * edge * edge), blank_value);
    for (std::int64_t t = 0; t < grid.count(); ++t) {
        const image::Window part =
            grid.inside(t);  // starts in `scaled` where the tile's margin does
        const std::int64_t rows = std::min(edge, scaled.rows - part.y0);
        const std::int64_t cols = std::min(edge, scaled.cols - part.x0);
        float* target = tiles.data() + t * edge * edge;
        for (std::int64_t row = 0; row < rows; ++row) {
            const float* source = scaled.row(part.y0 + row).data() + part.x0;
            std::copy_n(source, cols, target + row * edge);
        }
    }
    return tiles;
}

std::vector<std::int32_t> count_blanks(const image::Image& field, const TileGrid& grid) {
    FAINTWEB_EXPECTS(field.rows == grid.field_rows && field.cols == grid.field_cols);
    std::vector<std::int32_t> n_blank(static_cast<std::size_t>(grid.count()));
    for (std::int64_t t = 0; t < grid.count(); ++t) {
        const image::Window part = grid.inside(t);
        std::int64_t n_valid = 0;
        for (std::int64_t row = part.y0; row < part.y0 + part.rows; ++row) {
            const float* values = field.row(row).data() + part.x0;
            n_valid +=
                std::count_if(values, values + part.cols, [](float v) { return std::isfinite(v); });
        }
        n_blank[static_cast<std::size_t>(t)] =
            static_cast<std::int32_t>(grid.tile_px * grid.tile_px - n_valid);
    }
    return n_blank;
}

}  // namespace faintweb::tile
