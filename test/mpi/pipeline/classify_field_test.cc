// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// What a field's pixels and a model give, against the slow and obvious computation of each tile.

#include "mpi/pipeline/classify_field.h"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "lib/learn/network.h"
#include "lib/tile/pixel_scaling.h"
#include "lib/tile/scaling.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::pipeline {
namespace {

using test::world;

constexpr int tile_px = 16;
constexpr double pixel_arcsec = 3;

/// A field of 3 x 4 tiles, the last of which are moved, with a blank corner.
FieldPixels make_field(std::int64_t margin_px) {
    FieldPixels field;
    field.margin_px = margin_px;
    field.wide = image::make_image(45 + 2 * margin_px, 60 + 2 * margin_px);
    for (std::int64_t row = 0; row < field.wide.rows; ++row) {
        for (std::int64_t col = 0; col < field.wide.cols; ++col) {
            // A pixel has the same value whatever the margin is.
            const double x = static_cast<double>(col - margin_px);
            const double y = static_cast<double>(row - margin_px);
            const bool is_blank = x >= 0 && x < 14 && y >= 0 && y < 12;
            field.wide.at(row, col) =
                is_blank ? std::numeric_limits<float>::quiet_NaN()
                         : static_cast<float>(1e-7 * std::sin(1.7 * x * x + 0.9 * y + 0.3 * x * y));
        }
    }
    return field;
}

LoadedModel load(const std::string& network, tile::Scaling scaling) {
    learn::Model model = learn::random_model(network, tile_px, scaling, 3);
    model.calibration = {0.7, -0.2};
    infer::Classifier classifier(model, {}, 1);
    return {std::move(model), std::move(classifier)};
}

/// Logit of one tile, which is cut from the scaled field pixel by pixel.
float slow_logit(const FieldPixels& field,
                 const LoadedModel& loaded,
                 const image::FieldWindow& tile) {
    const learn::Model& model = loaded.model;
    const std::int64_t margin_px = learn::network_info(model.network, tile_px).margin_px;
    const image::Image wide = image::without_margin(field.wide, field.margin_px - margin_px);
    const image::Image scaled =
        tile::scale_field(wide, model.scaling, field.statistics(wide, margin_px));
    std::vector<float> pixels;
    for (std::int64_t row = 0; row < tile_px + 2 * margin_px; ++row) {
        for (std::int64_t col = 0; col < tile_px + 2 * margin_px; ++col) {
            const std::int64_t y = tile.y0 + row;
            const std::int64_t x = tile.x0 + col;
            const bool is_inside = y < scaled.rows && x < scaled.cols;
            pixels.push_back(is_inside ? scaled.at(y, x) : tile::blank_input);
        }
    }
    return loaded.classifier.logits(pixels).front();
}

void expect_slow_values(const FieldPixels& field, const LoadedModel& loaded) {
    const FieldClassification found = classify_field(field, loaded, pixel_arcsec, 2);
    ASSERT_EQ(found.grid.count(), 12);
    ASSERT_EQ(found.scores.size(), 12U);
    const image::Image core = field.core();
    for (std::size_t t = 0; t < found.scores.size(); ++t) {
        const image::FieldWindow tile = found.grid.inside(tile::TileId(t));
        const float logit = slow_logit(field, loaded, tile);
        EXPECT_EQ(found.answer.logits[t], logit) << "tile " << t;
        EXPECT_NEAR(found.scores[t], 1 / (1 + std::exp(-logit)), 1e-6);
        EXPECT_NEAR(found.probabilities[t],
                    1 / (1 + std::exp(-(0.7 * static_cast<double>(logit) - 0.2))), 1e-12);
        double sum = 0;
        int n_blank = 0;
        for (std::int64_t y = tile.y0; y < tile.y0 + tile.rows; ++y) {
            for (std::int64_t x = tile.x0; x < tile.x0 + tile.cols; ++x) {
                const bool is_blank = std::isnan(core.at(y, x));
                n_blank += is_blank ? 1 : 0;
                sum += is_blank ? 0 : static_cast<double>(core.at(y, x));
            }
        }
        EXPECT_EQ(found.fluxes[t].n_blank, n_blank);
        EXPECT_NEAR(found.fluxes[t].sum_jy, sum * pixel_arcsec * pixel_arcsec, 1e-12);
        EXPECT_EQ(found.is_blank[t], 2 * n_blank > tile_px * tile_px ? 1 : 0);
    }
    EXPECT_EQ(found.is_blank[0], 1);
}

TEST(ClassifyField, GivesWhatEachTileGivesAlone) {
    for (const std::string& network : learn::network_names()) {
        const std::int64_t margin_px = learn::network_info(network, tile_px).margin_px;
        for (const tile::Scaling scaling : {tile::Scaling::fixed, tile::Scaling::asinh_sigma}) {
            SCOPED_TRACE(network + ", " + tile::scaling_name(scaling));
            const LoadedModel loaded = load(network, scaling);
            expect_slow_values(make_field(margin_px), loaded);
            // A field that was read for a network that wants more around it.
            expect_slow_values(make_field(margin_px + 5), loaded);
        }
    }
}

TEST(ClassifyField, IsTheSameOnEveryRankAndForAnyNumberOfThreads) {
    const LoadedModel loaded = load("faintweb_lite", tile::Scaling::asinh_sigma);
    const std::int64_t margin_px = learn::network_info("faintweb_lite", tile_px).margin_px;
    const FieldClassification found =
        classify_field(make_field(margin_px), loaded, pixel_arcsec, world().rank() + 1);
    for (const std::vector<float>& theirs : world().all_gather(found.answer.logits)) {
        EXPECT_EQ(theirs, found.answer.logits);
    }
}

}  // namespace
}  // namespace faintweb::pipeline
