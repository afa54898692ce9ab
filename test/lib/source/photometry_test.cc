// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/source/photometry.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::source {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

std::vector<TileFlux> photometry_of(const image::Image& field,
                                    const tile::TileGrid& grid,
                                    double pixel_arcsec) {
    return tile_photometry(tile::sum_tiles(field, grid), grid.tile_px, pixel_arcsec);
}

/// The slow reference: every pixel of every tile is asked whether it exists and has a value.
std::vector<TileFlux> slow_photometry(const image::Image& field,
                                      std::int64_t tile_px,
                                      double pixel_arcsec) {
    std::vector<TileFlux> fluxes;
    // The last tile of a row or column ends at the field's edge.
    const auto moved = [tile_px](std::int64_t first, std::int64_t length) {
        return std::max<std::int64_t>(0, std::min(first, length - tile_px));
    };
    for (std::int64_t row = 0; row < field.rows; row += tile_px) {
        for (std::int64_t col = 0; col < field.cols; col += tile_px) {
            const std::int64_t tile_y = moved(row, field.rows);
            const std::int64_t tile_x = moved(col, field.cols);
            std::vector<float> values;
            for (std::int64_t y = tile_y; y < tile_y + tile_px; ++y) {
                for (std::int64_t x = tile_x; x < tile_x + tile_px; ++x) {
                    if (y < field.rows && x < field.cols && std::isfinite(field.at(y, x))) {
                        values.push_back(field.at(y, x));
                    }
                }
            }
            TileFlux flux;
            flux.n_blank = static_cast<int>(tile_px * tile_px) - static_cast<int>(values.size());
            if (!values.empty()) {
                double sum = 0;
                double squares = 0;
                float peak = values[0];
                for (const float value : values) {
                    sum += static_cast<double>(value);
                    squares += static_cast<double>(value) * static_cast<double>(value);
                    peak = value > peak ? value : peak;
                }
                flux.sum_jy = sum * pixel_arcsec * pixel_arcsec;
                flux.peak_jy_arcsec2 = peak;
                flux.mean_jy_arcsec2 = static_cast<float>(sum / static_cast<double>(values.size()));
                flux.rms_jy_arcsec2 =
                    static_cast<float>(std::sqrt(squares / static_cast<double>(values.size())));
            }
            fluxes.push_back(flux);
        }
    }
    return fluxes;
}

TEST(photometry, agrees_with_the_slow_reference_for_awkward_sizes) {
    base::RandomStream random(11, base::Purpose::test);
    for (const auto& [rows, cols, tile_px] :
         {std::array{80, 120, 40}, {81, 119, 40}, {7, 90, 40}, {1, 1, 40}, {50, 33, 8}}) {
        image::Image field = image::make_image(rows, cols);
        for (float& pixel : field.pixels) {
            pixel = random.below(5) == 0 ? nan : 1e-7F * static_cast<float>(random.normal());
        }
        const tile::TileGrid grid{.field_rows = rows, .field_cols = cols, .tile_px = tile_px};
        const auto fast = photometry_of(field, grid, 9.6);
        const auto slow = slow_photometry(field, tile_px, 9.6);
        ASSERT_EQ(fast.size(), slow.size());
        for (std::size_t t = 0; t < fast.size(); ++t) {
            // The same additions in the same order: bitwise equal.
            EXPECT_EQ(fast[t].sum_jy, slow[t].sum_jy);
            EXPECT_EQ(fast[t].peak_jy_arcsec2, slow[t].peak_jy_arcsec2);
            EXPECT_EQ(fast[t].mean_jy_arcsec2, slow[t].mean_jy_arcsec2);
            EXPECT_EQ(fast[t].rms_jy_arcsec2, slow[t].rms_jy_arcsec2);
            EXPECT_EQ(fast[t].n_blank, slow[t].n_blank);
        }
    }
}

TEST(photometry, of_a_flat_tile_is_its_area_times_its_brightness) {
    const tile::TileGrid grid{.field_rows = 40, .field_cols = 40, .tile_px = 40};
    const auto flux = photometry_of(image::make_image(40, 40, 0.25F), grid, 3.0).at(0);
    EXPECT_DOUBLE_EQ(flux.sum_jy, 0.25 * 1600 * 9);
    EXPECT_EQ(flux.peak_jy_arcsec2, 0.25F);
    EXPECT_EQ(flux.mean_jy_arcsec2, 0.25F);
    EXPECT_EQ(flux.rms_jy_arcsec2, 0.25F);
    EXPECT_EQ(flux.n_blank, 0);
}

TEST(photometry, is_finite_whatever_the_pixels_hold) {
    const tile::TileGrid grid{.field_rows = 4, .field_cols = 4, .tile_px = 4};
    const float largest = std::numeric_limits<float>::max();
    const float infinity = std::numeric_limits<float>::infinity();
    for (const float value : {nan, infinity, -infinity, largest, -largest, 1e-45F, 0.0F}) {
        image::Image field = image::make_image(4, 4, value);
        field.at(1, 1) = infinity;
        const auto flux = photometry_of(field, grid, 1.0).at(0);
        EXPECT_TRUE(std::isfinite(flux.sum_jy)) << value;
        EXPECT_TRUE(std::isfinite(flux.peak_jy_arcsec2)) << value;
        EXPECT_TRUE(std::isfinite(flux.mean_jy_arcsec2)) << value;
        EXPECT_TRUE(std::isfinite(flux.rms_jy_arcsec2)) << value;
        EXPECT_EQ(flux.n_blank, std::isfinite(value) ? 1 : 16) << value;
    }
    EXPECT_EQ(photometry_of(image::make_image(4, 4, nan), grid, 1.0).at(0).sum_jy, 0.0);
}

}  // namespace
}  // namespace faintweb::source
