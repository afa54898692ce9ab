// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/picture.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>

#include <cairo.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/random.h"
#include "lib/report/colour_map.h"

namespace faintweb::report {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

// Where the picture begins on the sheet, and its colours, as picture.cc lays them out.
constexpr int left = 84;
constexpr int top = 52;
constexpr std::array<int, 3> cyan{64, 224, 255};
constexpr std::array<int, 3> lime{115, 255, 51};
constexpr std::array<int, 3> white{255, 255, 255};
constexpr std::array<int, 3> grey{115, 120, 128};

/// A PNG file read back.
class PngPixels {
  public:
    explicit PngPixels(const std::string& path)
        : surface_(cairo_image_surface_create_from_png(path.c_str()), cairo_surface_destroy) {
        EXPECT_EQ(cairo_surface_status(surface_.get()), CAIRO_STATUS_SUCCESS);
    }
    int width() const { return cairo_image_surface_get_width(surface_.get()); }
    int height() const { return cairo_image_surface_get_height(surface_.get()); }
    std::array<int, 3> at(int x, int y) const {
        const unsigned char* row = cairo_image_surface_get_data(surface_.get()) +
                                   y * cairo_image_surface_get_stride(surface_.get());
        const std::uint32_t pixel = reinterpret_cast<const std::uint32_t*>(row)[x];
        return {static_cast<int>(pixel >> 16U & 0xffU), static_cast<int>(pixel >> 8U & 0xffU),
                static_cast<int>(pixel & 0xffU)};
    }

  private:
    std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)> surface_;
};

bool is_near(const std::array<int, 3>& a, const std::array<int, 3>& b, int tolerance = 3) {
    return std::abs(a[0] - b[0]) <= tolerance && std::abs(a[1] - b[1]) <= tolerance &&
           std::abs(a[2] - b[2]) <= tolerance;
}

std::array<int, 3> map_colour(double t) {
    const Colour colour = inferno(t);
    return {static_cast<int>(std::lround(255 * colour.red)),
            static_cast<int>(std::lround(255 * colour.green)),
            static_cast<int>(std::lround(255 * colour.blue))};
}

TEST(number_text, is_short) {
    EXPECT_EQ(number_text(0), "0");
    EXPECT_EQ(number_text(0.1), "0.1");
    EXPECT_EQ(number_text(-1234.5), "-1.23e3");
    EXPECT_EQ(number_text(3e14), "3e14");
    EXPECT_EQ(number_text(2e-5), "2e-5");
    EXPECT_EQ(number_text(1e-12), "1e-12");
    EXPECT_EQ(number_text(0.987654, 2), "0.99");
}

class picture : public testing::Test {
  protected:
    picture() : path_(testing::TempDir() + "picture_test_" + std::to_string(getpid()) + ".png") {}
    ~picture() override { std::filesystem::remove(path_); }

    std::string path_;
};

TEST_F(picture, row_0_is_at_the_bottom_and_pixels_are_enlarged_whole) {
    // 4 x 2 pixels are enlarged 200 times.
    image::Image image = image::make_image(2, 4);
    image.at(0, 3) = 1;
    image.at(1, 0) = nan;
    draw_field(path_, {.pixels = image,
                       .pixel_arcsec = 0,
                       .title = "two rows",
                       .stretch = Stretch{.low = 0, .high = 1, .softening = 1}});
    const PngPixels png(path_);
    const auto at = [&](int x, int y_from_top) { return png.at(left + x, top + y_from_top); };
    EXPECT_TRUE(is_near(at(601, 201), map_colour(1)));  // the corners of pixel (0, 3)
    EXPECT_TRUE(is_near(at(798, 398), map_colour(1)));
    EXPECT_TRUE(is_near(at(598, 398), map_colour(0)));
    EXPECT_TRUE(is_near(at(601, 198), map_colour(0)));
    EXPECT_TRUE(is_near(at(100, 100), grey)) << "blank pixels are grey";
}

