// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/lightcone/lightcone.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/base/units.h"

namespace faintweb::sky {
namespace {

constexpr std::int64_t map_px = 256;
constexpr double box_mpc = 50;
const std::array<Layer, 1> only_web{Layer::web};

/// A slab whose sky pixel of 9.6 arcsec is `ratio` map pixels wide.
Slab slab_with_pixel_ratio(double ratio) {
    Slab slab;
    slab.box_mpc = box_mpc;
    slab.middle_mpc = ratio * box_mpc / static_cast<double>(map_px) * base::arcsec_per_rad / 9.6;
    slab.near_mpc = slab.middle_mpc - box_mpc / 2;
    slab.far_mpc = slab.middle_mpc + box_mpc / 2;
    slab.z = redshift_at_distance(Cosmology{}, slab.middle_mpc);
    return slab;
}

SkySettings small_sky(std::int64_t size_px) {
    SkySettings settings;
    settings.size_px = size_px;
    settings.xi_e = 1;
    return settings;
}

/// A round blob of 30 arcsec or so in a periodic map, seen along `axis`.
image::Image blob_map(const std::array<double, 3>& position_mpc, int axis, double sigma_px) {
    image::Image map = image::make_image(map_px, map_px);
    const auto a = static_cast<std::size_t>(axis);
    const auto offset = [&](std::int64_t c, double place_mpc) {
        const auto n = static_cast<double>(map_px);
        return std::remainder(static_cast<double>(c) + 0.5 - place_mpc / box_mpc * n, n);
    };
    for (std::int64_t row = 0; row < map_px; ++row) {
        for (std::int64_t col = 0; col < map_px; ++col) {
            const double x = offset(col, position_mpc[(a + 1) % 3]);
            const double y = offset(row, position_mpc[(a + 2) % 3]);
            map.at(row, col) =
                static_cast<float>(std::exp(-(x * x + y * y) / (2 * sigma_px * sigma_px)));
        }
    }
    return map;
}

BoxSource source_of(const std::array<double, 3>& position_mpc, double sigma_px) {
    return {[=](const Slab&, int, int axis, Layer) {
                return encode(blob_map(position_mpc, axis, sigma_px), 1);
            },
            [=](const Slab&, int) {
                BoxHalo halo;
                halo.position_mpc = position_mpc;
                halo.mass_msun = 1e14;
                halo.r200_mpc = 1;
                halo.r100_mpc = 1.33;
                halo.id = 7;
                return std::vector<BoxHalo>{halo};
            }};
}

double sum_of(const image::Image& image) {
    return std::accumulate(image.pixels.begin(), image.pixels.end(), 0.0);
}

struct Place {
    double x_px, y_px;
};

Place centroid(const image::Image& image) {
    double x = 0;
    double y = 0;
    for (std::int64_t row = 0; row < image.rows; ++row) {
        for (std::int64_t col = 0; col < image.cols; ++col) {
            x += static_cast<double>(col) * image.at(row, col);
            y += static_cast<double>(row) * image.at(row, col);
        }
    }
    return {x / sum_of(image), y / sum_of(image)};
}

TEST(PlanSlabs, agrees_with_the_table_of_the_specification) {
    const auto slabs = plan_slabs(Cosmology{}, SkySettings{}, BoxSettings{});
    const std::vector<double> z{.046, .057, .069, .081, .098, .122, .146,
                                .171, .208, .259, .312, .366, .422, .480};
    ASSERT_EQ(slabs.size(), z.size());
    double near_mpc = comoving_distance_mpc(Cosmology{}, 0.04);
    for (std::size_t s = 0; s < slabs.size(); ++s) {
        EXPECT_NEAR(slabs[s].z, z[s], 6e-4) << s;
        EXPECT_NEAR(slabs[s].near_mpc, near_mpc, 1e-9);
        EXPECT_NEAR(slabs[s].far_mpc - slabs[s].near_mpc, slabs[s].box_mpc, 1e-9);
        EXPECT_EQ(slabs[s].box_class, s < 4 ? 0 : s < 8 ? 1 : 2);
        EXPECT_EQ(slabs[s].state, static_cast<int>(s < 8 ? s % 4 : s - 8));
        near_mpc = slabs[s].far_mpc;
    }
    EXPECT_GT(slabs.back().far_mpc, comoving_distance_mpc(Cosmology{}, 0.5));
}

TEST(PlanSlabs, stops_after_the_slab_that_reaches_z_max) {
    SkySettings settings;
    settings.z_max = 0.06;  // 261 Mpc: in the second slab of 50 Mpc from 175 Mpc
    EXPECT_EQ(plan_slabs(Cosmology{}, settings, BoxSettings{}).size(), 2U);
}

TEST(PlanSlabs, boxes_that_do_not_reach_z_max_are_an_error) {
    BoxSettings boxes;
    boxes.n_slabs = {4, 4, 5};
    try {
        plan_slabs(Cosmology{}, SkySettings{}, boxes);
        FAIL();
    } catch (const base::UsageError& error) {
        const std::string message = error.what();
        EXPECT_NE(message.find("z_max"), std::string::npos) << message;
        EXPECT_NE(message.find("0.45"), std::string::npos) << message;
        EXPECT_EQ(message.find('\n'), std::string::npos);
    }
}

TEST(DrawViews, training_and_test_skies_share_no_realisation) {
    BoxSettings boxes;
    boxes.n_realisations = 5;
    boxes.n_test_realisations = 2;
    const auto slabs = plan_slabs(Cosmology{}, SkySettings{}, boxes);
    std::set<int> train;
    std::set<int> test;
    for (std::uint64_t lightcone = 0; lightcone < 20; ++lightcone) {
        for (const auto& view : draw_views(boxes, slabs, 1, lightcone, SkySet::train)) {
            train.insert(view.realisation);
        }
        for (const auto& view : draw_views(boxes, slabs, 1, lightcone, SkySet::test)) {
            test.insert(view.realisation);
        }
    }
    EXPECT_EQ(train, (std::set<int>{0, 1, 2}));
    EXPECT_EQ(test, (std::set<int>{3, 4}));
}

TEST(DrawViews, a_set_without_realisations_is_an_error) {
    BoxSettings boxes;
    const auto slabs = plan_slabs(Cosmology{}, SkySettings{}, boxes);
    boxes.n_realisations = 1;
    EXPECT_THROW(draw_views(boxes, slabs, 1, 0, SkySet::train), base::UsageError);
    EXPECT_EQ(draw_views(boxes, slabs, 1, 0, SkySet::test).size(), slabs.size());
    boxes.n_test_realisations = 0;
    EXPECT_THROW(draw_views(boxes, slabs, 1, 0, SkySet::test), base::UsageError);
    EXPECT_EQ(draw_views(boxes, slabs, 1, 0, SkySet::train).size(), slabs.size());
}

TEST(DrawViews, follow_seed_lightcone_and_slab) {
    const BoxSettings boxes;
    const auto slabs = plan_slabs(Cosmology{}, SkySettings{}, boxes);
    const auto views = draw_views(boxes, slabs, 1, 0, SkySet::train);
    const auto again = draw_views(boxes, slabs, 1, 0, SkySet::train);
    const auto other_seed = draw_views(boxes, slabs, 2, 0, SkySet::train);
    const auto other_cone = draw_views(boxes, slabs, 1, 1, SkySet::train);
    for (std::size_t s = 0; s < slabs.size(); ++s) {
        EXPECT_EQ(views[s].shift_rows_mpc, again[s].shift_rows_mpc);
        EXPECT_NE(views[s].shift_rows_mpc, other_seed[s].shift_rows_mpc);
        EXPECT_NE(views[s].shift_rows_mpc, other_cone[s].shift_rows_mpc);
        EXPECT_LT(views[s].shift_columns_mpc, slabs[s].box_mpc);
        EXPECT_NE(views[s].shift_rows_mpc, views[(s + 1) % slabs.size()].shift_rows_mpc);
    }
}

TEST(DrawViews, every_orientation_is_drawn_alike) {
    const BoxSettings boxes;
    const auto slabs = plan_slabs(Cosmology{}, SkySettings{}, boxes);
    std::array<int, 24> counts{};
    for (std::uint64_t lightcone = 0; lightcone < 200; ++lightcone) {
        for (const auto& view : draw_views(boxes, slabs, 1, lightcone, SkySet::train)) {
            const int flips = (view.flip_columns ? 1 : 0) + (view.flip_rows ? 2 : 0);
            ++counts[static_cast<std::size_t>(view.axis * 8 + flips * 2 +
                                              (view.transpose ? 1 : 0))];
        }
    }
    for (const int count : counts) {
        EXPECT_NEAR(count, 2800 / 24.0, 5 * std::sqrt(2800 / 24.0));
    }
}

TEST(Slab, a_blob_lands_where_the_view_says) {
    const std::array<double, 3> position{12.3, 31.7, 45.1};
    const SkySettings settings = small_sky(128);
    const Slab slab = slab_with_pixel_ratio(1.3);  // the image is 166 map pixels: 32.5 Mpc
    const double px_mpc = 1.3 * box_mpc / static_cast<double>(map_px);
    for (int orientation = 0; orientation < 24; ++orientation) {
        SlabView view;
        view.axis = orientation / 8;
        view.flip_columns = (orientation & 1) != 0;
        view.flip_rows = (orientation & 2) != 0;
        view.transpose = (orientation & 4) != 0;
        // The blob stands 5 Mpc from the middle along the sky's columns and -7 Mpc along its rows.
        const auto axis = static_cast<std::size_t>(view.axis);
        double along_columns = position[(axis + 1) % 3];
        double along_rows = position[(axis + 2) % 3];
        if (view.transpose) {
            std::swap(along_columns, along_rows);
        }
        view.shift_columns_mpc = along_columns - (view.flip_columns ? -5 : 5);
        view.shift_rows_mpc = along_rows + (view.flip_rows ? -7 : 7);
        const image::Image image =
            assemble_slab(settings, slab, view, source_of(position, 2.5), only_web, 2);
        for (std::int64_t row = 0; row < image.rows; ++row) {
            for (std::int64_t col = 0; col < image.cols; ++col) {
                const double x = (static_cast<double>(col) - 63.5 - 5 / px_mpc) * 1.3 / 2.5;
                const double y = (static_cast<double>(row) - 63.5 + 7 / px_mpc) * 1.3 / 2.5;
                ASSERT_NEAR(image.at(row, col), std::exp(-(x * x + y * y) / 2), 1e-3)
                    << orientation << ' ' << row << ' ' << col;
            }
        }
        const Place place = centroid(image);
        EXPECT_NEAR(place.x_px, 63.5 + 5 / px_mpc, 0.01) << orientation;
        EXPECT_NEAR(place.y_px, 63.5 - 7 / px_mpc, 0.01) << orientation;

        const auto haloes =
            lightcone_haloes(Cosmology{}, settings, {slab}, {view}, source_of(position, 2.5));
        ASSERT_EQ(haloes.size(), 1U) << orientation;
        EXPECT_NEAR(haloes[0].x_px, place.x_px, 0.01);
        EXPECT_NEAR(haloes[0].y_px, place.y_px, 0.01);
    }
}

TEST(Slab, resampling_conserves_flux) {
    struct Sky {
        std::int64_t size_px;
        int n_periods;
        double pixel_arcsec;
    };
    // Skies of whole periods of the box, so that none of a blob is lost: pixels of 0.70, 1.12, 1.77
    // and 2.63 map pixels, and one that is averaged.
    for (const auto& [size_px, n_periods, pixel_arcsec] :
         {Sky{366, 1, 9.6}, Sky{229, 1, 9.6}, Sky{145, 1, 9.6}, Sky{195, 2, 9.6},
          Sky{101, 3, 40}}) {
        SkySettings settings = small_sky(size_px);
        settings.pixel_arcsec = pixel_arcsec;
        const double ratio = static_cast<double>(n_periods * map_px) / static_cast<double>(size_px);
        Slab slab = slab_with_pixel_ratio(ratio);
        slab.middle_mpc *= 9.6 / pixel_arcsec;
        SlabView view;
        view.shift_columns_mpc = 10.123;
        view.shift_rows_mpc = 44.567;
        const std::array<double, 3> position{0, 10.5, 3};
        // As narrow as maps get: 30 arcsec, or 1.6 map pixels rms.
        const double sigma_px = std::max(1.6, 30 / base::fwhm_per_sigma / pixel_arcsec * ratio);
        const image::Image image =
            assemble_slab(settings, slab, view, source_of(position, sigma_px), only_web, 1);
        const double expected = n_periods * n_periods * sum_of(blob_map(position, 0, sigma_px));
        EXPECT_NEAR(sum_of(image) * ratio * ratio / expected, 1, 1e-3) << ratio;
    }
}

TEST(Slab, large_pixels_hold_the_mean_of_small_ones) {
    SkySettings fine = small_sky(160);
    fine.pixel_arcsec = 10;
    SkySettings coarse = small_sky(40);
    coarse.pixel_arcsec = 40;
    Slab slab = slab_with_pixel_ratio(1);
    SlabView view;
    view.shift_columns_mpc = 20;
    view.shift_rows_mpc = 30;
    const BoxSource source = source_of({0, 21.3, 32.4}, 3);
    const image::Image small = assemble_slab(fine, slab, view, source, only_web, 1);
    const image::Image large = assemble_slab(coarse, slab, view, source, only_web, 1);
    for (std::int64_t row = 0; row < 40; ++row) {
        for (std::int64_t col = 0; col < 40; ++col) {
            double mean = 0;
            for (std::int64_t i = 0; i < 16; ++i) {
                mean += small.at(4 * row + i / 4, 4 * col + i % 4) / 16;
            }
            ASSERT_NEAR(large.at(row, col), mean, 5e-3) << row << ' ' << col;
        }
    }
}

TEST(Slab, repeats_the_box_across_its_edge) {
    const SkySettings settings = small_sky(196);
    const Slab slab = slab_with_pixel_ratio(2.0 * map_px / 196);  // two boxes of 98 pixels
    SlabView view;
    view.shift_columns_mpc = 1;
    view.shift_rows_mpc = 49;
    view.flip_rows = true;
    const image::Image image =
        assemble_slab(settings, slab, view, source_of({0, 0.02, 49.95}, 3), only_web, 1);
    EXPECT_GT(*std::max_element(image.pixels.begin(), image.pixels.end()), 0.8F);
    for (std::int64_t row = 0; row < 98; ++row) {
        for (std::int64_t col = 0; col < 98; ++col) {
            ASSERT_NEAR(image.at(row, col), image.at(row, col + 98), 1e-5);
            ASSERT_NEAR(image.at(row, col), image.at(row + 98, col), 1e-5);
        }
    }
}

TEST(LightconeHaloes, holds_every_copy_that_touches_the_image) {
    const Cosmology cosmology;
    const SkySettings settings = small_sky(300);
    const Slab slab = slab_with_pixel_ratio(2.0);
    SlabView view;
    view.realisation = 3;
    view.axis = 1;
    view.transpose = true;
    view.flip_columns = true;
    view.shift_columns_mpc = 40;
    view.shift_rows_mpc = 5;
    BoxSource source;
    source.haloes = [](const Slab&, int) {
        base::RandomStream random(1, base::Purpose::test);
        std::vector<BoxHalo> haloes(60);
        for (std::uint32_t i = 0; i < haloes.size(); ++i) {
            for (double& place : haloes[i].position_mpc) {
                place = box_mpc * random.uniform_double();
            }
            haloes[i].id = i;
            haloes[i].mass_msun = i < 10 ? 0.9e12 : 1e12 * i;  // ten are too light
            haloes[i].r200_mpc = 1;
            haloes[i].r100_mpc = 1.33;
        }
        return haloes;
    };
    const auto haloes = lightcone_haloes(cosmology, settings, {slab}, {view}, source);

    const double px_mpc = 2.0 * box_mpc / static_cast<double>(map_px);
    const double radius_px = 1.33 * (1 + slab.z) / px_mpc;
    std::size_t n_expected = 0;
    for (const BoxHalo& halo : source.haloes(slab, 3)) {
        for (int i = -4; i <= 4; ++i) {
            for (int j = -4; j <= 4; ++j) {
                // Axis 1: map columns along z, rows along x; transposed: the other way.
                const double x = 149.5 - (halo.position_mpc[0] - 40 + i * box_mpc) / px_mpc;
                const double y = 149.5 + (halo.position_mpc[2] - 5 + j * box_mpc) / px_mpc;
                const double dx = x - std::clamp(x, -0.5, 299.5);
                const double dy = y - std::clamp(y, -0.5, 299.5);
                n_expected += halo.mass_msun >= 1e12 && dx * dx + dy * dy <= radius_px * radius_px;
            }
        }
    }
    EXPECT_GT(n_expected, 200U);
    ASSERT_EQ(haloes.size(), n_expected);
    for (std::size_t i = 0; i < haloes.size(); ++i) {
        const Halo& halo = haloes[i];
        EXPECT_NEAR(halo.r100_arcsec, radius_px * 9.6, 1e-6);
        EXPECT_DOUBLE_EQ(halo.m200_msun, 0.72 * halo.mass_msun);
        EXPECT_EQ(halo.id >> 48, 3U);
        const BoxHalo box_halo = source.haloes(slab, 3)[halo.id & 0xffffffffU];
        EXPECT_EQ(halo.mass_msun, box_halo.mass_msun);
        EXPECT_NEAR(comoving_distance_mpc(cosmology, halo.z),
                    slab.near_mpc + box_halo.position_mpc[1], 1e-3);
        EXPECT_TRUE(i == 0 || haloes[i - 1].mass_msun >= halo.mass_msun);
    }
}

TEST(LightconeHaloes, stands_on_the_tangent_plane) {
    const SkySettings settings = small_sky(3001);  // 8 deg
    const Slab slab = slab_with_pixel_ratio(map_px / 4000.0);
    SlabView view;
    view.shift_columns_mpc = 10;
    view.shift_rows_mpc = 10;
    // In the middle: the reference position itself.
    const auto middle =
        lightcone_haloes(Cosmology{}, settings, {slab}, {view}, source_of({0, 10, 10}, 3));
    ASSERT_EQ(middle.size(), 1U);
    EXPECT_NEAR(middle[0].ra_deg, 180, 1e-9);
    EXPECT_NEAR(middle[0].dec_deg, -30, 1e-9);
    // 3 deg north on the plane: atan(3 deg) of arc; columns grow towards the west.
    const double three_deg_mpc = 3 * base::rad_per_deg * slab.middle_mpc;
    const auto north = lightcone_haloes(Cosmology{}, settings, {slab}, {view},
                                        source_of({0, 10, 10 + three_deg_mpc}, 3));
    ASSERT_EQ(north.size(), 1U);
    EXPECT_NEAR(north[0].ra_deg, 180, 1e-9);
    EXPECT_NEAR(north[0].dec_deg, -30 + std::atan(3 * base::rad_per_deg) * base::deg_per_rad, 1e-6);
    const auto west = lightcone_haloes(Cosmology{}, settings, {slab}, {view},
                                       source_of({0, 10 + three_deg_mpc, 10}, 3));
    ASSERT_EQ(west.size(), 1U);
    EXPECT_LT(west[0].ra_deg, 180);
}

/// Boxes of every layer with blobs of their own, over two slabs.
struct SmallCone {
    SkySettings settings = small_sky(150);
    std::vector<Slab> slabs{slab_with_pixel_ratio(1.2), slab_with_pixel_ratio(1.9)};
    std::vector<SlabView> views = draw_views(BoxSettings{}, slabs, 5, 0, SkySet::train);
    BoxSource source{[](const Slab&, int, int axis, Layer layer) {
                         if (layer == Layer::column_density) {
                             return encode(image::make_image(40, 40, 1), 1);
                         }
                         const double place = 10.0 * (1 + static_cast<int>(layer));
                         return encode(blob_map({place, 40 - place, place}, axis, 8), 1);
                     },
                     source_of({1, 2, 3}, 1).haloes};

