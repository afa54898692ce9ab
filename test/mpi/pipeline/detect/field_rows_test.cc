// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// The rows of a field against its truth, with and without one and with a margin.

#include "mpi/pipeline/detect/field_rows.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include <gtest/gtest.h>

#include "lib/learn/network.h"
#include "lib/tile/scaling.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::pipeline {
namespace {

constexpr int tile_px = 16;
constexpr std::int64_t rows = 45;
constexpr std::int64_t cols = 60;

LoadedModel load(const std::string& network) {
    learn::Model model = learn::random_model(network, tile_px, tile::Scaling::asinh_sigma, 3);
    model.label_rule = {.min_pixels = 40, .flux_threshold_jy_arcsec2 = 0.5};
    infer::Classifier classifier(model, {}, 1);
    return {std::move(model), std::move(classifier)};
}

/// A field of 3 x 4 tiles whose first tile is blank.
FieldPixels make_field(std::int64_t margin_px) {
    FieldPixels field;
    field.margin_px = margin_px;
    field.wide = image::make_image(rows + 2 * margin_px, cols + 2 * margin_px);
    for (std::size_t i = 0; i < field.wide.pixels.size(); ++i) {
        field.wide.pixels[i] = static_cast<float>(i * 37 % 101);
    }
    for (std::int64_t row = 0; row < tile_px; ++row) {
        std::ranges::fill(
            field.wide.row(margin_px + row).subspan(static_cast<std::size_t>(margin_px), tile_px),
            std::numeric_limits<float>::quiet_NaN());
    }
    return field;
}

/// A sky that shines in the columns of the first two tiles of each row.
image::Image make_sky() {
    image::Image sky = image::make_image(rows, cols);
    for (std::int64_t row = 0; row < rows; ++row) {
        std::ranges::fill(sky.row(row).first(2 * tile_px), 1.0F);
    }
    return sky;
}

catalogue::FieldResult classify(const LoadedModel& loaded,
                                const FieldPixels& field,
                                double threshold) {
    FieldPlan plan;
    plan.maps.resize(1);
    plan.maps[0].info.cols = cols;
    plan.maps[0].info.rows = rows;
    plan.maps[0].info.pixel_arcsec = 3;
    plan.fields.push_back({.map = {}, .window = {0, 0, cols, rows}});
    plan.margin_px = field.margin_px;
    campaign::DetectSettings settings;
    settings.threshold = threshold;
    settings.accept_mismatch = {"pixel", "beam"};
    DetectProfile profile;
    return FieldRows(settings, loaded, plan, 1, profile).classify({}, field);
}

TEST(FieldRows, CountsOutcomesAgainstTheSky) {
    for (const std::string& network : learn::network_names()) {
        SCOPED_TRACE(network);
        const LoadedModel loaded = load(network);
        const std::int64_t margin_px = learn::network_info(network, tile_px).margin_px;
        for (const std::int64_t more_px : {0, 5}) {
            FieldPixels field = make_field(margin_px + more_px);
            field.sky = make_sky();
            // Every score is above 0 and none above 1. Of 6 signal tiles 1 is blank, of 12 tiles 6
            // are noise.
            const catalogue::FieldResult all = classify(loaded, field, 0);
            EXPECT_EQ(all.field.has_truth, 1);
            EXPECT_EQ(all.field.n_1c, 5);
            EXPECT_EQ(all.field.n_1f, 0);
            EXPECT_EQ(all.field.n_0f, 6);
            EXPECT_EQ(all.field.n_0c, 0);
            ASSERT_EQ(all.tiles.size(), 11U);
            for (const catalogue::TileRecord& tile : all.tiles) {
                EXPECT_EQ(tile.label, tile.column < 2 ? 1 : 0) << tile.row << ' ' << tile.column;
            }
            const catalogue::FieldResult none = classify(loaded, field, 1);
            EXPECT_EQ(none.field.n_1f, 5);
            EXPECT_EQ(none.field.n_0c, 6);
            EXPECT_EQ(none.tiles.size(), 5U);
        }
    }
}

TEST(FieldRows, HaveNoLabelsWithoutATruth) {
    const LoadedModel loaded = load("faintweb_lite");
    const std::int64_t margin_px = learn::network_info("faintweb_lite", tile_px).margin_px;
    const catalogue::FieldResult all = classify(loaded, make_field(margin_px), 0);
    EXPECT_EQ(all.field.has_truth, 0);
    ASSERT_EQ(all.tiles.size(), 11U);
    for (const catalogue::TileRecord& tile : all.tiles) {
        EXPECT_EQ(tile.label, catalogue::no_label);
        EXPECT_EQ(tile.outcome, static_cast<std::int32_t>(catalogue::Outcome::none));
    }
}

}  // namespace
}  // namespace faintweb::pipeline