TEST_F(picture, outlines_lie_just_inside_their_tiles_and_tell_the_outcomes_apart) {
    const image::Image image = image::make_image(200, 200);  // enlarged 4 times: tiles of 160 px
    using catalogue::Outcome;
    draw_field(path_,
               {.pixels = image,
                .title = "outlines",
                .tile_px = 40,
                .tiles = {{.x0_px = 1040, .y0_px = 400, .outcome = Outcome::signal_found},
                          {.x0_px = 1080, .y0_px = 480, .outcome = Outcome::signal_missed},
                          {.x0_px = 1000, .y0_px = 560, .outcome = Outcome::noise_called_signal}},
                .tiles_show = TilesShow::outcomes,
                .x0_px = 1000,
                .y0_px = 400,
                .stretch = Stretch{.low = 0, .high = 1, .softening = 1}});
    const PngPixels png(path_);
    // Upper left corners of the three tiles on the sheet.
    const int found_x = left + 160, found_y = top + 640;
    const int missed_x = left + 320, missed_y = top + 320;
    const int false_x = left, false_y = top;
    const auto dark = map_colour(0);
    // The outline is 3 px wide: 0 to 2 belong to it, 3 and -1 do not.
    for (const int i : {0, 1, 2}) {
        EXPECT_TRUE(is_near(png.at(found_x + i, found_y + 80), cyan)) << i;
        EXPECT_TRUE(is_near(png.at(found_x + 159 - i, found_y + 80), cyan)) << i;
        EXPECT_TRUE(is_near(png.at(found_x + 80, found_y + i), cyan)) << i;
        EXPECT_TRUE(is_near(png.at(found_x + 80, found_y + 159 - i), cyan)) << i;
    }
    EXPECT_TRUE(is_near(png.at(found_x - 1, found_y + 80), dark));
    EXPECT_TRUE(is_near(png.at(found_x + 3, found_y + 80), dark));
    EXPECT_TRUE(is_near(png.at(found_x + 80, found_y - 1), dark));
    EXPECT_TRUE(is_near(png.at(found_x + 80, found_y + 80), dark)) << "a found tile stays clear";

    EXPECT_TRUE(is_near(png.at(false_x + 1, false_y + 40), lime));
    EXPECT_FALSE(is_near(png.at(false_x + 80, false_y + 80), dark)) << "the diagonal";

    int n_white = 0;
    int n_dark = 0;
    for (int i = 0; i < 160; ++i) {
        n_white += is_near(png.at(missed_x + i, missed_y + 1), white) ? 1 : 0;
        n_dark += is_near(png.at(missed_x + i, missed_y + 1), dark) ? 1 : 0;
    }
    EXPECT_GT(n_white, 50) << "dashes";
    EXPECT_GT(n_dark, 50) << "gaps";
}

TEST_F(picture, less_probable_tiles_are_fainter) {
    const image::Image image = image::make_image(80, 80);
    draw_field(path_, {.pixels = image,
                       .title = "probabilities",
                       .tile_px = 40,
                       .tiles = {{.x0_px = 0, .y0_px = 0, .probability = 1.0F},
                                 {.x0_px = 0, .y0_px = 40, .probability = 0.55F}},
                       .stretch = Stretch{.low = 0, .high = 1, .softening = 1}});
    const PngPixels png(path_);
    const auto sure = png.at(left + 1, top + 600);
    const auto unsure = png.at(left + 1, top + 200);
    EXPECT_TRUE(is_near(sure, cyan));
    EXPECT_LT(unsure[1], sure[1] - 60);
    EXPECT_GT(unsure[1], 40);
}

TEST_F(picture, a_large_field_is_shown_in_means_and_stays_small_on_disk) {
    image::Image image = image::make_image(2000, 1999);
    base::RandomStream random(9, base::Purpose::test);
    for (float& pixel : image.pixels) {
        pixel = 1e-7F * static_cast<float>(random.normal());
    }
    // One block of 2 x 2 pixels: a blank one takes no part in the mean.
    image.at(100, 200) = nan;
    image.at(100, 201) = image.at(101, 200) = image.at(101, 201) = 1.0F;
    draw_field(path_, {.pixels = image, .pixel_arcsec = 9.6, .title = "noise"});
    const PngPixels png(path_);
    EXPECT_GE(png.width(), left + 1000);
    EXPECT_LE(png.width(), 1400);
    EXPECT_TRUE(is_near(png.at(left + 100, top + 999 - 50), map_colour(1)));
    EXPECT_LT(std::filesystem::file_size(path_), 2'000'000U);
}

