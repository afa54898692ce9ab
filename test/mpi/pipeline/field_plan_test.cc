// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/field_plan.h"

#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/image/fits_write.h"
#include "test/lib/tile/noise_field.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::pipeline {
namespace {

using test::world;

constexpr CutSettings small_fields{.field_px = 4, .tile_px = 1};

/// A folder that all ranks of one test run share.
std::string folder() {
    const std::string path = testing::TempDir() + "field_plan_" + std::to_string(world().size());
    if (world().is_root()) {
        std::filesystem::create_directories(path);
    }
    world().barrier();
    return path;
}

void write_map(const std::string& path,
               std::int64_t rows,
               std::int64_t cols,
               float first,
               const std::string& unit) {
    if (world().is_root()) {
        image::Image image = image::make_image(rows, cols);
        for (std::size_t i = 0; i < image.pixels.size(); ++i) {
            image.pixels[i] = first + static_cast<float>(i);
        }
        image::FitsHeader header;
        header.bunit = unit;
        header.beam = image::Beam{10, 10, 0};
        header.pixel_arcsec = 9.6;
        image::write_fits(path, image, header);
    }
    world().barrier();
}

constexpr catalogue::FieldId fourth_field(3);

TEST(FieldPlan, IsTheSameOnEveryRankAndBringsPixelsInJyPerArcsec2) {
    const std::string map = folder() + "/map.fits";
    const std::string truth = folder() + "/truth.fits";
    write_map(map, 5, 7, 0, image::unit_name(image::PixelUnit::jy_beam));
    write_map(truth, 5, 7, 100, image::unit_name(image::PixelUnit::jy_arcsec2));
    const FieldPlan plan =
        plan_fields(world(), {{map, truth}, {folder() + "/missing.fits", ""}}, {}, small_fields);
    ASSERT_EQ(plan.maps.size(), 2U);
    ASSERT_EQ(plan.fields.size(), 4U);
    EXPECT_EQ(plan.window_of(fourth_field), (image::MapWindow{4, 4, 3, 1}));
    EXPECT_EQ(plan.maps[0].info.path, map);
    EXPECT_EQ(plan.maps[0].info.cols, 7);
    EXPECT_NEAR(plan.maps[0].info.pixel_arcsec, 9.6, 1e-6);
    EXPECT_NE(plan.maps[1].failure.find("missing.fits"), std::string::npos);

    FieldReader reader(plan, {});
    const FieldPixels field = unpack_field(plan, fourth_field, reader.read(fourth_field));
    const double beam_arcsec2 = image::beam_area_arcsec2({10, 10, 0});
    ASSERT_TRUE(field.sky.has_value());
    for (std::int64_t col = 0; col < 3; ++col) {
        EXPECT_NEAR(field.wide.at(0, col), static_cast<double>(4 * 7 + 4 + col) / beam_arcsec2,
                    1e-6);
        EXPECT_NEAR(field.sky->at(0, col), 100.0 + static_cast<double>(4 * 7 + 4 + col), 1e-4);
    }
    EXPECT_EQ(field.hash.size(), 32U);
}

TEST(FieldPlan, EveryRankKnowsAllOfAMap) {
    const std::string path = folder() + "/map6.fits";
    write_map(path, 5, 7, 0, "W.U.");
    image::MapOptions options;
    options.any_unit = true;
    options.pixel_arcsec = 5;
    options.force_pixel = true;
    const FieldPlan plan = plan_fields(world(), {{path, ""}}, options, small_fields);
    const image::MapInfo seen = image::FitsMap::open(path, options).info();
    const image::MapInfo& planned = plan.maps[0].info;
    EXPECT_EQ(planned.other_unit, "W.U.");
    EXPECT_EQ(planned.pixel_shape, image::square_pixel(5));
    EXPECT_EQ(planned.pixel_shape, seen.pixel_shape);
    ASSERT_EQ(planned.notes.size(), 1U);
    EXPECT_EQ(planned.notes, seen.notes);
    EXPECT_FALSE(planned.has_wcs);
}

TEST(FieldPlan, TruthOfAnotherSizeIsRefused) {
    const std::string map = folder() + "/map2.fits";
    const std::string truth = folder() + "/truth2.fits";
    write_map(map, 5, 7, 0, "Jy/beam");
    write_map(truth, 7, 5, 0, "Jy/beam");
    const FieldPlan plan = plan_fields(world(), {{map, truth}}, {}, small_fields);
    EXPECT_TRUE(plan.fields.empty());
    EXPECT_NE(plan.maps[0].failure.find("has 5 x 7 pixels but its map has 7 x 5"),
              std::string::npos)
        << plan.maps[0].failure;
}

TEST(FieldPlan, MapThatIsNotAcceptedHasNoFields) {
    const std::string map = folder() + "/map3.fits";
    write_map(map, 5, 7, 0, "Jy/beam");
    const FieldPlan plan =
        plan_fields(world(), {{map, ""}}, {}, small_fields,
                    [](const image::MapInfo&) { return std::string("too old"); });
    EXPECT_TRUE(plan.fields.empty());
    EXPECT_EQ(plan.maps[0].failure, "too old");
}

TEST(FieldPlan, MapsInMemoryGiveTheFieldsThatTheirFilesGive) {
    const std::string map = folder() + "/map5.fits";
    const std::string truth = folder() + "/truth5.fits";
    const std::string unit = image::unit_name(image::PixelUnit::jy_arcsec2);
    write_map(map, 5, 7, 0.1F, unit);
    write_map(truth, 5, 7, 100.3F, unit);
    const FieldPlan of_files = plan_fields(world(), {{map, truth}, {map, truth}}, {}, small_fields);
    PlannedMap in_memory;
    in_memory.info.rows = 5;
    in_memory.info.cols = 7;
    in_memory.truth_path = truth;
    PlannedMap unusable = in_memory;
    unusable.failure = "damaged";
    const FieldPlan plan = cut_into_fields({in_memory, in_memory, unusable}, small_fields);
    ASSERT_EQ(plan.maps.size(), 3U);
    ASSERT_EQ(plan.fields.size(), of_files.fields.size());

    FieldReader reader(of_files, {});
    image::Image noise = image::FitsMap::open(map).read({0, 0, 7, 5});
    const image::Image sky = image::FitsMap::open(truth).read({0, 0, 7, 5});
    for (catalogue::FieldId field; field < catalogue::FieldId(8); ++field) {
        EXPECT_EQ(plan.fields[field.place()].map.value(), field.value() / 4);
        EXPECT_EQ(plan.window_of(field), of_files.window_of(field));
        const FieldPixels read = unpack_field(of_files, field, reader.read(field));
        const FieldPixels made = unpack_field(plan, field, pack_field(plan, field, noise, sky));
        EXPECT_EQ(made.wide.rows, read.wide.rows);
        EXPECT_EQ(made.wide.cols, read.wide.cols);
        EXPECT_EQ(made.wide.pixels, read.wide.pixels);
        EXPECT_EQ(made.sky.value().pixels, read.sky.value().pixels);
        EXPECT_EQ(made.hash, read.hash);
    }
    noise.at(4, 6) += 1;  // in the last field of a map
    EXPECT_NE(unpack_field(plan, fourth_field, pack_field(plan, fourth_field, noise, sky)).hash,
              unpack_field(of_files, fourth_field, reader.read(fourth_field)).hash);
}

/// A field brings its margin from its map, past whose edges it is blank; its own pixels and its sky
/// stay what they are without one.
TEST(FieldPlan, MarginComesFromTheMap) {
    constexpr std::int64_t margin_px = 2;
    const std::string map = folder() + "/map6.fits";
    const std::string truth = folder() + "/truth6.fits";
    const std::string unit = image::unit_name(image::PixelUnit::jy_arcsec2);
    write_map(map, 5, 7, 1, unit);
    write_map(truth, 5, 7, 100, unit);
    const FieldPlan plan = plan_fields(world(), {{map, truth}}, {},
                                       {.field_px = 4, .tile_px = 1, .margin_px = margin_px});
    const FieldPlan narrow = plan_fields(world(), {{map, truth}}, {}, small_fields);
    const image::Image noise = image::FitsMap::open(map).read({0, 0, 7, 5});
    const image::Image sky = image::FitsMap::open(truth).read({0, 0, 7, 5});
    FieldReader reader(plan, {});
    FieldReader narrow_reader(narrow, {});
    ASSERT_EQ(plan.fields.size(), 4U);
    for (catalogue::FieldId field; field < catalogue::FieldId(4); ++field) {
        const image::MapWindow& window = plan.window_of(field);
        EXPECT_EQ(window, narrow.window_of(field));
        const FieldPixels read = unpack_field(plan, field, reader.read(field));
        const FieldPixels without = unpack_field(narrow, field, narrow_reader.read(field));
        EXPECT_EQ(read.core().pixels, without.wide.pixels);
        EXPECT_EQ(without.core().pixels, without.wide.pixels);
        EXPECT_EQ(read.grid(2), without.grid(2));
        EXPECT_EQ(read.sky.value().pixels, without.sky.value().pixels);
        ASSERT_EQ(read.wide.rows, window.rows + 2 * margin_px);
        ASSERT_EQ(read.wide.cols, window.cols + 2 * margin_px);
        const FieldPixels made = unpack_field(plan, field, pack_field(plan, field, noise, sky));
        EXPECT_EQ(made.core().pixels, read.core().pixels);
        EXPECT_EQ(made.sky.value().pixels, read.sky.value().pixels);
        int n_blank = 0;
        for (std::int64_t row = 0; row < read.wide.rows; ++row) {
            for (std::int64_t col = 0; col < read.wide.cols; ++col) {
                const std::int64_t y = window.y0 + row - margin_px;
                const std::int64_t x = window.x0 + col - margin_px;
                for (const image::Image* wide : {&read.wide, &made.wide}) {
                    if (y >= 0 && y < 5 && x >= 0 && x < 7) {
                        EXPECT_EQ(wide->at(row, col), noise.at(y, x));
                    } else {
                        EXPECT_TRUE(std::isnan(wide->at(row, col)));
                        ++n_blank;
                    }
                }
            }
        }
        EXPECT_GT(n_blank, 0);
    }
}

/// Noise of a beam of three pixels, a corner filled with zeros, a patch of blanks.
image::Image mosaic() {
    image::Image map = tile::noise_field(310, 270, 8);
    for (std::int64_t y = 0; y < map.rows; ++y) {
        for (std::int64_t x = 0; x < map.cols; ++x) {
            float& pixel = map.at(y, x);
            pixel = x + y < 170 ? 0.0F : pixel * static_cast<float>(1 + y / 100);
            pixel = x > 200 && y > 250 && y < 280 ? std::nanf("") : pixel;
        }
    }
    return map;
}

TEST(FieldPlan, WhatLiesOutsideAndTheNoiseDoNotDependOnTheCut) {
    const std::string map = folder() + "/map8.fits";
    const image::Image pixels = mosaic();
    if (world().is_root()) {
        image::write_fits(
            map, pixels,
            {.bunit = "Jy/arcsec2", .beam = image::Beam{30, 30, 0}, .pixel_arcsec = 10});
    }
    world().barrier();
    CutSettings settings{.field_px = 1000, .tile_px = 10, .margin_px = 3, .noise = Noise::measured};
    const FieldPlan whole_plan = plan_fields(world(), {{map, ""}}, {}, settings);
    ASSERT_EQ(whole_plan.fields.size(), 1U);
    FieldReader whole_reader(whole_plan, {});
    const FieldPixels whole = unpack_field(whole_plan, {}, whole_reader.read({}));
    EXPECT_TRUE(std::isnan(whole.wide.at(10, 10)));
    EXPECT_FALSE(std::isnan(whole.wide.at(200, 200)));
    EXPECT_GT(whole.noise.rms.at({150, 290}), 2 * whole.noise.rms.at({200, 60}));
    for (const std::int64_t field_px : {50, 110}) {
        settings.field_px = field_px;
        const FieldPlan plan = plan_fields(world(), {{map, ""}}, {}, settings);
        EXPECT_EQ(plan.maps[0].noise, whole_plan.maps[0].noise);
        FieldReader reader(plan, {});
        for (catalogue::FieldId field; field < plan.end(); ++field) {
            const FieldPixels part = unpack_field(plan, field, reader.read(field));
            const image::MapWindow& window = plan.window_of(field);
            for (std::int64_t y = 0; y < part.wide.rows; ++y) {
                for (std::int64_t x = 0; x < part.wide.cols; ++x) {
                    const float here = part.wide.at(y, x);
                    const float there = whole.wide.at(window.y0 + y, window.x0 + x);
                    ASSERT_TRUE(here == there || (std::isnan(here) && std::isnan(there)))
                        << window.x0 + x << " " << window.y0 + y;
                    const image::MapPixel pixel =
                        image::on_map(image::WidePixel{x, y}, part.noise.corner);
                    ASSERT_EQ(part.noise.rms.at(pixel), whole.noise.rms.at(pixel));
                }
            }
        }
    }
}

TEST(FieldPlan, MapWithoutNoiseIsNotUsedWhereItIsMeasured) {
    const std::string map = folder() + "/map9.fits";
    if (world().is_root()) {
        image::write_fits(map, image::make_image(50, 50, 1e-7F),
                          {.bunit = "Jy/arcsec2", .pixel_arcsec = 10});
    }
    world().barrier();
    EXPECT_EQ(plan_fields(world(), {{map, ""}}, {}, {}).fields.size(), 1U);
    const FieldPlan plan = plan_fields(world(), {{map, ""}}, {}, {.noise = Noise::measured});
    EXPECT_TRUE(plan.fields.empty());
    EXPECT_NE(plan.maps[0].failure.find("noise cannot be measured"), std::string::npos)
        << plan.maps[0].failure;
}

TEST(FieldReader, MapThatChangedSinceThePlanIsRefused) {
    const std::string map = folder() + "/map4.fits";
    write_map(map, 5, 7, 0, "Jy/beam");
    const FieldPlan plan = plan_fields(world(), {{map, ""}}, {}, small_fields);
    write_map(map, 6, 7, 0, "Jy/beam");
    FieldReader reader(plan, {});
    EXPECT_THROW(reader.read({}), base::InputError);
    world().barrier();
}

}  // namespace
}  // namespace faintweb::pipeline
