// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/opening.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::image {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// The slow reference: the definition, box by box. A box with its centre at c begins box_px / 2
/// pixels before it.
Image slow_opening(const Image& image, std::int64_t box_px) {
    const auto in_box = [box_px](std::int64_t place, std::int64_t centre) {
        return place >= centre - box_px / 2 && place < centre - box_px / 2 + box_px;
    };
    Image lowest = image;
    Image opened = image;
    for (std::int64_t cy = 0; cy < image.rows; ++cy) {
        for (std::int64_t cx = 0; cx < image.cols; ++cx) {
            if (std::isnan(image.at(cy, cx))) {
                continue;
            }
            lowest.at(cy, cx) = infinity;
            for (std::int64_t y = 0; y < image.rows; ++y) {
                for (std::int64_t x = 0; x < image.cols; ++x) {
                    if (in_box(y, cy) && in_box(x, cx) && image.at(y, x) < lowest.at(cy, cx)) {
                        lowest.at(cy, cx) = image.at(y, x);
                    }
                }
            }
        }
    }
    for (std::int64_t y = 0; y < image.rows; ++y) {
        for (std::int64_t x = 0; x < image.cols; ++x) {
            if (std::isnan(image.at(y, x))) {
                continue;
            }
            opened.at(y, x) = -infinity;
            for (std::int64_t cy = 0; cy < image.rows; ++cy) {
                for (std::int64_t cx = 0; cx < image.cols; ++cx) {
                    if (in_box(y, cy) && in_box(x, cx) && lowest.at(cy, cx) > opened.at(y, x)) {
                        opened.at(y, x) = lowest.at(cy, cx);
                    }
                }
            }
        }
    }
    return opened;
}

TEST(opening, is_that_of_the_definition_with_and_without_blanks) {
    base::RandomStream random(5, base::Purpose::test);
    for (const unsigned blanks_of_10 : {0U, 2U, 9U}) {
        for (const std::int64_t box_px : {1, 2, 3, 4, 7, 12, 40}) {
            Image image = make_image(23, 37);
            for (float& pixel : image.pixels) {
                pixel = random.below(10) < blanks_of_10 ? std::numeric_limits<float>::quiet_NaN()
                                                        : static_cast<float>(random.normal());
            }
            const Image fast = opening(image, box_px);
            const Image slow = slow_opening(image, box_px);
            for (std::size_t i = 0; i < slow.pixels.size(); ++i) {
                ASSERT_TRUE(fast.pixels[i] == slow.pixels[i] ||
                            (std::isnan(fast.pixels[i]) && std::isnan(slow.pixels[i])))
                    << "pixel " << i << ", box " << box_px << ": " << fast.pixels[i]
                    << " instead of " << slow.pixels[i];
            }
        }
    }
}

TEST(opening, keeps_what_is_as_wide_as_the_box_where_it_stands) {
    for (const std::int64_t box_px : {4, 5}) {
        Image image = make_image(20, 20);
        for (std::int64_t y = 6; y < 6 + box_px; ++y) {
            std::ranges::fill(image.row(y).subspan(9, static_cast<std::size_t>(box_px)), 2.0F);
        }
        EXPECT_EQ(opening(image, box_px).pixels, image.pixels);
        EXPECT_EQ(opening(image, box_px + 1).pixels, make_image(20, 20).pixels);
    }
}

TEST(opening, of_a_part_with_a_margin_is_that_of_the_whole) {
    base::RandomStream random(6, base::Purpose::test);
    Image image = make_image(70, 60);
    for (float& pixel : image.pixels) {
        pixel = static_cast<float>(random.normal());
    }
    constexpr std::int64_t box_px = 6;
    const ImageWindow part{20, 30, 17, 19};
    Image from_part = opening(cut_out(image, widened(part, box_px - 1)), box_px);
    EXPECT_EQ(without_margin(from_part, box_px - 1).pixels,
              cut_out(opening(image, box_px), part).pixels);
}

TEST(opening, of_nothing_is_nothing) {
    EXPECT_TRUE(opening(make_image(0, 0), 3).pixels.empty());
    const Image blank = make_image(5, 5, std::numeric_limits<float>::quiet_NaN());
    EXPECT_TRUE(
        std::ranges::all_of(opening(blank, 3).pixels, [](float v) { return std::isnan(v); }));
}

}  // namespace
}  // namespace faintweb::image
