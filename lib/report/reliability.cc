// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/reliability.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/core.h>

#include "lib/base/file.h"
#include "lib/report/canvas.h"

namespace faintweb::report {
namespace {

constexpr int size_px = 560;
constexpr double margin_px = 70;
constexpr double plot_px = size_px - 2 * margin_px;
constexpr double text_px = 14;

double x_of(double probability) {
    return margin_px + probability * plot_px;
}
double y_of(double part) {
    return size_px - margin_px - std::clamp(part, 0.0, 1.0) * plot_px;
}

void draw_axes(const Canvas& canvas) {
    canvas.set_colour({0, 0, 0});
    constexpr int n_ticks = 5;
    for (int tick = 0; tick <= n_ticks; ++tick) {
        const double value = static_cast<double>(tick) / n_ticks;
        canvas.line(x_of(value), y_of(0), x_of(value), y_of(0) + 5, 1);
        canvas.line(x_of(0) - 5, y_of(value), x_of(0), y_of(value), 1);
        canvas.text(x_of(value), y_of(0) + 22, text_px, Align::centre, fmt::format("{:g}", value));
        canvas.text(x_of(0) - 9, y_of(value) + 5, text_px, Align::right,
                    fmt::format("{:g}", value));
    }
    for (const double end : {0.0, 1.0}) {
        canvas.line(x_of(0), y_of(end), x_of(1), y_of(end), 1);
        canvas.line(x_of(end), y_of(0), x_of(end), y_of(1), 1);
    }
    canvas.text(x_of(0.5), size_px - 20, text_px, Align::centre, "probability");
    cairo_save(canvas.context());
    cairo_translate(canvas.context(), 22, y_of(0.5));
    cairo_rotate(canvas.context(), -std::numbers::pi / 2);
    canvas.text(0, 0, text_px, Align::centre, "part of the tiles that is signal");
    cairo_restore(canvas.context());
}

}  // namespace

void write_reliability(const std::string& path,
                       const score::Reliability& reliability,
                       const std::string& title) {
    base::write_file(path + ".csv", score::reliability_csv(reliability));
    const Canvas canvas(size_px, size_px, {1, 1, 1});
    draw_axes(canvas);
    canvas.text(x_of(0), y_of(1) - 32, text_px + 2, Align::left, title, plot_px);
    canvas.text(
        x_of(0), y_of(1) - 12, text_px, Align::left,
        fmt::format("expected calibration error {:g}, {} tiles",
                    std::round(1e4 * reliability.expected_error) / 1e4, reliability.n_tiles),
        plot_px);
    canvas.set_colour({0.6, 0.6, 0.6});
    canvas.line(x_of(0), y_of(0), x_of(1), y_of(1), 1);
    canvas.set_colour({0.1, 0.3, 0.7});
    for (const score::ReliabilityBin& bin : reliability.bins) {
        const double x = x_of(bin.probability);
        canvas.line(x, y_of(bin.signal_part - bin.sigma), x, y_of(bin.signal_part + bin.sigma),
                    1.5);
        constexpr double half_px = 4;
        canvas.fill_rectangle(x - half_px, y_of(bin.signal_part) - half_px, 2 * half_px,
                              2 * half_px);
    }
    canvas.write_png(path + ".png");
}

}  // namespace faintweb::report
