// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/accounting.h"

#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "test/lib/catalogue/example_field.h"

namespace faintweb::catalogue {
namespace {

/// Two maps: one of three fields of 20 x 20, 10 x 20 and 30 x 10 px, and one that could not be
/// opened.
struct Example {
    std::vector<MapRecord> maps;
    std::vector<FieldRecord> fields;
    std::vector<TileRecord> tiles;
    std::int64_t n_scores = 0;

    Example() {
        image::MapInfo info;
        info.cols = 30;
        info.rows = 30;
        info.pixel_arcsec = 360;  // a hundred of them are a square degree
        maps = {make_map_record(MapId(0), info, 3),
                make_failed_map(MapId(1), "gone.fits", "no such file")};
        const std::vector<image::MapWindow> windows{{.x0 = 0, .y0 = 0, .cols = 20, .rows = 20},
                                                    {.x0 = 20, .y0 = 0, .cols = 10, .rows = 20},
                                                    {.x0 = 0, .y0 = 20, .cols = 30, .rows = 10}};
        for (const image::MapWindow& window : windows) {
            const tile::TileGrid grid{
                .field_rows = window.rows, .field_cols = window.cols, .tile_px = 10};
            const auto n = static_cast<std::size_t>(grid.count());
            const std::vector<float> scores(n, 0.75F);
            const std::vector<source::TileFlux> fluxes(n);
            const std::vector<std::uint8_t> no(n, 0);
            FieldResult result =
                make_field_result({.map = MapId(0),
                                   .field = FieldId(fields.size()),
                                   .window = window,
                                   .grid = grid,
                                   .scores = scores,
                                   .fluxes = fluxes,
                                   .is_blank = no,
                                   .labels = no,
                                   .pixels = {.n_searched = window.rows * window.cols - 30,
                                              .n_blank = 20,
                                              .n_unsearched = 10}});
            result.field.score_offset = n_scores;
            n_scores += grid.count();
            fields.push_back(result.field);
            tiles.insert(tiles.end(), result.tiles.begin(), result.tiles.end());
        }
    }

    void check() const {
        check_rows(fields, tiles);
        check_totals(maps, fields, static_cast<std::int64_t>(tiles.size()), n_scores);
    }
};

TEST(Accounting, SumsOverFields) {
    const Example example;
    const Accounting total = account(example.maps, example.fields);
    EXPECT_EQ(total.n_maps, 2);
    EXPECT_EQ(total.n_failed_maps, 1);
    EXPECT_EQ(total.n_fields, 3);
    EXPECT_EQ(total.n_tiles, 9);
    EXPECT_EQ(total.n_detected, 9);
    EXPECT_EQ(total.n_0f, 9);
    EXPECT_EQ(total.n_fields_with_truth, 3);
    EXPECT_TRUE(total.has_failures());
    EXPECT_EQ(
        accounting_text(total),
        "3 fields, 9 tiles: 9 detected, 0 empty, 0 blank, 0 failed; 8.1 deg2 searched, 0.6 deg2 "
        "blank, 0.3 deg2 with values but in blank tiles; failed maps: 1 of 2");
}

TEST(Accounting, AWholeCataloguePasses) {
    EXPECT_NO_THROW(Example().check());
}

TEST(Accounting, AnEmptyCataloguePasses) {
    EXPECT_NO_THROW(check_totals({}, {}, 0, 0));
}

TEST(Accounting, EveryLossIsSeen) {
    using Damage = std::function<void(Example&)>;
    const std::vector<std::pair<const char*, Damage>> damages{
        {"a field", [](Example& e) { e.fields.pop_back(); }},
        {"a field of the plan", [](Example& e) { e.maps[0].n_fields = 2; }},
        {"a tile row", [](Example& e) { e.tiles.pop_back(); }},
        {"a tile row too many", [](Example& e) { e.tiles.push_back(e.tiles.back()); }},
        {"a tile row twice", [](Example& e) { e.tiles[1] = e.tiles[0]; }},
        {"rows out of order", [](Example& e) { std::swap(e.tiles[0], e.tiles[1]); }},
        {"rows of another map", [](Example& e) { e.tiles[0].map = 1; }},
        {"a count", [](Example& e) { --e.fields[0].n_detected; }},
        {"an outcome", [](Example& e) { --e.fields[0].n_0f; }},
        {"a failed tile in a good field",
         [](Example& e) {
             --e.fields[0].n_detected;
             ++e.fields[0].n_failed;
         }},
        {"a score", [](Example& e) { --e.n_scores; }},
        {"a pixel", [](Example& e) { --e.fields[0].n_blank_px; }},
        {"an offset", [](Example& e) { ++e.fields[1].score_offset; }},
        {"fields out of order", [](Example& e) { std::swap(e.fields[0], e.fields[1]); }},
        {"a part of the map", [](Example& e) { e.maps[0].rows = 40; }},
        {"an overlap", [](Example& e) { e.fields[1].x0 = 19; }},
        {"a gap", [](Example& e) { e.fields[2].y0 = 21; }},
        {"tiles of a field", [](Example& e) { --e.fields[0].n_tile_rows; }},
        {"a number",
         [](Example& e) { e.tiles[4].flux_jy = std::numeric_limits<double>::quiet_NaN(); }},
    };
    for (const auto& [what, damage] : damages) {
        Example example;
        damage(example);
        try {
            example.check();
            ADD_FAILURE() << what << " was lost and not seen";
        } catch (const base::Error& error) {
            EXPECT_EQ(error.code(), base::ExitCode::internal) << what;
        }
    }
}

TEST(Accounting, AFieldMustMatchItsRowsAndScores) {
    const FieldResult good = make_field_result(ExampleField().classified());
    EXPECT_NO_THROW(check_field(good));
    FieldResult result = good;
    result.tiles.pop_back();
    EXPECT_THROW(check_field(result), base::Error);
    result = good;
    result.scores.pop_back();
    EXPECT_THROW(check_field(result), base::Error);
    result = good;
    result.tiles[0].score = 0.91F;
    EXPECT_THROW(check_field(result), base::Error);
    result = good;
    result.tiles[0].column = 7;
    EXPECT_THROW(check_field(result), base::Error);
}

}  // namespace
}  // namespace faintweb::catalogue
