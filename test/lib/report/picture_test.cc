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
        return {static_cast<int>(pixel >> 16U & 0xffU),
                static_cast<int>(pixel >> 8U & 0xffU),
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
    draw_field(path_,
               {.pixels = image,
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
    const tile::TileGrid grid{.field_rows = 200, .field_cols = 200, .tile_px = 40};
    using catalogue::Outcome;
    draw_field(path_,
               {.pixels = image,
                .title = "outlines",
                .grid = grid,
                .tiles = {{.row = 0, .col = 1, .outcome = Outcome::signal_found},
                          {.row = 2, .col = 2, .outcome = Outcome::signal_missed},
                          {.row = 4, .col = 0, .outcome = Outcome::noise_called_signal}},
                .has_truth = true,
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
    const tile::TileGrid grid{.field_rows = 80, .field_cols = 80, .tile_px = 40};
    draw_field(path_,
               {.pixels = image,
                .title = "probabilities",
                .grid = grid,
                .tiles = {{.row = 0, .col = 0, .probability = 1.0F},
                          {.row = 1, .col = 0, .probability = 0.55F}},
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
    draw_image(path_, image, 9.6, "noise");
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
            const tile::TileGrid grid{.field_rows = rows, .field_cols = cols, .tile_px = 40};
            draw_field(path_,
                       {.pixels = image,
                        .pixel_arcsec = 1e-3,
                        .title = std::string("bad \xff title ") + std::string(300, 'x'),
                        .grid = grid,
                        .tiles = {{.row = 0, .col = 0, .probability = nan}},
                        .beam = image::Beam{.major_arcsec = 1e9, .minor_arcsec = 1e9}});
            EXPECT_GT(PngPixels(path_).width(), 0);
        }
    }
}

TEST_F(picture, pair_holds_both_side_by_side) {
    const image::Image dark = image::make_image(100, 100, 0.0F);
    const image::Image bright = image::make_image(100, 100, 1.0F);
    const Stretch stretch{.low = 0, .high = 1, .softening = 1};
    draw_field(path_, {.pixels = dark, .title = "alone"});
    const int width = PngPixels(path_).width();
    draw_pair(path_,
              {.pixels = dark, .title = "left", .stretch = stretch},
              {.pixels = bright, .title = "right", .stretch = stretch});
    const PngPixels png(path_);
    EXPECT_EQ(png.width(), 2 * width);
    EXPECT_TRUE(is_near(png.at(left + 100, top + 100), map_colour(0)));
    EXPECT_TRUE(is_near(png.at(width + left + 100, top + 100), map_colour(1)));
}

}  // namespace
}  // namespace faintweb::report
