// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/plot.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>

#include <cairo.h>
#include <gtest/gtest.h>

#include "lib/base/error.h"

namespace faintweb::report {
namespace {

constexpr Colour red{1, 0, 0};
constexpr Colour blue{0, 0, 1};

/// The pixels of a PNG.
class Picture {
  public:
    explicit Picture(const std::string& path)
        : surface_(cairo_image_surface_create_from_png(path.c_str()), &cairo_surface_destroy) {}

    int width() const { return cairo_image_surface_get_width(surface_.get()); }
    int height() const { return cairo_image_surface_get_height(surface_.get()); }
    std::uint32_t at(int x, int y) const {
        const unsigned char* const row =
            cairo_image_surface_get_data(surface_.get()) +
            static_cast<std::ptrdiff_t>(y) * cairo_image_surface_get_stride(surface_.get());
        return reinterpret_cast<const std::uint32_t*>(row)[x] & 0xffffffU;
    }
    /// Pixels of nearly red or blue (edges are smoothed) in rows [y0, y1), and the smallest and
    /// largest column of them.
    struct Found {
        int n = 0;
        int first_x = 1 << 30;
        int last_x = -1;
        int first_y = 1 << 30;
        int last_y = -1;
    };
    Found find(std::uint32_t colour, int y0 = 0, int y1 = 1 << 30) const {
        Found found;
        for (int y = y0; y < std::min(y1, height()); ++y) {
            for (int x = 0; x < width(); ++x) {
                if (is_near(at(x, y), colour)) {
                    ++found.n;
                    found.first_x = std::min(found.first_x, x);
                    found.last_x = std::max(found.last_x, x);
                    found.first_y = std::min(found.first_y, y);
                    found.last_y = std::max(found.last_y, y);
                }
            }
        }
        return found;
    }

  private:
    /// Whether a colour stands out in the channel of pure red or blue; greys never do.
    static bool is_near(std::uint32_t colour, std::uint32_t pure) {
        const auto part = [&](unsigned shift) { return static_cast<int>(colour >> shift & 0xffU); };
        return pure == 0xff0000 ? part(16) - std::max(part(8), part(0)) > 80
                                : part(0) - std::max(part(16), part(8)) > 80;
    }

