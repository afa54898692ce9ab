// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/fits_write.h"

#include <bit>
#include <cmath>
#include <csignal>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/image/fits_map.h"
#include "test/lib/image/made_fits.h"

namespace faintweb::image {
namespace {

Image noise(std::int64_t rows, std::int64_t cols) {
    Image image = make_image(rows, cols);
    base::RandomStream random(1, base::Purpose::test);
    for (float& value : image.pixels) {
        value = static_cast<float>(random.normal());
    }
    return image;
}

TEST(WriteFits, ComesBackEqual) {
    const TestFolder folder;
    const std::string path = folder / "sky [1] map.fits";
    Image image = noise(37, 53);
    image.at(0, 0) = std::numeric_limits<float>::quiet_NaN();
    image.at(1, 1) = std::numeric_limits<float>::infinity();
    image.at(2, 2) = std::numeric_limits<float>::denorm_min();
    image.at(3, 3) = -0.0F;
    const FitsHeader header = {.object = "Abell's 2256 '" + std::string(80, '\''),
                               .bunit = unit_name(PixelUnit::jy_beam),
                               .beam = Beam{45, 40, -30},
                               .pixel_arcsec = 7.5,
                               .centre = {255.93, 78.71},
                               .frequency_hz = 1.4e9,
                               .history = {"made by a test", std::string(200, 'h'), "new\nline"}};
    write_fits(path, image, header);
    EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
    const FitsMap map = FitsMap::open(path);
    const Image back = map.read({0, 0, 53, 37});
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(back.pixels[i]),
                  std::bit_cast<std::uint32_t>(image.pixels[i]))
            << i;
    }
    const MapInfo& info = map.info();
    EXPECT_EQ(info.unit, PixelUnit::jy_beam);
    EXPECT_NEAR(info.beam->major_arcsec, 45, 1e-9);
    EXPECT_NEAR(info.beam->minor_arcsec, 40, 1e-9);
    EXPECT_EQ(info.beam->angle_deg, -30);
    EXPECT_NEAR(info.pixel_arcsec, 7.5, 1e-9);
    EXPECT_EQ(info.frequency_hz, 1.4e9);
    EXPECT_TRUE(info.object.starts_with("Abell's 2256 '"));
    const SkyPosition middle = Wcs(info.header_cards).sky(26, 18).value();
    EXPECT_NEAR(middle.ra_deg, 255.93, 1e-9);
    EXPECT_NEAR(middle.dec_deg, 78.71, 1e-9);
}

TEST(WriteFits, ReplacesAWholeFileOrNothing) {
    const TestFolder folder;
    const std::string path = folder / "map.fits";
    const FitsHeader header = {.bunit = "Jy/arcsec2", .pixel_arcsec = 5, .centre = {1, 2}};
    write_fits(path, noise(5, 5), header);
    write_fits(path, noise(9, 7), header);
    EXPECT_EQ(FitsMap::open(path).info().rows, 9);
    EXPECT_EQ(std::filesystem::file_size(path), 2U * 2880U);

    // A file may be no larger than this: a write in its middle fails.
    rlimit usual{};
    getrlimit(RLIMIT_FSIZE, &usual);
    const rlimit small{100'000, usual.rlim_max};
    std::signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    EXPECT_THROW(write_fits(path, noise(800, 800), header), base::Error);
    setrlimit(RLIMIT_FSIZE, &usual);
    EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
    EXPECT_EQ(FitsMap::open(path).info().rows, 9);
    EXPECT_THROW(write_fits(folder / "no such/map.fits", noise(5, 5), header), base::InputError);
}

TEST(WriteFits, SaysWhoseFileItIs) {
    const TestFolder folder;
    const FitsHeader header = {.bunit = "Jy/arcsec2", .pixel_arcsec = 5, .centre = {1, 2}};
    write_fits(folder / "ours.fits", noise(5, 5), header);
    EXPECT_EQ(objection_to_fits(folder / "ours.fits", FitsContent::image), "");
    EXPECT_NE(objection_to_fits(folder / "ours.fits", FitsContent::table), "");
    const std::string theirs = folder / "theirs.fits";
    for (const char* const cards :
         {"SIMPLE  =                    T", "ORIGIN  = 'faintweb'", "", "map,field\n"}) {
        std::ofstream(theirs) << cards << std::string(2880, ' ');
        EXPECT_NE(objection_to_fits(theirs, FitsContent::image), "") << cards;
        EXPECT_NE(objection_to_fits(theirs, FitsContent::table), "") << cards;
    }
}

TEST(WriteFits, ALinkStaysALink) {
    const TestFolder folder;
    const FitsHeader header = {.bunit = "Jy/arcsec2", .pixel_arcsec = 5, .centre = {1, 2}};
    const std::string link = folder / "link.fits";
    std::filesystem::create_symlink("real.fits", link);
    // What stands where the file is made is not written through.
    std::ofstream(folder / "diary") << "of the user";
    std::filesystem::create_symlink("diary", folder / "real.fits.partial");
    for (const int rows : {5, 9}) {
        write_fits(link, noise(rows, 5), header);
        EXPECT_TRUE(std::filesystem::is_symlink(link));
        EXPECT_EQ(FitsMap::open(folder / "real.fits").info().rows, rows);
    }
    EXPECT_EQ(std::filesystem::file_size(folder / "diary"), 11U);
    EXPECT_FALSE(std::filesystem::exists(folder / "real.fits.partial"));
}

}  // namespace
}  // namespace faintweb::image
