// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/columns.h"

#include <cmath>
#include <set>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "lib/base/hash.h"
#include "lib/catalogue/tables.h"

namespace faintweb::catalogue {
namespace {

TEST(Columns, NamesAreUniqueAndDescribed) {
    for (const std::span<const Column> columns :
         {columns_of<TileRecord>(), columns_of<FieldRecord>(), columns_of<MapRecord>()}) {
        std::set<std::string_view> names;
        for (const Column& column : columns) {
            EXPECT_TRUE(names.insert(column.name).second) << column.name;
            EXPECT_FALSE(column.description.empty()) << column.name;
        }
    }
}

TEST(Columns, ValuesReadBackAsTheyWere) {
    TileRecord tile;
    tile.x = 0.1 + 0.2;
    tile.score = 1.0F / 3.0F;
    tile.source_id = -9007199254740993;
    const std::vector<TileRecord> tiles{tile};
    const TableView table = table_of(std::span<const TileRecord>(tiles));
    for (const Column& column : table.columns) {
        const std::string text = value_text(table, 0, column);
        if (column.name == "x") {
            EXPECT_EQ(std::stod(text), tile.x);
        } else if (column.name == "score") {
            EXPECT_EQ(std::stof(text), tile.score);
        } else if (column.name == "source_id") {
            EXPECT_EQ(text, "-9007199254740993");
        }
    }
    FieldRecord field;
    field.reason = "no, \"never\"";
    const std::vector<FieldRecord> fields{field};
    const TableView field_table = table_of(std::span<const FieldRecord>(fields));
    EXPECT_EQ(value_text(field_table, 0, field_table.columns.back()), "no, \"never\"");
}

TEST(Columns, NonFiniteValuesAreFound) {
    std::vector<TileRecord> tiles(3);
    EXPECT_EQ(find_non_finite(table_of(std::span<const TileRecord>(tiles))), "");
    tiles[2].dec = std::nan("");
    EXPECT_EQ(find_non_finite(table_of(std::span<const TileRecord>(tiles))), "dec of row 2");
    tiles[2].dec = 0;
    tiles[1].peak_jy_arcsec2 = HUGE_VALF;
    EXPECT_EQ(find_non_finite(table_of(std::span<const TileRecord>(tiles))), "peak of row 1");
}

TEST(Columns, DocumentationAndMetaComeFromTheSameLines) {
    const Column columns[] = {
        {"x", ColumnType::float64, 0, 8, "pix", "the tile's centre: 0-based"},
        {"n", ColumnType::int32, 8, 4, "", "a number"},
    };
    EXPECT_EQ(column_docs(columns),
              "| column | type | unit | meaning |\n|---|---|---|---|\n"
              "| x | float64 | pix | the tile's centre: 0-based |\n"
              "| n | int32 |  | a number |\n");
    EXPECT_EQ(
        astropy_column_meta(columns),
        (std::vector<std::string>{
            "datatype:",
            "- {name: x, unit: pix, datatype: float64, description: 'the tile''s centre: 0-based'}",
            "- {name: n, datatype: int32, description: 'a number'}"}));
}

/// Readers tell catalogues of another layout by the format's version, and the CSV files of earlier
/// programs by their first lines: new columns need both.
TEST(Columns, OtherLayoutsHaveOtherVersions) {
    std::string layout;
    for_each_record_table([&](std::string_view path, std::span<const Column> columns) {
        layout += path;
        for (const Column& column : columns) {
            layout +=
                fmt::format(" {} {}{}", column.name, static_cast<int>(column.type), column.unit);
        }
    });
    EXPECT_EQ(format_version, 5);
    EXPECT_EQ(base::sha256(layout).substr(0, 16), "62c5ec8bbc2edccf")
        << "raise format_version (lib/catalogue/records.h), keep the first line of the CSV files "
           "so far (objection_to_csv in lib/catalogue/export.cc), then change both numbers here";
}

TEST(Columns, RecordsWithGapsDoNotCompile) {
    constexpr Column gap[] = {{"a", ColumnType::int32, 0, 4, "", ""},
                              {"b", ColumnType::float64, 8, 8, "", ""}};
    static_assert(!detail::fill_record(gap, 16));
    constexpr Column whole[] = {{"a", ColumnType::int64, 0, 8, "", ""},
                                {"b", ColumnType::float64, 8, 8, "", ""}};
    static_assert(detail::fill_record(whole, 16));
    static_assert(!detail::fill_record(whole, 24));
}

}  // namespace
}  // namespace faintweb::catalogue