    MockSky assemble(KeepLayers keep, int n_threads) const {
        return assemble_lightcone(Cosmology{}, settings, slabs, views, source, keep, n_threads);
    }
};

TEST(Lightcone, bits_do_not_depend_on_threads_nor_on_keeping_layers) {
    const SmallCone cone;
    const MockSky one = cone.assemble(KeepLayers::no, 1);
    EXPECT_GT(sum_of(one.sky), 1);
    EXPECT_FALSE(one.haloes.empty());
    EXPECT_TRUE(one.layers.empty());
    const MockSky layered = cone.assemble(KeepLayers::yes, 1);
    EXPECT_EQ(layered.sky.pixels, one.sky.pixels);
    for (const int n_threads : {2, 3}) {
        const MockSky other = cone.assemble(KeepLayers::yes, n_threads);
        EXPECT_EQ(other.sky.pixels, one.sky.pixels);
        for (const auto& [layer, image] : layered.layers) {
            EXPECT_EQ(other.layers.at(layer).pixels, image.pixels);
        }
    }
}

TEST(Lightcone, is_the_sum_of_its_layers_and_of_its_slabs) {
    const SmallCone cone;
    const MockSky mock = cone.assemble(KeepLayers::yes, 2);
    ASSERT_EQ(mock.layers.size(), 4U);
    const auto layers = emission_layers(cone.settings);
    const image::Image near =
        assemble_slab(cone.settings, cone.slabs[0], cone.views[0], cone.source, layers, 1);
    const image::Image far =
        assemble_slab(cone.settings, cone.slabs[1], cone.views[1], cone.source, layers, 1);
    for (std::size_t i = 0; i < mock.sky.pixels.size(); ++i) {
        double sum = 0;
        for (const Layer layer : layers) {
            sum += mock.layers.at(layer).pixels[i];
        }
        ASSERT_NEAR(mock.sky.pixels[i], sum, 1e-6);
        ASSERT_NEAR(mock.sky.pixels[i], near.pixels[i] + far.pixels[i], 1e-6);
        // Boxes of the mean density everywhere add up to a cone of it.
        ASSERT_NEAR(mock.layers.at(Layer::column_density).pixels[i], 1, 1e-3);
    }
}

TEST(Lightcone, is_linear_in_xi_e_and_leaves_out_layers_that_are_off) {
    SmallCone cone;
    const MockSky mock = cone.assemble(KeepLayers::yes, 1);
    cone.settings.xi_e = 0.25;
    const MockSky faint = cone.assemble(KeepLayers::yes, 1);
    for (std::size_t i = 0; i < mock.sky.pixels.size(); ++i) {
        ASSERT_EQ(faint.sky.pixels[i], 0.25F * mock.sky.pixels[i]);
    }
    EXPECT_EQ(faint.layers.at(Layer::column_density).pixels,
              mock.layers.at(Layer::column_density).pixels);
    cone.settings.xi_e = 1;
    cone.settings.halo_layer = false;
    cone.settings.sheath_layer = false;
    EXPECT_EQ(cone.assemble(KeepLayers::no, 1).sky.pixels, mock.layers.at(Layer::web).pixels);
}

TEST(Lightcone, cost_of_a_sky_grows_with_its_pixels_from_what_was_seen) {
    const SkyCost large = sky_cost(6000 * 6000, 6000, 0);
    EXPECT_NEAR(large.core_s, 16, 1);
    EXPECT_NEAR(large.memory_bytes, 0.6e9, 0.06e9);
    const SkyCost small = sky_cost(3000 * 3000, 3000, 0);
    EXPECT_DOUBLE_EQ(small.core_s, large.core_s / 4);
    EXPECT_DOUBLE_EQ(small.memory_bytes, large.memory_bytes / 4);
    // A ready map has no maps of boxes.
    EXPECT_DOUBLE_EQ(sky_cost(6000 * 6000, 0, 0).memory_bytes, 4 * 4 * 36e6);
    EXPECT_DOUBLE_EQ(sky_cost(6000 * 6000, 0, 4).memory_bytes, 8 * 4 * 36e6);
}

}  // namespace
}  // namespace faintweb::sky
