// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/plot.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/report/canvas.h"

namespace faintweb::report {
namespace {

constexpr Colour ink{0.1, 0.1, 0.1};
constexpr Colour grid_colour{0.85, 0.85, 0.85};
constexpr double letter_px = 14;
constexpr double marker_px = 4;  ///< half width
constexpr double left_px = 80;
constexpr double top_px = 34;
constexpr double bottom_px = 52;
constexpr double right_px = 20;

struct Box {
    double x = 0;
    double y = 0;
    double width = 0;
    double height = 0;
};

/// Position on an axis, 0 at its low end and 1 at its high end.
double position(const PlotAxis& axis, double value) {
    return axis.is_log ? std::log(value / axis.low) / std::log(axis.high / axis.low)
                       : (value - axis.low) / (axis.high - axis.low);
}

struct Point {
    double x = 0;
    double y = 0;
    bool is_finite() const { return std::isfinite(x) && std::isfinite(y); }
};

Point place(const PlotPanel& panel, const Box& box, double x, double y) {
    return {box.x + box.width * position(panel.x, x),
            box.y + box.height * (1 - position(panel.y, y))};
}

void draw_marker(const Canvas& canvas, Marker marker, const Point& at) {
    cairo_t* const context = canvas.context();
    const double r = marker_px;
    switch (marker) {
        case Marker::none:
            return;
        case Marker::circle:
            cairo_arc(context, at.x, at.y, r, 0, 2 * std::numbers::pi);
            break;
        case Marker::square:
            cairo_rectangle(context, at.x - r, at.y - r, 2 * r, 2 * r);
            break;
        case Marker::diamond:
            cairo_move_to(context, at.x, at.y - 1.3 * r);
            cairo_line_to(context, at.x + 1.3 * r, at.y);
            cairo_line_to(context, at.x, at.y + 1.3 * r);
            cairo_line_to(context, at.x - 1.3 * r, at.y);
            cairo_close_path(context);
            break;
        case Marker::triangle:
            cairo_move_to(context, at.x, at.y - 1.2 * r);
            cairo_line_to(context, at.x + 1.2 * r, at.y + r);
            cairo_line_to(context, at.x - 1.2 * r, at.y + r);
            cairo_close_path(context);
            break;
    }
    cairo_fill(context);
}

void draw_series(const Canvas& canvas,
                 const PlotPanel& panel,
                 const PlotSeries& series,
                 const Box& box) {
    FAINTWEB_EXPECTS(series.x.size() == series.y.size());
    FAINTWEB_EXPECTS(series.error.empty() || series.error.size() == series.y.size());
    canvas.set_colour(series.colour);
    Point last{NAN, NAN};
    for (std::size_t i = 0; i < series.x.size(); ++i) {
        const Point at = place(panel, box, series.x[i], series.y[i]);
        if (at.is_finite()) {
            if (series.has_line && last.is_finite()) {
                canvas.line(last.x, last.y, at.x, at.y, 1.5);
            }
            if (!series.error.empty() && std::isfinite(series.error[i])) {
                const auto end = [&](double sign) {
                    const double y =
                        place(panel, box, series.x[i], series.y[i] + sign * series.error[i]).y;
                    // A bar of a logarithmic axis may reach below zero.
                    return std::isfinite(y) ? y : box.y + box.height;
                };
                canvas.line(at.x, end(1), at.x, end(-1), 1.5);
            }
            draw_marker(canvas, series.marker, at);
        }
        last = at;
    }
}

void draw_axes(const Canvas& canvas, const PlotPanel& panel, const Box& box) {
    const double bottom = box.y + box.height;
    for (const double value : plot_ticks(panel.x, static_cast<int>(box.width / 80))) {
        const double x = box.x + box.width * position(panel.x, value);
        canvas.set_colour(grid_colour);
        canvas.line(x, box.y, x, bottom, 1);
        canvas.set_colour(ink);
        canvas.text(x, bottom + letter_px + 4, letter_px, Align::centre,
                    fmt::format("{:g}", value));
    }
    for (const double value : plot_ticks(panel.y, static_cast<int>(box.height / 40))) {
        const double y = box.y + box.height * (1 - position(panel.y, value));
        canvas.set_colour(grid_colour);
        canvas.line(box.x, y, box.x + box.width, y, 1);
        canvas.set_colour(ink);
        canvas.text(box.x - 8, y + letter_px / 3, letter_px, Align::right,
                    fmt::format("{:g}", value));
    }
    canvas.text(box.x + box.width / 2, bottom + 2 * letter_px + 14, letter_px, Align::centre,
                panel.x.title);
    canvas.text(box.x, box.y - 10, letter_px, Align::left, panel.title, box.width);
    cairo_t* const context = canvas.context();
    cairo_save(context);
    cairo_translate(context, box.x - left_px + letter_px + 4, box.y + box.height / 2);
    cairo_rotate(context, -std::numbers::pi / 2);
    canvas.text(0, 0, letter_px, Align::centre, panel.y.title, box.height);
    cairo_restore(context);
}

void draw_frame(const Canvas& canvas, const Box& box) {
    canvas.set_colour(ink);
    cairo_set_line_width(canvas.context(), 1.5);
    cairo_rectangle(canvas.context(), box.x, box.y, box.width, box.height);
    cairo_stroke(canvas.context());
}

void draw_legend(const Canvas& canvas, const PlotPanel& panel, const Box& box) {
    double y = box.y + letter_px;
    const double x = box.x + box.width + 14;
    for (const PlotSeries& series : panel.series) {
        if (series.name.empty()) {
            continue;
        }
        canvas.set_colour(series.colour);
        if (series.has_line) {
            canvas.line(x, y - letter_px / 3, x + 20, y - letter_px / 3, 1.5);
        }
        draw_marker(canvas, series.marker, {x + 10, y - letter_px / 3});
        canvas.set_colour(ink);
        canvas.text(x + 26, y, letter_px, Align::left, series.name);
        y += letter_px + 5;
    }
}

double legend_width(const Canvas& canvas, std::span<const PlotPanel> panels) {
    double width = 0;
    for (const PlotPanel& panel : panels) {
        for (const PlotSeries& series : panel.series) {
            if (!series.name.empty()) {
                width = std::max(width, 40 + canvas.text_width(letter_px, series.name));
            }
        }
    }
    return width;
}

}  // namespace

std::vector<double> plot_ticks(const PlotAxis& axis, int n_wanted) {
    FAINTWEB_EXPECTS(axis.high > axis.low && (!axis.is_log || axis.low > 0));
    std::vector<double> ticks;
    const double slack = 1e-9;
    if (axis.is_log) {
        const double n_decades = std::log10(axis.high / axis.low);
        const bool is_long = n_decades > 2;
        const int skip =
            std::max(1, static_cast<int>(std::ceil(n_decades / std::max(n_wanted, 1))));
        const int first = static_cast<int>(std::floor(std::log10(axis.low)));
        for (int decade = first; std::pow(10.0, decade) <= axis.high * (1 + slack); ++decade) {
            for (const double digit : {1.0, 2.0, 5.0}) {
                const double value = digit * std::pow(10.0, decade);
                const bool is_wanted = digit == 1 ? (decade - first) % skip == 0 : !is_long;
                if (is_wanted && value >= axis.low * (1 - slack) &&
                    value <= axis.high * (1 + slack)) {
                    ticks.push_back(value);
                }
            }
        }
        return ticks;
    }
    const double range = axis.high - axis.low;
    const double rough = range / std::max(n_wanted, 1);
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    double step = 10 * power;
    for (const double digit : {5.0, 2.0, 1.0}) {
        if (digit * power >= rough * (1 - slack)) {
            step = digit * power;
        }
    }
    for (double k = std::ceil(axis.low / step - slack); k * step <= axis.high + slack * range;
         ++k) {
        ticks.push_back(k * step + 0.0);  // no -0
    }
    return ticks;
}

PlotAxis axis_around(const std::string& title, std::span<const double> values) {
    double low = INFINITY;
    double high = -INFINITY;
    for (const double value : values) {
        if (std::isfinite(value)) {
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    if (low > high) {
        return {title, 0, 1, false};
    }
    const double room = high > low ? 0.04 * (high - low) : std::max(0.5 * std::abs(low), 0.5);
    return {title, low - room, high + room, false};
}

void draw_plot(const std::string& path,
               std::span<const PlotPanel> panels,
               int width_px,
               int panel_height_px) {
    FAINTWEB_EXPECTS(width_px >= 200 && panel_height_px >= 200 && !panels.empty());
    const Canvas canvas(width_px, panel_height_px * static_cast<int>(panels.size()),
                        Colour{1, 1, 1});
    const double legend_px = legend_width(canvas, panels);
    double y = 0;
    for (const PlotPanel& panel : panels) {
        const Box box{left_px, y + top_px,
                      std::max(width_px - left_px - right_px - legend_px, 50.0),
                      panel_height_px - top_px - bottom_px};
        draw_axes(canvas, panel, box);
        cairo_save(canvas.context());
        cairo_rectangle(canvas.context(), box.x, box.y, box.width, box.height);
        cairo_clip(canvas.context());
        for (const PlotSeries& series : panel.series) {
            draw_series(canvas, panel, series, box);
        }
        cairo_restore(canvas.context());
        draw_frame(canvas, box);
        draw_legend(canvas, panel, box);
        y += panel_height_px;
    }
    canvas.write_png(path);
}

}  // namespace faintweb::report
