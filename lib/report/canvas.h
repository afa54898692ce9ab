// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <cairo.h>

#include "lib/report/colour_map.h"

namespace faintweb::report {

enum class Align { left, centre, right };

/// A sheet to draw on, in pixels from the upper left corner. Owns its Cairo surface and context.
class Canvas {
  public:
    Canvas(int width_px, int height_px, Colour background);

    cairo_t* context() const { return context_.get(); }

    void set_colour(Colour colour, double opacity = 1.0) const;
    void line(double x0, double y0, double x1, double y1, double width_px) const;
    void fill_rectangle(double x, double y, double width, double height) const;
    /// Paints opaque pixels (0xRRGGBB, row by row from the top) with their upper left corner at x,
    /// y.
    void paint_pixels(double x, double y, int width, int height, std::uint32_t* pixels) const;

    /// Writes one line of text; y is its base line. Text wider than max_width_px is cut short.
    void text(double x,
              double y,
              double size_px,
              Align align,
              std::string_view text,
              double max_width_px = 1e9) const;
    double text_width(double size_px, std::string_view text) const;

    /// Writes the sheet as PNG beside `path` and renames it.
    /// @throws InputError, DiskError  if the file cannot be written.
    void write_png(const std::string& path) const;

  private:
    struct Closer {
        void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
        void operator()(cairo_t* context) const { cairo_destroy(context); }
    };
    std::unique_ptr<cairo_surface_t, Closer> surface_;
    std::unique_ptr<cairo_t, Closer> context_;
};

/// The text with every byte that is no valid UTF-8 or is a control character replaced by '?'. Cairo
/// stops drawing for good at an invalid string, and map names may hold anything.
std::string printable_text(std::string_view text);

}  // namespace faintweb::report
