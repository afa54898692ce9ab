// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/report/colour_map.h"

namespace faintweb::report {

enum class Marker { none, circle, square, diamond, triangle };

/// One axis of a panel, from low to high.
struct PlotAxis {
    std::string title;
    double low = 0;
    double high = 1;      ///< > low
    bool is_log = false;  ///< low > 0 then
};

/// Points that belong together. A point with a NaN is left out, and a line broken there.
struct PlotSeries {
    std::string name;  ///< in the legend; empty: not there
    Colour colour;
    Marker marker = Marker::circle;
    bool has_line = false;
    std::vector<double> x;
    std::vector<double> y;      ///< as many
    std::vector<double> error;  ///< half length of each point's bar, or empty
};

/// One pair of axes with the series that are drawn in it.
struct PlotPanel {
    std::string title;
    PlotAxis x;
    PlotAxis y;
    std::vector<PlotSeries> series;
};

/// Round numbers along an axis, ascending: at most about n_wanted, steps of 1, 2 or 5 times a power
/// of ten; on a logarithmic axis powers of ten, with 2 and 5 between them where it is short.
std::vector<double> plot_ticks(const PlotAxis& axis, int n_wanted);

/// An axis that holds all the values with a little room. [0, 1] if there are none.
PlotAxis axis_around(const std::string& title, std::span<const double> values);

/// Draws panels below one another as PNG, each with frame, ticks, titles and a legend at its right.
///
/// What lies outside an axis is cut off at the frame.
///
/// @param width_px, panel_height_px  of the sheet and of one panel with its margins; >= 200.
/// @throws InputError, DiskError  if the file cannot be written.
void draw_plot(const std::string& path,
               std::span<const PlotPanel> panels,
               int width_px,
               int panel_height_px);

}  // namespace faintweb::report
