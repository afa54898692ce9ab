#include "lib/image/fits_write.h"

#include <bit>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

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

    // /dev/full answers every write with ENOSPC.
    std::filesystem::create_symlink("/dev/full", path + ".partial");
    EXPECT_THROW(write_fits(path, noise(800, 800), header), base::DiskError);
    EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
    EXPECT_EQ(FitsMap::open(path).info().rows, 9);
    EXPECT_THROW(write_fits(folder / "no such/map.fits", noise(5, 5), header), base::InputError);
}

}  // namespace
}  // namespace faintweb::image
