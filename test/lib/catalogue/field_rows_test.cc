// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/field_rows.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/catalogue/accounting.h"
#include "test/lib/catalogue/example_field.h"

namespace faintweb::catalogue {
namespace {

TEST(FieldRows, DetectedAndMissedTilesBecomeRows) {
    const ExampleField example;
    const FieldResult result = make_field_result(example.classified());
    ASSERT_EQ(result.tiles.size(), 3U);
    const TileRecord& found = result.tiles[0];
    EXPECT_EQ(found.outcome, static_cast<int>(Outcome::signal_found));
    EXPECT_EQ(found.detected, 1);
    EXPECT_EQ(found.label, 1);
    EXPECT_EQ(found.score, 0.9F);
    EXPECT_EQ(found.probability, 0.9F);
    const TileRecord& missed = result.tiles[1];
    EXPECT_EQ(missed.outcome, static_cast<int>(Outcome::signal_missed));
    EXPECT_EQ(missed.detected, 0);
    EXPECT_EQ(missed.label, 1);
    EXPECT_EQ(missed.row, 0);
    EXPECT_EQ(missed.column, 1);
    const TileRecord& wrong = result.tiles[2];
    EXPECT_EQ(wrong.outcome, static_cast<int>(Outcome::noise_called_signal));
    EXPECT_EQ(wrong.detected, 1);
    EXPECT_EQ(wrong.label, 0);
    EXPECT_EQ(wrong.row, 1);
    EXPECT_EQ(wrong.column, 0);
    EXPECT_EQ(wrong.flux_jy, 2e-3);
    EXPECT_EQ(wrong.peak_jy_arcsec2, 3e-6F);
    EXPECT_EQ(wrong.mean_jy_arcsec2, 2e-7F);
    EXPECT_EQ(wrong.rms_jy_arcsec2, 4e-7F);
    EXPECT_EQ(wrong.n_blank, 20);
    EXPECT_EQ(wrong.source_id, -1);
}

TEST(FieldRows, CountsEveryTileOnce) {
    const ExampleField example;
    const FieldResult result = make_field_result(example.classified());
    EXPECT_EQ(result.field.n_detected, 2);
    EXPECT_EQ(result.field.n_empty, 3);
    EXPECT_EQ(result.field.n_blank, 1);
    EXPECT_EQ(result.field.n_failed, 0);
    EXPECT_EQ(result.field.n_1c, 1);
    EXPECT_EQ(result.field.n_1f, 1);
    EXPECT_EQ(result.field.n_0f, 1);
    EXPECT_EQ(result.field.n_0c, 2);
    EXPECT_EQ(result.field.status, static_cast<int>(FieldStatus::ok));
    EXPECT_EQ(result.scores, (std::vector<float>{0.9F, 0.1F, 0.6F, 0.5F, 0.2F, no_score}));
    EXPECT_EQ(result.local_rms, (std::vector<float>{1e-7F, 2e-7F, 3e-7F, 4e-7F, 5e-7F, -1}));
    EXPECT_EQ(result.field.n_searched_px, 400);
    EXPECT_EQ(result.field.n_blank_px, 20);
    EXPECT_EQ(result.field.n_unsearched_px, 66);
    EXPECT_NO_THROW(check_field(result));
}

TEST(FieldRows, CentresAreMapPixelsFromZero) {
    const ExampleField example;
    const FieldResult result = make_field_result(example.classified());
    EXPECT_EQ(result.tiles[0].x, 104.5);
    EXPECT_EQ(result.tiles[0].y, 54.5);
    EXPECT_EQ(result.tiles[1].x, 112.5);  // the last of its row ends with the field, at 118
    EXPECT_EQ(result.tiles[2].y, 64.5);

    ClassifiedField first = example.classified();
    const std::vector<float> score{0.9F};
    const std::vector<std::uint8_t> not_blank{0};
    first.window = {.x0 = 0, .y0 = 0, .cols = 40, .rows = 40};
    first.grid = {.field_rows = 40, .field_cols = 40, .tile_px = 40};
    first.scores = score;
    first.fluxes = first.fluxes.first(1);
    first.is_blank = not_blank;
    first.labels = {};
    first.local_rms = {};
    EXPECT_EQ(make_field_result(first).tiles.at(0).x, 19.5);
}

TEST(FieldRows, FlagsSayWhatIsOddAboutATile) {
    const ExampleField example;
    ClassifiedField classified = example.classified();
    classified.flags = TileFlag::beam_mismatch;
    const FieldResult result = make_field_result(classified);
    EXPECT_EQ(result.field.flags, TileFlag::beam_mismatch);
    EXPECT_EQ(result.tiles[0].flags, TileFlag::beam_mismatch | TileFlag::no_position);
    EXPECT_EQ(result.tiles[1].flags,
              TileFlag::beam_mismatch | TileFlag::no_position | TileFlag::overlaps);
    EXPECT_EQ(result.tiles[2].flags,
              TileFlag::beam_mismatch | TileFlag::no_position | TileFlag::has_blanks);
    EXPECT_EQ(result.tiles[0].ra, no_position_deg);
    EXPECT_EQ(result.tiles[0].dec, no_position_deg);
}

TEST(FieldRows, OnlyAMapSmallerThanATileIsPadded) {
    const ExampleField example;
    ClassifiedField small = example.classified();
    small.window = {.x0 = 0, .y0 = 0, .cols = 18, .rows = 9};
    small.grid = {.field_rows = 9, .field_cols = 18, .tile_px = 10};
    small.scores = small.scores.first(2);
    small.fluxes = small.fluxes.first(2);
    small.is_blank = small.is_blank.first(2);
    small.local_rms = small.local_rms.first(2);
    small.labels = {};
    const FieldResult result = make_field_result(small);
    EXPECT_EQ(result.tiles.at(0).flags, TileFlag::no_position | TileFlag::beyond_edge);
}

TEST(FieldRows, PositionsComeFromTheMap) {
    const ExampleField example;
    const image::Wcs wcs(example_header_cards());
    ClassifiedField classified = example.classified();
    classified.wcs = &wcs;
    const FieldResult result = make_field_result(classified);
    for (const TileRecord& tile : result.tiles) {
        EXPECT_EQ(tile.flags & TileFlag::no_position, 0);
        const auto back = wcs.pixel({.ra_deg = tile.ra, .dec_deg = tile.dec});
        ASSERT_TRUE(back);
        EXPECT_NEAR(back->first, tile.x, 1e-6);
        EXPECT_NEAR(back->second, tile.y, 1e-6);
    }
}

TEST(FieldRows, WithoutTruthOnlyDetectionsAreRows) {
    const ExampleField example;
    ClassifiedField classified = example.classified();
    classified.labels = {};
    const FieldResult result = make_field_result(classified);
    ASSERT_EQ(result.tiles.size(), 2U);
    EXPECT_EQ(result.tiles[0].label, no_label);
    EXPECT_EQ(result.tiles[0].outcome, static_cast<int>(Outcome::none));
    EXPECT_EQ(result.field.has_truth, 0);
    EXPECT_EQ(result.field.n_1c + result.field.n_1f + result.field.n_0f + result.field.n_0c, 0);
    EXPECT_NO_THROW(check_field(result));
}

TEST(FieldRows, ThresholdIsStrictAndCalibrationDoesNotMoveIt) {
    const ExampleField example;
    ClassifiedField classified = example.classified();
    classified.threshold = 0.1;
    std::vector<double> probabilities;
    for (const float score : classified.scores) {
        probabilities.push_back(static_cast<double>(score) * static_cast<double>(score));
    }
    classified.probabilities = probabilities;
    const FieldResult result = make_field_result(classified);
    // 0.1F is a little more than 0.1; the tile of score 0.9 stays at it.
    EXPECT_EQ(result.field.n_detected, 5);
    EXPECT_FLOAT_EQ(result.tiles[0].probability, 0.81F);
    classified.threshold = static_cast<double>(0.9F);
    EXPECT_EQ(make_field_result(classified).field.n_detected, 0);
}

TEST(FieldRows, ABlankFieldSaysSo) {
    ExampleField example;
    example.is_blank.assign(6, 1);
    ClassifiedField classified = example.classified();
    classified.pixels = {.n_searched = 0, .n_blank = 480, .n_unsearched = 6};
    const FieldResult result = make_field_result(classified);
    EXPECT_EQ(result.field.status, static_cast<int>(FieldStatus::blank));
    EXPECT_FALSE(result.field.reason.view().empty());
    EXPECT_TRUE(result.tiles.empty());
    EXPECT_EQ(result.field.n_blank, 6);
    EXPECT_NO_THROW(check_field(result));
}

TEST(FieldRows, NothingThatIsNotFiniteGetsIn) {
    ExampleField example;
    example.fluxes[0].sum_jy = std::numeric_limits<double>::infinity();
    example.fluxes[0].rms_jy_arcsec2 = std::nanf("");
    const FieldResult result = make_field_result(example.classified());
    EXPECT_EQ(result.tiles[0].flux_jy, std::numeric_limits<double>::max());
    EXPECT_EQ(result.tiles[0].rms_jy_arcsec2, 0.0F);
    EXPECT_NE(result.tiles[0].flags & TileFlag::flux_out_of_range, 0);
    EXPECT_EQ(result.tiles[1].flags & TileFlag::flux_out_of_range, 0);

    for (const float bad : {std::nanf(""), -0.1F, 1.1F}) {
        example.scores[3] = bad;
        EXPECT_THROW(make_field_result(example.classified()), base::InputError) << bad;
    }
    // The score of a blank tile is not looked at.
    example.scores[3] = 0.5F;
    example.scores[5] = std::nanf("");
    EXPECT_NO_THROW(make_field_result(example.classified()));
}

TEST(FieldRows, AFailedFieldAccountsForItsTiles) {
    const FieldResult result = make_failed_field(
        MapId(1), FieldId(7), {.x0 = 0, .y0 = 0, .cols = 25, .rows = 10},
        {.field_rows = 10, .field_cols = 25, .tile_px = 10}, std::string(500, 'x'));
    EXPECT_EQ(result.field.n_failed, 3);
    EXPECT_EQ(result.scores, std::vector<float>(3, no_score));
    EXPECT_EQ(result.local_rms, std::vector<float>(3, -1.0F));
    EXPECT_EQ(result.field.reason.view().size(), 160U);
    EXPECT_NO_THROW(check_field(result));
}

TEST(FixedText, CutsBetweenCharacters) {
    EXPECT_EQ(FixedText<4>("abcdef").view(), "abcd");
    EXPECT_EQ(FixedText<4>("abc\u00e9").view(), "abc");  // two bytes, of which one would fit
    EXPECT_EQ(FixedText<4>("ab\u00e9").view(), "ab\u00e9");
    EXPECT_EQ(FixedText<4>("").view(), "");
}

}  // namespace
}  // namespace faintweb::catalogue
