// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/opening_filter.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "lib/base/contract.h"
#include "lib/image/opening.h"
#include "lib/image/smoothing.h"

namespace faintweb::tile {

std::int64_t OpeningFilter::reach_px() const {
    return image::smoothing_reach_px(smoothing_fwhm_px) + box_px - 1;
}

OpeningFilter make_opening_filter(double beam_px) {
    FAINTWEB_EXPECTS(beam_px > 0);
    constexpr std::int64_t smallest_box = 3;
    return {std::max<std::int64_t>(smallest_box, std::llround(2 * beam_px)), 3 * beam_px};
}

FilteredField filter_field(const image::Image& pixels,
                           const image::MapWindow& window,
                           const LocalRms& rms,
                           const OpeningFilter& filter) {
    FAINTWEB_EXPECTS(pixels.rows == window.rows && pixels.cols == window.cols);
    image::Image in_sigma = pixels;
    std::vector<float> sigma(static_cast<std::size_t>(pixels.cols));
    for (std::int64_t y = 0; y < pixels.rows; ++y) {
        rms.row({window.x0, window.y0 + y}, sigma);
        const std::span<float> row = in_sigma.row(y);
        for (std::size_t x = 0; x < row.size(); ++x) {
            row[x] /= sigma[x];
        }
    }
    FilteredField filtered;
    filtered.opened = image::opening(in_sigma, filter.box_px);
    filtered.is_compact.resize(in_sigma.pixels.size());
    for (std::size_t i = 0; i < in_sigma.pixels.size(); ++i) {
        const bool is_compact = in_sigma.pixels[i] - filtered.opened.pixels[i] > OpeningFilter::cut;
        filtered.is_compact[i] = is_compact ? 1 : 0;
        in_sigma.pixels[i] = is_compact ? 0 : in_sigma.pixels[i];
    }
    filtered.diffuse = image::smooth(in_sigma, filter.smoothing_fwhm_px);
    return filtered;
}

}  // namespace faintweb::tile
