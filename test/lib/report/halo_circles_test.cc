// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/halo_circles.h"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/file.h"

namespace faintweb::report {
namespace {

class halo_circles : public testing::Test {
  protected:
    halo_circles() : path_(testing::TempDir() + "haloes_" + std::to_string(getpid()) + ".csv") {}
    ~halo_circles() override { std::filesystem::remove(path_); }

    std::vector<Circle> read(const std::string& text, double min_mass_msun = 1e14) const {
        base::write_file(path_, text);
        return read_halo_circles(path_, min_mass_msun, 10);
    }
    std::string refusal(const std::string& text) const {
        try {
            read(text);
        } catch (const base::InputError& error) {
            return error.what();
        }
        return "taken";
    }

    std::string path_;
};

TEST_F(halo_circles, are_read_by_the_names_of_the_columns_down_to_a_mass) {
    const std::string text =
        "r100_arcsec,z,y_px,x_px,m200_msun\r\n"
        "500,0.1,-3.5,20,1e14\n"
        "250,0.2,7,1e3,0.99e14\n"
        "100.5,0.3,8,9.25,3e+15\n";
    const std::vector<Circle> circles = read(text);
    ASSERT_EQ(circles.size(), 2U);
    EXPECT_EQ(circles[0].x_px, 20);
    EXPECT_EQ(circles[0].y_px, -3.5);
    EXPECT_EQ(circles[0].radius_px, 50);
    EXPECT_EQ(circles[1].x_px, 9.25);
    EXPECT_EQ(circles[1].radius_px, 10.05);
    EXPECT_EQ(read(text, 0).size(), 3U);
    EXPECT_TRUE(read("x_px,y_px,m200_msun,r100_arcsec\n").empty());
}

TEST_F(halo_circles, of_a_bad_file_are_one_line_that_says_what_is_missing) {
    EXPECT_NE(refusal("x_px,y,m200_msun,r200\n1,2,3,4\n")
                  .find("no column y_px, r100_arcsec in its first line"),
              std::string::npos);
    const std::string names = "x_px,y_px,m200_msun,r100_arcsec\n";
    EXPECT_NE(refusal(names + "1,2,3e14,4\n1,2,3e14\n").find(".csv:3: r100_arcsec is missing"),
              std::string::npos);
    EXPECT_NE(refusal(names + "1,two,3e14,4\n").find(".csv:2: y_px is missing or no number"),
              std::string::npos);
    EXPECT_NE(refusal(names + "1,2,3e14,nan\n").find(".csv:2: r100_arcsec is missing or no number"),
              std::string::npos);
    EXPECT_NE(refusal("").find("is empty"), std::string::npos);
    EXPECT_THROW(read_halo_circles("/nowhere/haloes.csv", 0, 1), base::InputError);
}

}  // namespace
}  // namespace faintweb::report
