// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/source/threshold_finder.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/base/random.h"

namespace faintweb::source {
namespace {

constexpr double pixel_arcsec = 9.6;
constexpr double beam_arcsec = 10;

/// White noise of unit rms with a few round glows of the given amplitude, and which tiles hold one.
struct TestField {
    image::Image noise;
    tile::TileGrid grid;
    std::vector<std::uint8_t> labels;
};

TestField make_field(std::int64_t size_px, int n_glows, double amplitude, std::uint64_t seed) {
    base::RandomStream random(seed, base::Purpose::test);
    TestField field{.noise = image::make_image(size_px, size_px),
                    .grid = {.field_rows = size_px, .field_cols = size_px, .tile_px = 40},
                    .labels = {}};
    field.labels.assign(static_cast<std::size_t>(field.grid.count()), 0);
    for (float& pixel : field.noise.pixels) {
        pixel = static_cast<float>(random.normal());
    }
    for (int glow = 0; glow < n_glows; ++glow) {
        const tile::TileId t(random.below(static_cast<std::uint64_t>(field.grid.count())));
        field.labels[t.place()] = 1;
        const image::FieldWindow tile = field.grid.inside(t);
        for (std::int64_t y = tile.y0; y < tile.y0 + tile.rows; ++y) {
            for (std::int64_t x = tile.x0; x < tile.x0 + tile.cols; ++x) {
                const double dy = static_cast<double>(y - tile.y0) - 19.5;
                const double dx = static_cast<double>(x - tile.x0) - 19.5;
                field.noise.at(y, x) +=
                    static_cast<float>(amplitude * std::exp(-(dx * dx + dy * dy) / 50));
            }
        }
    }
    return field;
}

TEST(threshold_finder, trying_many_at_once_equals_trying_each_alone) {
    TestField field = make_field(200, 4, 1.5, 1);
    // A blank corner: one tile wholly, its neighbour partly.
    for (std::int64_t y = 0; y < 40; ++y) {
        for (std::int64_t x = 0; x < 55; ++x) {
            field.noise.at(y, x) = std::numeric_limits<float>::quiet_NaN();
        }
    }
    const auto finders = threshold_finder_grid(beam_arcsec);
    // A second label rule, for which nothing is signal.
    const std::vector labels{field.labels, std::vector<std::uint8_t>(field.labels.size())};
    const auto counts = try_finders(field.noise, labels, field.grid, pixel_arcsec, finders);
    ASSERT_EQ(counts.size(), 2);
    ASSERT_EQ(counts[0].size(), finders.size());
    ASSERT_EQ(counts[1].size(), finders.size());
    for (std::size_t f = 0; f < finders.size(); f += 37) {
        const auto found = find_tiles(field.noise, field.grid, pixel_arcsec, finders[f]);
        score::Confusion expected;
        score::Confusion without_signal;
        EXPECT_EQ(found[0], 0) << "a blank tile was called signal";
        for (std::size_t t = 1; t < found.size(); ++t) {
            expected.add(field.labels[t] != 0, found[t] != 0);
            without_signal.add(false, found[t] != 0);
        }
        EXPECT_EQ(counts[0][f], expected) << "finder " << f;
        EXPECT_EQ(counts[1][f], without_signal) << "finder " << f;
    }
}

TEST(threshold_finder, island_and_tile_sizes_are_at_least) {
    image::Image noise = image::make_image(80, 80);
    // Six pixels across two tiles, four in the first; the rest of the image has zero rms.
    for (std::int64_t x = 36; x < 42; ++x) {
        noise.at(10, x) = 1;
    }
    const tile::TileGrid grid{.field_rows = 80, .field_cols = 80, .tile_px = 40};
    const auto found = [&](int min_island_pixels, int min_tile_pixels) {
        return find_tiles(noise, grid, 1.0,
                          {.smoothing_fwhm_arcsec = 0,
                           .k_sigma = 3,
                           .min_island_pixels = min_island_pixels,
                           .min_tile_pixels = min_tile_pixels});
    };
    using Tiles = std::vector<std::uint8_t>;
    EXPECT_EQ(found(6, 2), (Tiles{1, 1, 0, 0}));
    EXPECT_EQ(found(6, 3), (Tiles{1, 0, 0, 0}));
    EXPECT_EQ(found(6, 5), (Tiles{0, 0, 0, 0}));
    EXPECT_EQ(found(7, 1), (Tiles{0, 0, 0, 0}));
}

TEST(threshold_finder, tuned_on_one_field_finds_smoothed_glows_on_another) {
    const TestField training = make_field(800, 20, 1.2, 2);
    const TestField held_out = make_field(800, 20, 1.2, 3);
    const auto finders = threshold_finder_grid(beam_arcsec);
    const auto counts = try_finders(training.noise, std::span(&training.labels, 1), training.grid,
                                    pixel_arcsec, finders);
    const ThresholdFinder best = finders[best_finder(counts[0])];
    // A glow of 12 px FWHM at 1.2 sigma per pixel is nearly lost without smoothing.
    EXPECT_GT(best.smoothing_fwhm_arcsec, 0);
    const auto a_s = [&](const ThresholdFinder& finder) {
        return try_finders(held_out.noise, std::span(&held_out.labels, 1), held_out.grid,
                           pixel_arcsec, std::span(&finder, 1))[0][0]
            .a_s();
    };
    EXPECT_GT(a_s(best), 0.8);
    EXPECT_LT(a_s({.smoothing_fwhm_arcsec = 0, .k_sigma = 5}), 0.5);
}

TEST(threshold_finder, counts_a_pixel_in_every_tile_that_it_lies_in) {
    image::Image noise = image::make_image(50, 50);
    noise.at(20, 20) = 1;  // in all four tiles of 40 px, which begin at 0 and 10
    noise.at(45, 2) = 1;   // in one
    const tile::TileGrid grid{.field_rows = 50, .field_cols = 50, .tile_px = 40};
    const auto found = [&](int min_tile_pixels) {
        return find_tiles(noise, grid, 1.0,
                          {.smoothing_fwhm_arcsec = 0,
                           .k_sigma = 3,
                           .min_island_pixels = 1,
                           .min_tile_pixels = min_tile_pixels});
    };
    EXPECT_EQ(found(1), (std::vector<std::uint8_t>{1, 1, 1, 1}));
    EXPECT_EQ(found(2), (std::vector<std::uint8_t>{0, 0, 1, 0}));
}

TEST(threshold_finder, cannot_be_tuned_without_signal) {
    const auto finders = threshold_finder_grid(beam_arcsec);
    const std::vector<score::Confusion> counts(finders.size(), {.n_0c = 10});
    EXPECT_THROW(best_finder(counts), base::InputError);
}

TEST(threshold_finder, of_a_blank_field_finds_nothing) {
    const tile::TileGrid grid{.field_rows = 50, .field_cols = 50, .tile_px = 40};
    const image::Image blank = image::make_image(50, 50, std::numeric_limits<float>::quiet_NaN());
    const auto found = find_tiles(blank, grid, 1.0, {.smoothing_fwhm_arcsec = 5, .k_sigma = -1});
    EXPECT_EQ(found, std::vector<std::uint8_t>(4, 0));
}

}  // namespace
}  // namespace faintweb::source