TEST_F(picture, of_awkward_images_does_not_crash) {
    for (const auto& [rows, cols] :
         {std::array{0, 0}, {1, 1}, {1, 5000}, {3000, 1}, {50, 50}, {41, 39}}) {
        for (const float value :
             {nan, 0.0F, -1.0F, 1e38F, std::numeric_limits<float>::infinity()}) {
            const image::Image image = image::make_image(rows, cols, value);
            draw_field(path_, {.pixels = image,
                               .pixel_arcsec = 1e-3,
                               .title = std::string("bad \xff title ") + std::string(300, 'x'),
                               .tile_px = 40,
                               .tiles = {{.x0_px = 0, .y0_px = 0, .probability = nan}},
                               .circles = {{.x_px = 0, .y_px = 1e9, .radius_px = 1e9}},
                               .circles_meaning = "a halo",
                               .beam = image::Beam{.major_arcsec = 1e9, .minor_arcsec = 1e9}});
            EXPECT_GT(PngPixels(path_).width(), 0);
        }
    }
}

TEST_F(picture, labelled_tiles_are_as_opaque_as_sure_ones_and_reach_to_the_edge_at_most) {
    const image::Image image = image::make_image(100, 100);  // enlarged 8 times
    draw_field(path_, {.pixels = image,
                       .title = "labels",
                       .tile_px = 40,
                       .tiles = {{.x0_px = 480, .y0_px = 280}},
                       .tiles_show = TilesShow::labels,
                       .labels_meaning = "a signal tile",
                       .x0_px = 500,  // the window begins in the middle of the tile
                       .y0_px = 300,
                       .stretch = Stretch{.low = 0, .high = 1, .softening = 1}});
    const PngPixels png(path_);
    const int bottom = top + 800;
    EXPECT_TRUE(is_near(png.at(left + 158, bottom - 60), cyan)) << "its right side";
    EXPECT_TRUE(is_near(png.at(left + 60, bottom - 158), cyan)) << "its upper side";
    EXPECT_TRUE(is_near(png.at(left + 60, bottom - 60), map_colour(0))) << "its middle";
    EXPECT_TRUE(is_near(png.at(left + 165, bottom - 60), map_colour(0)));
    EXPECT_TRUE(is_near(png.at(left - 20, bottom - 159), white)) << "nothing beside the picture";
}

TEST_F(picture, circles_lie_around_their_map_pixel_and_end_with_the_picture) {
    const image::Image image = image::make_image(100, 100);  // enlarged 8 times
    draw_field(path_, {.pixels = image,
                       .title = "haloes",
                       .circles = {{.x_px = 1050, .y_px = 220, .radius_px = 10},
                                   {.x_px = 1000, .y_px = 270, .radius_px = 20}},
                       .circles_meaning = "R100",
                       .x0_px = 1000,
                       .y0_px = 200,
                       .stretch = Stretch{.low = 0, .high = 1, .softening = 1}});
    const PngPixels png(path_);
    const int x = left + 404, y = top + 800 - 164;  // the middle of pixel (50, 20) of the picture
    const auto is_bright = [&](int px, int py) { return png.at(px, py)[0] > 150; };
    for (const auto& [dx, dy] : {std::array{80, 0}, {-80, 0}, {0, 80}, {0, -80}}) {
        EXPECT_TRUE(is_bright(x + dx, y + dy) || is_bright(x + dx - 1, y + dy - 1)) << dx << dy;
        EXPECT_FALSE(is_bright(x + dx * 9 / 10, y + dy * 9 / 10));
        EXPECT_FALSE(is_bright(x + dx * 11 / 10, y + dy * 11 / 10));
    }
    EXPECT_FALSE(is_bright(x, y));
    const int edge_y = top + 800 - 564;
    EXPECT_TRUE(is_bright(left + 4 + 159, edge_y) || is_bright(left + 4 + 160, edge_y));
    for (int px = left - 79; px < left - 60; ++px) {  // between the axis' name and its numbers
        EXPECT_TRUE(is_near(png.at(px, edge_y), white)) << px;
    }
    // The legend has a dark square with a ring.
    EXPECT_FALSE(is_near(png.at(left + 1, top + 800 + 53), white));
}

