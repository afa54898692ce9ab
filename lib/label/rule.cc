#include "lib/label/rule.h"

#include "lib/base/contract.h"

namespace faintweb::label {

std::vector<std::uint8_t> label_tiles(const image::Image& sky,
                                      const tile::TileGrid& grid,
                                      const LabelRule& rule) {
    FAINTWEB_EXPECTS(sky.rows == grid.field_rows && sky.cols == grid.field_cols);
    const auto threshold = static_cast<float>(rule.flux_threshold_jy_arcsec2);
    std::vector<std::uint8_t> labels(static_cast<std::size_t>(grid.count()));
    for (std::int64_t t = 0; t < grid.count(); ++t) {
        const image::Window part = grid.inside(t);
        int n_above = 0;
        for (std::int64_t row = part.y0; row < part.y0 + part.rows; ++row) {
            for (const float value : sky.row(row).subspan(static_cast<std::size_t>(part.x0),
                                                          static_cast<std::size_t>(part.cols))) {
                n_above += static_cast<int>(value > threshold);
            }
        }
        labels[static_cast<std::size_t>(t)] = n_above > rule.min_pixels ? 1 : 0;
    }
    return labels;
}

}  // namespace faintweb::label
