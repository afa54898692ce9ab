// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/score_map.h"

#include <cmath>

#include <gtest/gtest.h>

#include "lib/base/error.h"

namespace faintweb::catalogue {
namespace {

/// A map of 5 x 3 pixels, tiles of 1 pixel, fields of at most 2 x 2; scores count up, one is blank.
Catalogue example() {
    Catalogue catalogue;
    MapRecord map;
    map.cols = 5;
    map.rows = 3;
    catalogue.maps = {MapRecord{}, map};
    for (std::int64_t y0 = 0; y0 < 3; y0 += 2) {
        for (std::int64_t x0 = 0; x0 < 5; x0 += 2) {
            FieldRecord field;
            field.map = 1;
            field.x0 = x0;
            field.y0 = y0;
            field.tile_px = 1;
            field.n_tile_cols = x0 == 4 ? 1 : 2;
            field.n_tile_rows = y0 == 2 ? 1 : 2;
            field.score_offset = static_cast<std::int64_t>(catalogue.scores.size());
            for (std::int64_t t = 0; t < field.n_tiles(); ++t) {
                catalogue.scores.push_back(0.01F * static_cast<float>(catalogue.scores.size()));
            }
            catalogue.fields.push_back(field);
        }
    }
    catalogue.scores[3] = no_score;
    return catalogue;
}

TEST(ScoreMap, PutsEveryTileInItsPlace) {
    const image::Image scores = score_map(example(), MapId(1));
    ASSERT_EQ(scores.rows, 3);
    ASSERT_EQ(scores.cols, 5);
    const float expected[3][5] = {{0, 0.01F, 0.04F, 0.05F, 0.08F},
                                  {0.02F, -1, 0.06F, 0.07F, 0.09F},
                                  {0.10F, 0.11F, 0.12F, 0.13F, 0.14F}};
    for (std::int64_t row = 0; row < 3; ++row) {
        for (std::int64_t col = 0; col < 5; ++col) {
            if (expected[row][col] < 0) {
                EXPECT_TRUE(std::isnan(scores.at(row, col)));
            } else {
                EXPECT_FLOAT_EQ(scores.at(row, col), expected[row][col]) << row << ' ' << col;
            }
        }
    }
}

TEST(RmsMap, HasABlankWhereNoneWasMeasured) {
    Catalogue catalogue = example();
    for (const float score : catalogue.scores) {
        catalogue.local_rms.push_back(score == no_score ? static_cast<float>(no_rms)
                                                        : 1e-7F * (1 + score));
    }
    const image::Image image = rms_map(catalogue, MapId(1));
    EXPECT_FLOAT_EQ(image.at(0, 0), 1e-7F);
    EXPECT_FLOAT_EQ(image.at(2, 4), 1.14e-7F);
    EXPECT_TRUE(std::isnan(image.at(1, 1)));
}

TEST(ProbabilityMap, HoldsTheRowsOwnAndElseThatOfTheScore) {
    Catalogue catalogue = example();
    TileRecord tile;
    tile.map = 1;
    tile.field = 4;  // whose only row is the map's last
    tile.row = 0;
    tile.column = 1;
    tile.probability = 0.875F;
    catalogue.tiles = {tile};
    const image::Image image = probability_map(
        catalogue, MapId(1), [](float score) { return 1 - static_cast<double>(score); });
    EXPECT_FLOAT_EQ(image.at(2, 3), 0.875F);
    EXPECT_FLOAT_EQ(image.at(2, 2), 1 - 0.12F);
    EXPECT_FLOAT_EQ(image.at(0, 0), 1);
    EXPECT_TRUE(std::isnan(image.at(1, 1)));
}

TEST(ScoreMap, RefusesWhatFormsNoGrid) {
    Catalogue catalogue = example();
    EXPECT_THROW(score_map(catalogue, MapId(0)), base::UsageError);
    for (FieldRecord& field : catalogue.fields) {
        field.tile_px = 3;
    }
    EXPECT_THROW(score_map(catalogue, MapId(1)), base::UsageError);
}

}  // namespace
}  // namespace faintweb::catalogue
