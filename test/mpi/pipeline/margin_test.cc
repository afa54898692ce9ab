// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// A tile's score does not depend on where the fields of its map are cut.

#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/infer/classifier.h"
#include "lib/tile/grid.h"
#include "mpi/pipeline/field_plan.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::pipeline {
namespace {

constexpr std::int64_t tile_px = 16;
constexpr std::int64_t map_rows = 7 * tile_px;
constexpr std::int64_t map_cols = 6 * tile_px;

using Place = std::pair<std::int64_t, std::int64_t>;  // of a tile's first pixel in its map

std::map<Place, float> scores_of(const image::Image& map,
                                 std::int64_t field_px,
                                 const learn::Model& model) {
    PlannedMap planned;
    planned.info.rows = map.rows;
    planned.info.cols = map.cols;
    planned.truth_path = "in memory";
    const std::int64_t margin_px = learn::network_info(model.network, model.tile_px).margin_px;
    const FieldPlan plan = cut_into_fields(
        {planned}, {.field_px = field_px, .tile_px = tile_px, .margin_px = margin_px});
    const infer::Classifier classifier(model, {}, 1);
    std::map<Place, float> scores;
    for (catalogue::FieldId field; field < plan.end(); ++field) {
        const FieldPixels pixels = unpack_field(plan, field, pack_field(plan, field, map, map));
        const tile::TileGrid grid = pixels.grid(tile_px);
        const std::vector<float> of_field =
            infer::scores_of_logits(classifier.classify(pixels.wide, grid, pixels.noise, 1).logits);
        for (tile::TileId t; t < grid.end(); ++t) {
            const image::MapWindow tile =
                image::on_map(grid.inside(t), plan.window_of(field).corner());
            scores[{tile.y0, tile.x0}] = of_field[t.place()];
        }
    }
    return scores;
}

image::Image noisy_map() {
    image::Image map = image::make_image(map_rows, map_cols);
    base::fill_normal(3, base::Purpose::test, 0, 0, map.pixels.size(), map.pixels.data());
    for (float& pixel : map.pixels) {
        pixel = std::exp(3 * pixel - 16);
    }
    for (std::int64_t row = 30; row < 35; ++row) {  // blanks in tiles and in margins
        for (std::int64_t col = 20; col < 60; ++col) {
            map.at(row, col) = std::numeric_limits<float>::quiet_NaN();
        }
    }
    return map;
}

TEST(Margin, ScoreDoesNotDependOnTheCut) {
    const image::Image map = noisy_map();
    for (const std::string& network : learn::network_names()) {
        const learn::Model model = learn::random_model(network, tile_px, tile::Scaling::fixed, 3);
        const std::map<Place, float> whole = scores_of(map, map_rows, model);
        ASSERT_EQ(whole.size(), 42U);
        for (const std::int64_t field_px : {2 * tile_px, tile_px}) {
            for (const auto& [place, score] : scores_of(map, field_px, model)) {
                EXPECT_EQ(score, whole.at(place)) << network << ", fields of " << field_px << " px";
            }
        }
    }
}

/// What lies just outside a tile counts for a network with a margin, and for no other.
TEST(Margin, IsSeenByNetworksThatWantIt) {
    const image::Image map = noisy_map();
    const Place place{64, 64};
    for (const std::string& network : learn::network_names()) {
        const learn::Model model = learn::random_model(network, tile_px, tile::Scaling::fixed, 3);
        const int margin_px = learn::network_info(network, tile_px).margin_px;
        const float before = scores_of(map, 2 * tile_px, model).at(place);
        image::Image inside = map;
        inside.at(70, 64 - 3) = 1e-3F;
        EXPECT_EQ(scores_of(inside, 2 * tile_px, model).at(place) != before, margin_px > 0)
            << network;
        image::Image outside = map;
        outside.at(70, 64 - 9) = 1e-3F;
        EXPECT_EQ(scores_of(outside, 2 * tile_px, model).at(place), before) << network;
    }
}

}  // namespace
}  // namespace faintweb::pipeline
