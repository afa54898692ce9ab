// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/canvas.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/report/png_mark.h"

namespace faintweb::report {
namespace {

TEST(canvas, text_that_is_no_utf8_becomes_question_marks) {
    EXPECT_EQ(printable_text("A2256 µJy/arcsec² 天 🌌"), "A2256 µJy/arcsec² 天 🌌");
    EXPECT_EQ(printable_text("a\xff"
                             "b\n\x7f"),
              "a?b??");
    EXPECT_EQ(printable_text("\xc0\xaf"), "??");            // overlong '/'
    EXPECT_EQ(printable_text("\xed\xa0\x80"), "???");       // a surrogate
    EXPECT_EQ(printable_text("\xf4\x90\x80\x80"), "????");  // past U+10FFFF
    EXPECT_EQ(printable_text("\xe5\xa4"), "??");            // cut off
    EXPECT_EQ(printable_text("\xc2\x85"), "??");            // a control character
    EXPECT_EQ(printable_text(""), "");
}

TEST(canvas, long_text_is_cut_to_its_room_and_nothing_stops_the_drawing) {
    const Canvas canvas(200, 40, {1, 1, 1});
    canvas.set_colour({0, 0, 0});
    canvas.text(0, 30, 20, Align::left, std::string(500, 'W') + "\xff\xfe", 100);
    cairo_surface_t* const surface = cairo_get_target(canvas.context());
    cairo_surface_flush(surface);
    const auto* const pixels =
        reinterpret_cast<const std::uint32_t*>(cairo_image_surface_get_data(surface));
    bool has_ink_left = false;
    bool has_ink_right = false;
    for (int y = 0; y < 40; ++y) {
        for (int x = 0; x < 200; ++x) {
            const bool is_ink = (pixels[y * 200 + x] & 0xffffffU) != 0xffffffU;
            (x < 102 ? has_ink_left : has_ink_right) |= is_ink;
        }
    }
    EXPECT_TRUE(has_ink_left);
    EXPECT_FALSE(has_ink_right);
    EXPECT_EQ(cairo_status(canvas.context()), CAIRO_STATUS_SUCCESS);
}

TEST(canvas, a_picture_that_cannot_be_written_is_an_error_and_leaves_nothing) {
    const Canvas canvas(2, 2, {1, 1, 1});
    EXPECT_THROW(canvas.write_png("/nowhere-at-all/picture.png"), base::Error);
    const auto folder = std::filesystem::path(testing::TempDir()) / "is_a_folder.png";
    std::filesystem::create_directories(folder / "inside");
    EXPECT_THROW(canvas.write_png(folder.string()), base::Error);
    EXPECT_FALSE(std::filesystem::exists(folder.string() + ".partial"));
    std::filesystem::remove_all(folder);
}

TEST(canvas, a_picture_says_whose_it_is) {
    const std::string path = testing::TempDir() + "whose.png";
    Canvas(2, 2, {1, 1, 1}).write_png(path);
    EXPECT_EQ(objection_to_png(path), "");
    // Cairo's own writer leaves no mark.
    const Canvas theirs(2, 2, {1, 1, 1});
    cairo_surface_write_to_png(cairo_get_target(theirs.context()), path.c_str());
    EXPECT_NE(objection_to_png(path), "");
    EXPECT_NE(objection_to_png("/nowhere-at-all/picture.png"), "");
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace faintweb::report