    std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)> surface_;
};

std::string drawn(const std::vector<PlotPanel>& panels) {
    // Cases run at the same time.
    const std::string path = testing::TempDir() + "plot_test_" +
                             testing::UnitTest::GetInstance()->current_test_info()->name() + ".png";
    draw_plot(path, panels, 600, 300);
    return path;
}

PlotSeries one_point(double x, double y) {
    return {.name = "",
            .colour = red,
            .marker = Marker::square,
            .has_line = false,
            .x = {x},
            .y = {y},
            .error = {}};
}

TEST(plot, points_stand_where_the_axes_say) {
    const PlotAxis unit{"x", 0, 1, false};
    const auto place = [&](double x, double y, const PlotAxis& x_axis) {
        return Picture(drawn({{"", x_axis, unit, {one_point(x, y)}}})).find(0xff0000);
    };
    const auto left_low = place(0.25, 0.25, unit);
    const auto right_high = place(0.75, 0.75, unit);
    const auto middle = place(0.5, 0.5, unit);
    EXPECT_GT(left_low.n, 20);
    EXPECT_GT(left_low.first_y, right_high.last_y);
    EXPECT_LT(left_low.last_x, right_high.first_x);
    EXPECT_NEAR(2 * middle.first_x, left_low.first_x + right_high.first_x, 2);
    EXPECT_NEAR(2 * middle.first_y, left_low.first_y + right_high.first_y, 2);
    // A hundredth of the way from 1 to 1e4 in a logarithm is the middle.
    const PlotAxis decades{"x", 1, 1e4, true};
    const auto in_decades = place(100, 0.5, decades);
    EXPECT_NEAR(in_decades.first_x, middle.first_x, 1);
}

TEST(plot, what_is_outside_or_not_a_number_is_not_drawn) {
    const PlotAxis unit{"x", 0, 1, false};
    EXPECT_EQ(Picture(drawn({{"", unit, unit, {one_point(0.5, 7)}}})).find(0xff0000).n, 0);
    EXPECT_EQ(Picture(drawn({{"", unit, unit, {one_point(0.5, NAN)}}})).find(0xff0000).n, 0);
    const PlotAxis decade{"y", 1, 10, true};
    EXPECT_EQ(Picture(drawn({{"", unit, decade, {one_point(0.5, -1)}}})).find(0xff0000).n, 0);
}

TEST(plot, lines_join_points_and_break_at_a_gap) {
    const PlotAxis unit{"x", 0, 1, false};
    PlotSeries line{.name = "",
                    .colour = blue,
                    .marker = Marker::none,
                    .has_line = true,
                    .x = {0.1, 0.5, 0.9},
                    .y = {0.5, 0.5, 0.5},
                    .error = {}};
    const auto width = [](const Picture::Found& found) { return found.last_x - found.first_x; };
    const auto ink = [&](const PlotSeries& series) {
        return Picture(drawn({{"", unit, unit, {series}}})).find(0x0000ff);
    };
    const int whole = width(ink(line));
    EXPECT_GT(whole, 300);
    line.y[2] = NAN;
    EXPECT_NEAR(width(ink(line)), whole / 2, 3);
    line.y[1] = NAN;
    EXPECT_EQ(ink(line).n, 0);
}

TEST(plot, error_bars_are_as_long_as_the_error) {
    const PlotAxis unit{"x", 0, 1, false};
    PlotSeries point = one_point(0.5, 0.5);
    point.marker = Marker::none;
    point.error = {0.1};
    const auto height = [&] {
        const auto found = Picture(drawn({{"", unit, unit, {point}}})).find(0xff0000);
        return found.last_y - found.first_y;
    };
    const int once = height();
    EXPECT_GT(once, 20);
    point.error = {0.2};
    EXPECT_NEAR(height(), 2 * once, 3);
}

TEST(plot, panels_stand_below_one_another_and_the_legend_names_series) {
    const PlotAxis unit{"x", 0, 1, false};
    PlotSeries named = one_point(0.5, 0.5);
    named.name = "a name";
    const Picture picture(drawn({{"one", unit, unit, {named}}, {"two", unit, unit, {}}}));
    EXPECT_EQ(picture.width(), 600);
    EXPECT_EQ(picture.height(), 600);
    EXPECT_EQ(picture.find(0xff0000, 300).n, 0);
    // The point, and its like in the legend beside the frame.
    const auto both = picture.find(0xff0000, 0, 300);
    EXPECT_GT(both.last_x - both.first_x, 150);
    EXPECT_THROW(draw_plot("/nowhere-at-all/plot.png", std::vector<PlotPanel>(1), 600, 300),
                 base::Error);
}

TEST(plot, ticks_are_round_and_inside) {
    using Values = std::vector<double>;
    EXPECT_EQ(plot_ticks({"", 0, 1, false}, 5), (Values{0, 0.2, 0.4, 0.2 * 3, 0.8, 1}));
    EXPECT_EQ(plot_ticks({"", 0, 181, false}, 9), (Values{0, 50, 100, 150}));
    EXPECT_EQ(plot_ticks({"", 1, 10, true}, 5), (Values{1, 2, 5, 10}));
    EXPECT_EQ(plot_ticks({"", 30, 2e5, true}, 5), (Values{100, 1e3, 1e4, 1e5}));
}

TEST(plot, an_axis_holds_its_values) {
    const PlotAxis axis = axis_around("t", std::vector<double>{3, NAN, -1, 7});
    EXPECT_LT(axis.low, -1);
    EXPECT_GT(axis.high, 7);
    EXPECT_LT(axis.high - axis.low, 10);
    const PlotAxis of_one = axis_around("t", std::vector<double>{0});
    EXPECT_LT(of_one.low, 0);
    EXPECT_GT(of_one.high, 0);
    const PlotAxis of_none = axis_around("t", {});
    EXPECT_EQ(of_none.low, 0);
    EXPECT_EQ(of_none.high, 1);
}

}  // namespace
}  // namespace faintweb::report
