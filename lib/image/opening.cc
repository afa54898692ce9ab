// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/opening.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "lib/base/contract.h"
#include "lib/base/vector_clones.h"

namespace faintweb::image {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Columns that are worked on at once, so that a strip of a field stays in the second cache.
constexpr std::int64_t strip_cols = 32;

inline bool is_blank(float value) {
    return !(std::fabs(value) <= std::numeric_limits<float>::max());
}

/// Replaces what is blank in another image.
FAINTWEB_VECTOR_CLONES void replace_blanks(std::span<const float> seen,
                                           float replacement,
                                           std::span<float> values) {
    for (std::size_t i = 0; i < seen.size(); ++i) {
        values[i] = is_blank(seen[i]) ? replacement : values[i];
    }
}

/// Replaces each value but the last `behind` by the smaller of it and the one so far behind it.
FAINTWEB_VECTOR_CLONES void take_smaller(float* values, std::int64_t n, std::int64_t behind) {
    // Each value is read before it is written, whatever the width of the vectors.
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n - behind; ++i) {
        values[i] = values[i + behind] < values[i] ? values[i + behind] : values[i];
    }
}

FAINTWEB_VECTOR_CLONES void take_larger(float* values, std::int64_t n, std::int64_t behind) {
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n - behind; ++i) {
        values[i] = values[i + behind] > values[i] ? values[i + behind] : values[i];
    }
}

/// Replaces each place of a line by the extreme of the box_px places that begin there.
///
/// @param take   take_smaller or take_larger.
/// @param line   [n_places, width]; the last box_px - 1 places are of no use afterwards.
template <typename Take>
void slide(Take take, std::span<float> line, std::int64_t width, std::int64_t box_px) {
    std::int64_t covered = 1;
    for (; 2 * covered <= box_px; covered *= 2) {
        take(line.data(), std::ssize(line), covered * width);
    }
    if (covered < box_px) {
        take(line.data(), std::ssize(line), (box_px - covered) * width);
    }
}

/// Slides along each row, over an image whose rows are continued by `beyond`.
///
/// @param before  pixels of the box before its centre.
template <typename Take>
void slide_along_rows(
    Take take, Image& image, std::int64_t before, std::int64_t box_px, float beyond) {
    std::vector<float> line(static_cast<std::size_t>(image.cols + box_px - 1));
    for (std::int64_t y = 0; y < image.rows; ++y) {
        std::ranges::fill(line, beyond);
        std::ranges::copy(image.row(y), line.begin() + before);
        slide(take, line, 1, box_px);
        std::copy_n(line.begin(), image.cols, image.row(y).begin());
    }
}

}  // namespace

Image opening(const Image& image, std::int64_t box_px) {
    FAINTWEB_EXPECTS(box_px >= 1);
    const std::int64_t before = box_px / 2;
    const std::int64_t behind = box_px - 1 - before;
    const bool has_blanks = std::ranges::any_of(image.pixels, is_blank);
    Image opened = image;
    replace_blanks(image.pixels, infinity, opened.pixels);
    slide_along_rows(take_smaller, opened, before, box_px, infinity);
    // A place of a strip is the part of a row that lies in it.
    const std::int64_t n_places = image.rows + box_px - 1;
    std::vector<float> line(static_cast<std::size_t>(n_places * strip_cols));
    for (std::int64_t x = 0; x < image.cols; x += strip_cols) {
        const auto width = static_cast<std::size_t>(std::min(strip_cols, image.cols - x));
        const auto part_of = [&](auto&& row) {
            return row.subspan(static_cast<std::size_t>(x), width);
        };
        const auto place = [&](std::int64_t i) { return line.begin() + i * strip_cols; };
        std::ranges::fill(line, infinity);
        for (std::int64_t y = 0; y < image.rows; ++y) {
            std::ranges::copy(part_of(opened.row(y)), place(before + y));
        }
        slide(take_smaller, line, strip_cols, box_px);
        // Now place y has the smallest values of row y; the largest are wanted of those.
        std::copy_backward(place(0), place(image.rows), place(behind + image.rows));
        std::fill(place(0), place(behind), -infinity);
        std::fill(place(behind + image.rows), line.end(), -infinity);
        for (std::int64_t y = 0; has_blanks && y < image.rows; ++y) {
            replace_blanks(part_of(image.row(y)), -infinity,
                           {place(behind + y), place(behind + y) + width});
        }
        slide(take_larger, line, strip_cols, box_px);
        for (std::int64_t y = 0; y < image.rows; ++y) {
            std::copy_n(place(y), width, part_of(opened.row(y)).begin());
        }
    }
    slide_along_rows(take_larger, opened, behind, box_px, -infinity);
    replace_blanks(image.pixels, std::numeric_limits<float>::quiet_NaN(), opened.pixels);
    return opened;
}

}  // namespace faintweb::image
