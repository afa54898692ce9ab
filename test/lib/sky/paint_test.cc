#include "lib/sky/paint.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/sky/observe.h"
#include "lib/sky/shock_surface.h"

namespace faintweb::sky {
namespace {

SkySettings small_field() {
    SkySettings settings;
    settings.size_px = 400;
    return settings;
}

TEST(PaintSky, is_the_same_for_any_number_of_threads) {
    const MockSky one = paint_sky(small_field(), 1, 0, 1);
    const MockSky four = paint_sky(small_field(), 1, 0, 4);
    EXPECT_EQ(one.sky.pixels, four.sky.pixels);
    EXPECT_EQ(one.haloes.size(), four.haloes.size());
}

TEST(PaintSky, differs_between_realisations_and_seeds) {
    const auto sky = paint_sky(small_field(), 1, 0, 2).sky.pixels;
    EXPECT_EQ(sky, paint_sky(small_field(), 1, 0, 2).sky.pixels);
    EXPECT_NE(sky, paint_sky(small_field(), 1, 1, 2).sky.pixels);
    EXPECT_NE(sky, paint_sky(small_field(), 2, 0, 2).sky.pixels);
}

TEST(PaintSky, holds_the_flux_of_all_its_points) {
    SkySettings settings = small_field();
    // Distant haloes only, in a field so wide that nearly none is cut by its edge.
    settings.z_min = 0.3;
    settings.z_max = 0.31;
    settings.size_px = 2000;
    // So many points that their random depths leave no grain in the total.
    settings.points_per_beam = 1000;
    settings.floor_jy_arcsec2 = 1e-14;
    const MockSky mock = paint_sky(settings, 1, 0, 2);
    const double painted =
        std::accumulate(mock.sky.pixels.begin(), mock.sky.pixels.end(), 0.0) * 9.6 * 9.6;
    double expected = 0;
    int n_cut = 0;
    SurfacePoints points{};
    for (const Halo& halo : mock.haloes) {
        const HaloGas gas = make_halo_gas(settings, halo);
        const double reach = shock_reach_mpc(settings, gas.r200_mpc) * gas.arcsec_per_mpc / 9.6;
        const bool is_whole = halo.x_px > reach && halo.y_px > reach && halo.x_px < 1999 - reach &&
                              halo.y_px < 1999 - reach;
        n_cut += !is_whole;
        for (const ShockSurface& surface : make_surfaces(settings, halo, gas, 1, 0)) {
            constexpr std::uint32_t total = 400 * SurfacePoints::capacity;
            for (std::uint32_t first = 0; first < total; first += SurfacePoints::capacity) {
                sample_surface(settings, gas, surface, Texture::cubes(), first, 256, total, points);
                for (std::size_t i = 0; i < points.flux_jy.size(); ++i) {
                    const double x =
                        halo.x_px + static_cast<double>(points.x_mpc[i]) * gas.arcsec_per_mpc / 9.6;
                    const double y =
                        halo.y_px + static_cast<double>(points.y_mpc[i]) * gas.arcsec_per_mpc / 9.6;
                    if (x > -0.5 && y > -0.5 && x < 1999.5 && y < 1999.5) {
                        expected += static_cast<double>(points.flux_jy[i]);
                    }
                }
            }
        }
    }
    ASSERT_GT(mock.haloes.size(), 10U);
    EXPECT_LT(n_cut, static_cast<int>(mock.haloes.size()));
    EXPECT_NEAR(painted / expected, 1, 0.005);
}

TEST(PaintSky, is_linear_in_the_efficiency) {
    SkySettings settings = small_field();
    const auto sky = paint_sky(settings, 1, 0, 2).sky;
    settings.xi_e *= 2;
    const auto brighter = paint_sky(settings, 1, 0, 2).sky;
    for (std::size_t i = 0; i < sky.pixels.size(); ++i) {
        // Faint surfaces get more points when they are brighter; what can be labelled does not.
        if (sky.pixels[i] > 1e-8F) {
            ASSERT_NEAR(brighter.pixels[i] / sky.pixels[i], 2, 0.02);
        }
    }
}

int n_signal_tiles(const image::Image& sky, float threshold, int min_pixels) {
    int n_tiles = 0;
    for (std::int64_t row = 0; row + 40 <= sky.rows; row += 40) {
        for (std::int64_t col = 0; col + 40 <= sky.cols; col += 40) {
            int n = 0;
            for (std::int64_t i = 0; i < 1600; ++i) {
                n += sky.at(row + i / 40, col + i % 40) > threshold;
            }
            n_tiles += n > min_pixels;
        }
    }
    return n_tiles;
}

TEST(PaintSky, sampling_and_skipping_do_not_move_labels) {
    SkySettings settings;
    settings.size_px = 1000;
    const auto sky = paint_sky(settings, 2, 1, 2).sky;
    settings.points_per_beam *= 8;
    settings.floor_jy_arcsec2 = 1e-13;  // every surface, all of its points
    const auto finest = paint_sky(settings, 2, 1, 2).sky;
    for (const float threshold : {1e-7F, 0.5e-7F, 0.1e-7F}) {
        for (const int min_pixels : {40, 9}) {
            const int n = n_signal_tiles(finest, threshold, min_pixels);
            EXPECT_GT(n, 3);
            // A tile whose count is right at min_pixels may go either way.
            EXPECT_NEAR(n_signal_tiles(sky, threshold, min_pixels), n, 1 + 0.02 * n);
        }
    }
}

TEST(PaintSky, has_signal_but_is_mostly_empty) {
    SkySettings settings;
    settings.size_px = 1000;
    const auto sky = paint_sky(settings, 2, 1, 2).sky;
    const auto n_bright =
        std::count_if(sky.pixels.begin(), sky.pixels.end(), [](float f) { return f > 1e-7F; });
    EXPECT_GT(n_bright, 200);
    EXPECT_LT(n_bright, 100000);
    EXPECT_TRUE(std::all_of(
        sky.pixels.begin(), sky.pixels.end(), [](float f) { return f >= 0 && std::isfinite(f); }));
}

TEST(PaintSky, a_sky_of_an_edge_shows_what_lies_beyond_it) {
    // A halo outside the image must light pixels inside: over some skies, border pixels are as
    // bright as inner ones.
    double border = 0;
    double inner = 0;
    for (std::uint64_t i = 0; i < 12; ++i) {
        const auto sky = paint_sky(small_field(), 5, i, 2).sky;
        for (std::int64_t row = 0; row < 400; ++row) {
            for (std::int64_t col = 0; col < 400; ++col) {
                const bool is_border = row < 40 || col < 40 || row >= 360 || col >= 360;
                (is_border ? border : inner) += sky.at(row, col) > 1e-10F;
            }
        }
    }
    const double border_share = border / (400 * 400 - 320 * 320);
    const double inner_share = inner / (320 * 320);
    EXPECT_NEAR(border_share / inner_share, 1, 0.35);
}

TEST(PaintSky, works_for_other_instruments) {
    // NVSS: 7.5" pixels, 45" beam, 0.45 mJy/beam; and the 15" cut-outs.
    for (const double pixel_arcsec : {7.5, 15.0}) {
        SkySettings settings;
        settings.size_px = 500;
        settings.pixel_arcsec = pixel_arcsec;
        const ObservationSettings nvss{45, 0.45e-3};
        const auto mock = paint_sky(settings, 1, 0, 2);
        const auto seen = observe(mock.sky, pixel_arcsec, nvss, 1, 0, 2);
        double squares = 0;
        for (const float f : seen.pixels) {
            squares += static_cast<double>(f) * static_cast<double>(f);
        }
        const double rms = std::sqrt(squares / static_cast<double>(seen.pixels.size()));
        EXPECT_GE(rms, 0.98 * noise_rms_jy_arcsec2(nvss));
        EXPECT_NEAR(noise_rms_jy_arcsec2(nvss), 0.45e-3 / 2294.5, 1e-10);
    }
}

TEST(PaintSky, refuses_settings_out_of_range) {
    SkySettings settings = small_field();
    settings.size_px = 0;
    EXPECT_THROW(paint_sky(settings, 1, 0, 1), base::UsageError);
}

}  // namespace
}  // namespace faintweb::sky
