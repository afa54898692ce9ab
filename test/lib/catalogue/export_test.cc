// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/export.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fitsio.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/catalogue/columns.h"
#include "lib/image/fits_write.h"
#include "test/lib/catalogue/example_field.h"

namespace faintweb::catalogue {
namespace {

class Export : public testing::Test {
  protected:
    Export() : folder_(testing::TempDir() + "faintweb_export_" + std::to_string(getpid())) {
        std::filesystem::create_directories(folder_);
        ClassifiedField classified = example_.classified();
        classified.wcs = &wcs_;
        tiles_ = make_field_result(classified).tiles;
    }
    ~Export() override { std::filesystem::remove_all(folder_); }

    std::string path(const std::string& name) const { return folder_ + "/" + name; }

    std::vector<std::string> lines(const std::string& name) const {
        std::ifstream file(path(name));
        std::vector<std::string> lines;
        for (std::string line; std::getline(file, line);) {
            lines.push_back(line);
        }
        return lines;
    }

    std::string folder_;
    ExampleField example_;
    image::Wcs wcs_{example_header_cards()};
    std::vector<TileRecord> tiles_;
    std::vector<std::string> names_{"map σ.fits"};
};

TEST_F(Export, CsvHasOneLinePerTile) {
    write_csv(path("t.csv"), tiles_, names_);
    const auto text = lines("t.csv");
    ASSERT_EQ(text.size(), 4U);
    EXPECT_EQ(text[0].substr(0, 29), "map,field,row,column,x,y,ra,d");
    EXPECT_EQ(text[1].substr(0, 20), "0,3,0,0,104.5,54.5,3");
    const auto n_commas = std::count(text[0].begin(), text[0].end(), ',');
    for (const std::string& line : text) {
        EXPECT_EQ(std::count(line.begin(), line.end(), ','), n_commas);
    }
    EXPECT_TRUE(text[0].ends_with(",map_name")) << text[0];
    EXPECT_TRUE(text[1].ends_with(",map σ.fits")) << text[1];
    EXPECT_FALSE(std::filesystem::exists(path("t.csv.partial")));
}

TEST_F(Export, CsvQuotesANameThatIsNoSingleValue) {
    write_csv(path("t.csv"), tiles_, std::vector<std::string>{"a, \"b\".fits"});
    const auto text = lines("t.csv");
    EXPECT_TRUE(text[1].ends_with(",\"a, \"\"b\"\".fits\"")) << text[1];
}

TEST_F(Export, FitsTableHoldsTheValues) {
    for (const std::size_t n : {std::size_t{0}, tiles_.size()}) {
        write_fits_table(path("t.fits"), std::span(tiles_).first(n), names_, std::string(64, 'd'));
        fitsfile* file = nullptr;
        int status = 0;
        ASSERT_EQ(fits_open_diskfile(&file, path("t.fits").c_str(), READONLY, &status), 0);
        ASSERT_EQ(fits_movabs_hdu(file, 2, nullptr, &status), 0);
        long n_rows = -1;
        fits_get_num_rows(file, &n_rows, &status);
        EXPECT_EQ(n_rows, static_cast<long>(n));
        for (std::size_t c = 0; c < std::size(tile_columns); ++c) {
            const Column& column = tile_columns[c];
            std::string name(column.name);
            int number = 0;
            fits_get_colnum(file, CASESEN, name.data(), &number, &status);
            EXPECT_EQ(number, static_cast<int>(c + 1)) << name;
            for (std::size_t i = 0; i < n; ++i) {
                double value = 0;
                const auto row = static_cast<LONGLONG>(i + 1);
                fits_read_col(file, TDOUBLE, number, row, 1, 1, nullptr, &value, nullptr, &status);
                const TableView table = table_of(std::span<const TileRecord>(tiles_));
                const double expected = std::stod(value_text(table, i, column));
                EXPECT_NEAR(value, expected, 1e-7 * std::abs(expected)) << name;
            }
        }
        int number = 0;
        char name[] = "map_name";
        fits_get_colnum(file, CASESEN, name, &number, &status);
        EXPECT_EQ(number, static_cast<int>(std::size(tile_columns)) + 1);
        for (std::size_t i = 0; i < n; ++i) {
            char text[80] = "";
            char* texts[] = {text};
            const auto row = static_cast<LONGLONG>(i + 1);
            fits_read_col_str(file, number, row, 1, 1, nullptr, texts, nullptr, &status);
            EXPECT_STREQ(text, "map ??.fits");
        }
        EXPECT_EQ(status, 0);
        fits_close_file(file, &status);
    }
}

TEST_F(Export, RegionsFollowTheMapsPixels) {
    const std::vector<RegionFrame> frames{{.map_name = "a{b}.fits", .wcs = &wcs_, .tile_px = 10}};
    write_ds9_regions(path("t.reg"), tiles_, frames);
    const auto text = lines("t.reg");
    ASSERT_EQ(text.size(), 7U);
    EXPECT_EQ(text[3], "fk5");
    std::string first = text[4];
    EXPECT_NE(first.find("color=green text={1C 0.9} tag={a_b_.fits}"), std::string::npos) << first;
    EXPECT_NE(text[5].find("color=yellow text={1F"), std::string::npos);
    EXPECT_NE(text[6].find("color=red text={0F"), std::string::npos);
    // The corners are the outer edges of the tile's pixels.
    std::replace_if(
        first.begin(), first.end(), [](char c) { return c == ',' || c == '('; }, ' ');
    std::istringstream numbers(first.substr(std::string("polygon").size()));
    for (const auto& [x, y] : std::vector<std::pair<double, double>>{
             {99.5, 49.5}, {109.5, 49.5}, {109.5, 59.5}, {99.5, 59.5}}) {
        image::SkyPosition corner;
        numbers >> corner.ra_deg >> corner.dec_deg;
        const auto pixel = wcs_.pixel(corner);
        ASSERT_TRUE(pixel);
        EXPECT_NEAR(pixel->first, x, 0.001);
        EXPECT_NEAR(pixel->second, y, 0.001);
    }
}

TEST_F(Export, WithoutSkyRegionsAreImageCoordinatesOfOneMap) {
    tiles_ = make_field_result(example_.classified()).tiles;
    const std::vector<RegionFrame> frames{{.tile_px = 10}, {.tile_px = 10}};
    write_ds9_regions(path("t.reg"), tiles_, frames);
    const auto text = lines("t.reg");
    EXPECT_EQ(text[3], "image");
    EXPECT_EQ(text[4], "box(105.5,55.5,10,10,0) # color=green text={1C 0.9}");
    tiles_[2].map = 1;
    EXPECT_THROW(write_ds9_regions(path("u.reg"), tiles_, frames), base::UsageError);
    EXPECT_FALSE(std::filesystem::exists(path("u.reg")));
}

TEST_F(Export, AnExportThatFailsLeavesTheOldFile) {
    write_csv(path("t.csv"), tiles_, names_);
    std::filesystem::create_directory(path("t.csv.partial"));
    EXPECT_THROW(write_csv(path("t.csv"), {}, {}), base::Error);
    EXPECT_EQ(lines("t.csv").size(), 4U);
    EXPECT_THROW(write_csv(path("no/such/folder.csv"), tiles_, names_), base::Error);
}

TEST_F(Export, EachSaysWhoseFileItIs) {
    const auto is_ours = [&](const std::string& name) {
        return fmt::format(
            "{}{}{}", objection_to_csv(path(name)).empty() ? "csv " : "",
            objection_to_ds9(path(name)).empty() ? "ds9 " : "",
            image::objection_to_fits(path(name), image::FitsContent::table).empty() ? "fits " : "");
    };
    write_csv(path("t.csv"), tiles_, names_);
    write_csv(path("empty.csv"), {}, {});
    write_fits_table(path("t.fits"), tiles_, names_, "digest");
    const std::vector<RegionFrame> frames{{.wcs = &wcs_, .tile_px = 10}};
    write_ds9_regions(path("t.reg"), tiles_, frames);
    EXPECT_EQ(is_ours("t.csv"), "csv ");
    EXPECT_EQ(is_ours("empty.csv"), "csv ");
    EXPECT_EQ(is_ours("t.fits"), "fits ");
    EXPECT_EQ(is_ours("t.reg"), "ds9 ");
    // Of format 3.
    std::ofstream(path("old.csv")) << "map,field,row,column,x,y,ra,dec,score,probability,detected,"
                                      "label,outcome,n_blank,flux,peak,mean,rms,flags,source_id\n";
    EXPECT_EQ(is_ours("old.csv"), "csv ");
    for (const char* const bytes : {"", "map,field\n", "map,field,row,column,x,y,ra,dec,score\n0,",
                                    "# Region file format: DS9 version 4.1\nfk5\n"}) {
        std::ofstream(path("theirs")) << bytes;
        EXPECT_EQ(is_ours("theirs"), "") << bytes;
    }
    EXPECT_EQ(is_ours("none"), "");
}

}  // namespace
}  // namespace faintweb::catalogue
