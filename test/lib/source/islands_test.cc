// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/source/islands.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::source {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

image::Image image_of(std::int64_t rows, std::int64_t cols, const std::vector<float>& pixels) {
    image::Image image = image::make_image(rows, cols);
    image.pixels = pixels;
    return image;
}

struct SlowIslands {
    std::vector<std::int32_t> labels;
    std::vector<Island> islands;
};

/// The slow reference: flood fill from each pixel that has no label yet.
SlowIslands flood_fill(const image::Image& image, float threshold) {
    SlowIslands slow{.labels = std::vector<std::int32_t>(image.pixels.size(), -1), .islands = {}};
    const auto index = [&](std::int64_t y, std::int64_t x) {
        return static_cast<std::size_t>(y * image.cols + x);
    };
    const auto is_free = [&](std::int64_t y, std::int64_t x) {
        return y >= 0 && y < image.rows && x >= 0 && x < image.cols &&
               slow.labels[index(y, x)] < 0 && std::isfinite(image.at(y, x)) &&
               image.at(y, x) > threshold;
    };
    for (std::int64_t y = 0; y < image.rows; ++y) {
        for (std::int64_t x = 0; x < image.cols; ++x) {
            if (!is_free(y, x)) {
                continue;
            }
            const auto label = static_cast<std::int32_t>(slow.islands.size());
            Island island{.n_pixels = 0,
                          .peak = image.at(y, x),
                          .sum = 0,
                          .first_row = y,
                          .last_row = y,
                          .first_col = x,
                          .last_col = x};
            std::vector<std::pair<std::int64_t, std::int64_t>> open{{y, x}};
            slow.labels[index(y, x)] = label;
            while (!open.empty()) {
                const auto [py, px] = open.back();
                open.pop_back();
                ++island.n_pixels;
                island.peak = std::max(island.peak, image.at(py, px));
                island.sum += static_cast<double>(image.at(py, px));
                island.first_row = std::min(island.first_row, py);
                island.last_row = std::max(island.last_row, py);
                island.first_col = std::min(island.first_col, px);
                island.last_col = std::max(island.last_col, px);
                for (std::int64_t dy = -1; dy <= 1; ++dy) {
                    for (std::int64_t dx = -1; dx <= 1; ++dx) {
                        if (is_free(py + dy, px + dx)) {
                            slow.labels[index(py + dy, px + dx)] = label;
                            open.emplace_back(py + dy, px + dx);
                        }
                    }
                }
            }
            slow.islands.push_back(island);
        }
    }
    return slow;
}

/// [rows, cols] row-major: the number of the island that each pixel belongs to, -1 for none.
std::vector<std::int32_t> island_labels(const Islands& islands) {
    std::vector<std::int32_t> labels(static_cast<std::size_t>(islands.rows * islands.cols), -1);
    for (const IslandRun& run : islands.runs) {
        const auto row_begin = labels.begin() + run.row * islands.cols;
        std::fill(row_begin + run.first_col, row_begin + run.end_col, run.island);
    }
    return labels;
}

void expect_same(const image::Image& image, float threshold) {
    const Islands fast = find_islands(image, threshold);
    const SlowIslands slow = flood_fill(image, threshold);
    ASSERT_EQ(island_labels(fast), slow.labels);
    ASSERT_EQ(fast.islands.size(), slow.islands.size());
    for (std::size_t i = 0; i < slow.islands.size(); ++i) {
        EXPECT_EQ(fast.islands[i].n_pixels, slow.islands[i].n_pixels);
        EXPECT_EQ(fast.islands[i].peak, slow.islands[i].peak);
        EXPECT_NEAR(fast.islands[i].sum, slow.islands[i].sum, 1e-9 * slow.islands[i].sum);
        EXPECT_EQ(fast.islands[i].first_row, slow.islands[i].first_row);
        EXPECT_EQ(fast.islands[i].last_row, slow.islands[i].last_row);
        EXPECT_EQ(fast.islands[i].first_col, slow.islands[i].first_col);
        EXPECT_EQ(fast.islands[i].last_col, slow.islands[i].last_col);
    }
}

TEST(islands, join_by_corners_and_around_a_spiral) {
    const image::Image image = image_of(5, 6, {1, 1, 1, 1, 1, 0,  //
                                               0, 0, 0, 0, 1, 0,  //
                                               1, 1, 1, 0, 1, 0,  //
                                               1, 0, 0, 0, 1, 0,  //
                                               0, 1, 1, 1, 0, 1});
    const Islands found = find_islands(image, 0.5F);
    ASSERT_EQ(found.islands.size(), 1U);
    EXPECT_EQ(found.islands[0].n_pixels, 16);
    EXPECT_EQ(found.islands[0].last_col, 5);
    expect_same(image, 0.5F);
}

TEST(islands, threshold_is_strict_and_blanks_never_belong) {
    const image::Image image = image_of(2, 5,
                                        {2, nan, 2, 1,
                                         infinity,  //
                                         2, nan, 1, 1, 3});
    const Islands found = find_islands(image, 1.0F);
    ASSERT_EQ(found.islands.size(), 3U);
    EXPECT_EQ(found.islands[0].n_pixels, 2);
    EXPECT_EQ(found.islands[1].n_pixels, 1);
    EXPECT_EQ(found.islands[2].peak, 3.0F);
    EXPECT_EQ(island_labels(found),
              (std::vector<std::int32_t>{0, -1, 1, -1, -1, 0, -1, -1, -1, 2}));
}

TEST(islands, small_ones_are_left_out_and_the_others_numbered_anew) {
    const image::Image image = image_of(1, 9, {1, 0, 2, 3, 0, 1, 0, 4, 4});
    const Islands found = find_islands(image, 0.0F, 2);
    ASSERT_EQ(found.islands.size(), 2U);
    EXPECT_DOUBLE_EQ(found.islands[0].sum, 5.0);
    EXPECT_EQ(found.islands[1].first_col, 7);
    EXPECT_EQ(island_labels(found), (std::vector<std::int32_t>{-1, -1, 0, 0, -1, -1, -1, 1, 1}));
}

TEST(islands, agree_with_flood_fill_on_random_images) {
    base::RandomStream random(7, base::Purpose::test);
    for (int trial = 0; trial < 300; ++trial) {
        image::Image image = image::make_image(static_cast<std::int64_t>(1 + random.below(24)),
                                               static_cast<std::int64_t>(1 + random.below(24)));
        for (float& pixel : image.pixels) {
            pixel = random.uniform();
            pixel = random.below(20) == 0 ? nan : pixel;
        }
        // From nearly all to nearly none: 8-connected clusters change their character near 0.6.
        expect_same(image, random.uniform());
        if (HasFailure()) {
            FAIL() << "trial " << trial;
        }
    }
}

TEST(islands, of_an_empty_image_are_none) {
    EXPECT_TRUE(find_islands(image::make_image(0, 0), 0.0F).islands.empty());
    EXPECT_TRUE(find_islands(image::make_image(3, 3, nan), 0.0F).islands.empty());
}

}  // namespace
}  // namespace faintweb::source