TEST_F(picture, a_map_that_is_no_brightness_has_the_numbers_of_its_own_unit) {
    // Only the numbers and the name of the colour bar may differ.
    const image::Image image = image::make_image(100, 100, 1.0F);
    const Stretch stretch{.low = 0.5, .high = 2, .softening = 1};
    draw_field(path_, {.pixels = image, .title = "same", .stretch = stretch});
    const PngPixels brightness(path_);
    draw_field(path_, {.pixels = image, .title = "same", .stretch = stretch, .unit = "K"});
    const PngPixels other(path_);
    ASSERT_EQ(brightness.width(), other.width());
    const int bar_end = left + 800 + 14 + 18 + 5;
    bool differs_beside_bar = false;
    for (int y = 0; y < other.height(); ++y) {
        for (int x = 0; x < other.width(); ++x) {
            if (brightness.at(x, y) != other.at(x, y)) {
                ASSERT_GE(x, bar_end) << y;
                differs_beside_bar = true;
            }
        }
    }
    EXPECT_TRUE(differs_beside_bar);
}

TEST_F(picture, of_a_sky_is_stretched_by_decades_from_the_floor) {
    image::Image image = image::make_image(100, 100, 1e-14F);
    for (std::int64_t row = 0; row < 100; ++row) {
        image.at(row, 50) = 1e-8F;
        image.at(row, 60) = 1e-5F;
    }
    const auto colour_at = [&](int x_px) {
        return PngPixels(path_).at(left + 8 * x_px + 4, top + 80);
    };
    draw_field(path_, {.pixels = image, .title = "sky", .floor = 1e-11});
    EXPECT_TRUE(is_near(colour_at(10), map_colour(0)));
    EXPECT_TRUE(is_near(colour_at(50), map_colour(0.5), 6));
    EXPECT_TRUE(is_near(colour_at(60), map_colour(1)));
    draw_field(
        path_,
        {.pixels = image, .title = "sky", .stretch_kind = StretchKind::linear, .floor = 1e-11});
    EXPECT_TRUE(is_near(colour_at(50), map_colour(0), 6));
    EXPECT_TRUE(is_near(colour_at(60), map_colour(1)));
}

TEST_F(picture, a_row_holds_its_panels_side_by_side_each_with_its_own_legend) {
    const image::Image dark = image::make_image(100, 100, 0.0F);
    const image::Image bright = image::make_image(100, 100, 1.0F);
    const image::Image tall = image::make_image(200, 100, 1.0F);
    const Stretch stretch{.low = 0, .high = 1, .softening = 1};
    const FieldPicture panels[] = {
        {.pixels = dark, .title = "left", .stretch = stretch},
        {.pixels = bright, .title = "middle", .stretch = stretch},
        {.pixels = tall,
         .title = "right",
         .tile_px = 40,
         .tiles = {{.x0_px = 0, .y0_px = 0}},
         .tiles_show = TilesShow::labels,
         .labels_meaning = "labels",
         .circles_meaning = "circles",
         .stretch = stretch},
    };
    draw_row(path_, panels);
    const PngPixels png(path_);
    // Pictures of 100 px are enlarged 5 times, those of 200 px 3 times; a narrow one has room for
    // its title all the same.
    const int width = left + 500 + 130;
    ASSERT_EQ(png.width(), 2 * width + left + 420 + 130);
    const int top_in_row = 72;
    for (const int corner : {1, 498}) {
        EXPECT_TRUE(is_near(png.at(left + corner, top_in_row + corner), map_colour(0)));
        EXPECT_TRUE(is_near(png.at(width + left + corner, top_in_row + corner), map_colour(1)));
    }
    EXPECT_TRUE(is_near(png.at(2 * width + left + 298, top_in_row + 1), map_colour(1)));
    EXPECT_FALSE(is_near(png.at(2 * width + left + 302, top_in_row + 1), map_colour(1)));
    EXPECT_TRUE(is_near(png.at(2 * width + left + 1, top_in_row + 599 - 60), cyan));
    // Below its tile legend, the right panel has one of circles; the others have none.
    const auto is_swatch = [&](int panel, int y) {
        return !is_near(png.at(panel * width + left + 1, y), white);
    };
    const int first_line = 18 * 52 / 13 + 5;
    EXPECT_TRUE(is_swatch(2, top_in_row + 600 + first_line));
    EXPECT_TRUE(is_swatch(2, top_in_row + 600 + first_line + 18 * 28 / 13));
    EXPECT_FALSE(is_swatch(0, top_in_row + 500 + first_line));

    draw_row(path_, std::span(panels).first(1));
    const PngPixels alone(path_);
    draw_field(path_, panels[0]);
    EXPECT_EQ(alone.width(), PngPixels(path_).width());
}

}  // namespace
}  // namespace faintweb::report
