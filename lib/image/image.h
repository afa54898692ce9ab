// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/base/contract.h"
#include "lib/image/window.h"

namespace faintweb::image {

/// A picture in memory: [rows, cols] row-major, row 0 = first FITS row (the lowest on the sky
/// plot).
///
/// NaN is a blank pixel: the image carries its own mask.
struct Image {
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::vector<float> pixels;

    float& at(std::int64_t row, std::int64_t col) { return pixels[index(row, col)]; }
    float at(std::int64_t row, std::int64_t col) const { return pixels[index(row, col)]; }
    std::span<const float> row(std::int64_t r) const {
        return std::span(pixels).subspan(index(r, 0), static_cast<std::size_t>(cols));
    }
    std::span<float> row(std::int64_t r) {
        return std::span(pixels).subspan(index(r, 0), static_cast<std::size_t>(cols));
    }

  private:
    std::size_t index(std::int64_t row, std::int64_t col) const {
        FAINTWEB_EXPECTS(row >= 0 && row < rows && col >= 0 && (col < cols || cols == 0));
        return static_cast<std::size_t>(row * cols + col);
    }
};

/// An image of one value.
inline Image make_image(std::int64_t rows, std::int64_t cols, float value = 0) {
    FAINTWEB_EXPECTS(rows >= 0 && cols >= 0);
    Image image;
    image.rows = rows;
    image.cols = cols;
    image.pixels.assign(static_cast<std::size_t>(rows * cols), value);
    return image;
}

/// The part of an image in a window, any unit; what lies past the image's edges is blank.
///
/// @param window  pixels of the image.
/// @return        [window.rows, window.cols].
Image cut_out(const Image& whole, const ImageWindow& window);

/// Cuts an image down to a window inside it, in place.
///
/// @param window  pixels of the image.
void crop(Image& image, const ImageWindow& window);

/// Turns values into another unit, in place.
///
/// @param factor  of the new unit for one of the old.
void multiply(std::span<float> values, float factor);

/// An image without the margin that surrounds it.
///
/// @param wide  at least 2 margin_px rows and columns.
Image without_margin(const Image& wide, std::int64_t margin_px);

}  // namespace faintweb::image
