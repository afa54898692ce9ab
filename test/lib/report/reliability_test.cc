// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/reliability.h"

#include <filesystem>
#include <memory>

#include <cairo.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace faintweb::report {
namespace {

/// Whether the plot of these bins is blue at a point of it.
bool is_marked(const score::Reliability& reliability, double probability, double part) {
    const std::string path = (std::filesystem::temp_directory_path() /
                              ("faintweb_reliability_" + std::to_string(::getpid())))
                                 .string();
    write_reliability(path, reliability, "validation");
    const std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> picture(
        cairo_image_surface_create_from_png((path + ".png").c_str()), cairo_surface_destroy);
    EXPECT_TRUE(std::filesystem::remove(path + ".csv"));
    std::filesystem::remove(path + ".png");
    EXPECT_EQ(cairo_surface_status(picture.get()), CAIRO_STATUS_SUCCESS);
    EXPECT_EQ(cairo_image_surface_get_width(picture.get()), 560);
    const auto x = static_cast<int>(70 + 420 * probability);
    const auto y = static_cast<int>(490 - 420 * part);
    const unsigned char* const pixel = cairo_image_surface_get_data(picture.get()) +
                                       y * cairo_image_surface_get_stride(picture.get()) + 4 * x;
    return pixel[0] > 150 && pixel[2] < 100;
}

TEST(Reliability, MarksEachBinWithItsBar) {
    const score::Reliability reliability{{{10, 0.25, 0.5, 0.2}, {10, 0.75, 0.9, 0.05}}, 20, 0.2};
    EXPECT_TRUE(is_marked(reliability, 0.25, 0.5));
    EXPECT_TRUE(is_marked(reliability, 0.25, 0.32));  // its bar
    EXPECT_TRUE(is_marked(reliability, 0.75, 0.9));
    EXPECT_FALSE(is_marked(reliability, 0.75, 0.7));
    EXPECT_FALSE(is_marked(reliability, 0.25, 0.25));
    EXPECT_FALSE(is_marked({}, 0.25, 0.5));
}

}  // namespace
}  // namespace faintweb::report
