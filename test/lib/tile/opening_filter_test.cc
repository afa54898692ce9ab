// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/opening_filter.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/base/units.h"
#include "lib/image/smoothing.h"
#include "lib/tile/statistics.h"

namespace faintweb::tile {
namespace {

constexpr double beam_px = 4;
constexpr std::int64_t edge_px = 400;

/// Noise of the beam, of unit rms.
image::Image make_noise(std::uint64_t seed) {
    image::Image noise = image::make_image(edge_px, edge_px);
    base::fill_normal(seed, base::Purpose::test, 0, 0, noise.pixels.size(), noise.pixels.data());
    noise = image::smooth(noise, beam_px);
    image::multiply(noise.pixels, 1 / robust_statistics(noise.pixels).rms);
    return noise;
}

void add_gaussian(image::Image& image, double x0, double y0, double fwhm_px, double peak) {
    for (std::int64_t y = 0; y < image.rows; ++y) {
        for (std::int64_t x = 0; x < image.cols; ++x) {
            const double r2 =
                std::pow(static_cast<double>(x) - x0, 2) + std::pow(static_cast<double>(y) - y0, 2);
            const double sigma_px = fwhm_px / base::fwhm_per_sigma;
            image.at(y, x) += static_cast<float>(peak * std::exp(-r2 / (2 * sigma_px * sigma_px)));
        }
    }
}

FilteredField filter_all(const image::Image& image) {
    const image::MapWindow all{0, 0, image.cols, image.rows};
    const NoiseMesh mesh = make_noise_mesh(beam_px);
    const RobustStatistics robust = robust_statistics(image.pixels);
    const LocalRms rms = measure_local_rms(image, all, all, mesh, {robust.median, robust.rms});
    return filter_field(image, all, rms, make_opening_filter(beam_px));
}

/// A value in robust rms of all values.
float snr_at(const image::Image& image, std::int64_t row, std::int64_t col) {
    const RobustStatistics robust = robust_statistics(image.pixels);
    return (image.at(row, col) - robust.median) / robust.rms;
}

TEST(opening_filter, takes_compact_sources_out_and_keeps_faint_emission_of_several_beams) {
    image::Image image = make_noise(3);
    add_gaussian(image, 100, 120, beam_px, 200);     // a bright source of one beam
    add_gaussian(image, 300, 280, 10 * beam_px, 3);  // below the noise's cut everywhere
    const FilteredField filtered = filter_all(image);
    EXPECT_LT(snr_at(filtered.diffuse, 120, 100), 3);
    EXPECT_GT(snr_at(filtered.diffuse, 280, 300), 6);
    EXPECT_EQ(filtered.is_compact[120 * edge_px + 100], 1);
    EXPECT_EQ(filtered.is_compact[280 * edge_px + 300], 0);
    EXPECT_LT(std::ranges::count(filtered.is_compact, 1), 4 * beam_px * beam_px * beam_px);
}

TEST(opening_filter, an_opening_of_noise_lies_where_it_was_measured_to) {
    const FilteredField filtered = filter_all(make_noise(4));
    const RobustStatistics opened = robust_statistics(filtered.opened.pixels);
    EXPECT_NEAR(opened.median, -0.75, 0.06);  // -0.70 to -0.80 sigma, rms 0.45 to 0.58
    EXPECT_NEAR(opened.rms, 0.53, 0.08);
}

TEST(opening_filter, does_not_see_the_unit) {
    image::Image image = make_noise(5);
    image::Image brighter = image;
    image::multiply(brighter.pixels, 1e-6F);
    const FilteredField filtered = filter_all(image);
    const FilteredField other = filter_all(brighter);
    EXPECT_EQ(filtered.is_compact, other.is_compact);
    for (std::size_t i = 0; i < filtered.diffuse.pixels.size(); ++i) {
        ASSERT_NEAR(filtered.diffuse.pixels[i], other.diffuse.pixels[i], 1e-4);
    }
}

TEST(opening_filter, a_part_with_its_reach_has_the_values_of_the_whole) {
    image::Image image = make_noise(6);
    add_gaussian(image, 200, 200, beam_px, 50);
    std::ranges::fill(image.row(180).subspan(150, 60), std::numeric_limits<float>::quiet_NaN());
    const image::MapWindow all{0, 0, edge_px, edge_px};
    const NoiseMesh mesh = make_noise_mesh(beam_px);
    const LocalRms rms = measure_local_rms(image, all, all, mesh, {0, 1});
    const OpeningFilter filter = make_opening_filter(beam_px);
    const image::MapWindow part{150, 160, 90, 80};
    const image::MapWindow wide = image::widened(part, filter.reach_px());
    const FilteredField whole = filter_field(image, all, rms, filter);
    const FilteredField of_part =
        filter_field(image::cut_out(image, image::in_image(wide)), wide, rms, filter);
    const image::Image wanted = image::cut_out(whole.diffuse, image::in_image(part));
    const image::Image got = image::without_margin(of_part.diffuse, filter.reach_px());
    for (std::size_t i = 0; i < wanted.pixels.size(); ++i) {
        ASSERT_TRUE(wanted.pixels[i] == got.pixels[i] ||
                    (std::isnan(wanted.pixels[i]) && std::isnan(got.pixels[i])))
            << i << ": " << got.pixels[i] << " instead of " << wanted.pixels[i];
    }
}

}  // namespace
}  // namespace faintweb::tile
