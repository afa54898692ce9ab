// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/image.h"

#include <algorithm>
#include <limits>

#include "lib/base/vector_clones.h"

namespace faintweb::image {

Image cut_out(const Image& whole, const ImageWindow& window) {
    Image part = make_image(window.rows, window.cols, std::numeric_limits<float>::quiet_NaN());
    const std::int64_t x_first = std::max<std::int64_t>(window.x0, 0);
    const std::int64_t x_end = std::min(window.x0 + window.cols, whole.cols);
    const std::int64_t y_end = std::min(window.y0 + window.rows, whole.rows);
    for (std::int64_t y = std::max<std::int64_t>(window.y0, 0); y < y_end && x_first < x_end; ++y) {
        const std::span<const float> row = whole.row(y);
        std::copy(row.begin() + x_first, row.begin() + x_end,
                  &part.at(y - window.y0, x_first - window.x0));
    }
    return part;
}

void crop(Image& image, const ImageWindow& window) {
    FAINTWEB_EXPECTS(window.x0 >= 0 && window.y0 >= 0 && window.x0 + window.cols <= image.cols &&
                     window.y0 + window.rows <= image.rows);
    // Rows only move towards the front.
    for (std::int64_t y = 0; y < window.rows; ++y) {
        const auto from = image.pixels.begin() + (window.y0 + y) * image.cols + window.x0;
        std::copy(from, from + window.cols, image.pixels.begin() + y * window.cols);
    }
    image.rows = window.rows;
    image.cols = window.cols;
    image.pixels.resize(static_cast<std::size_t>(window.rows * window.cols));
}

FAINTWEB_VECTOR_CLONES void multiply(std::span<float> values, float factor) {
    for (float& value : values) {
        value *= factor;
    }
}

Image without_margin(const Image& wide, std::int64_t margin_px) {
    return cut_out(wide,
                   {margin_px, margin_px, wide.cols - 2 * margin_px, wide.rows - 2 * margin_px});
}

}  // namespace faintweb::image
