// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <numbers>
#include <utility>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/report/canvas.h"
#include "lib/report/colour_map.h"
#include "lib/report/sky_ticks.h"

namespace faintweb::report {

namespace {

// Sizes on the sheet, pixels.
struct Sizes {
    int largest_picture;
    int usual_picture;  // small images are enlarged to about this
    int margin_left;
    int margin_right;  // colour bar and its numbers
    int margin_top;
    int margin_bottom;  // axis and the first line of the legend
    double text;
    double title;
    double small;
};
constexpr Sizes alone{1400, 800, 84, 110, 52, 86, 13, 17, 11};
constexpr Sizes in_row{640, 500, 84, 130, 72, 120, 18, 23, 15.5};
constexpr int least_picture_width = 420;

constexpr Colour white{1, 1, 1};
constexpr Colour black{0, 0, 0};
constexpr Colour blank_grey{0.45, 0.47, 0.5};
constexpr Colour swatch_colour{0.15, 0.05, 0.25};  // dark, as most of a map is
// Cold colours and white stay clear of the warm colour map. They differ in lightness and in line
// style too, so that no pair needs colour vision to be told apart.
constexpr Colour cyan{0.25, 0.88, 1.0};
constexpr Colour lime{0.45, 1.0, 0.2};

/// How an image gets its size on the sheet: block means of bin x bin pixels, or each pixel
/// enlarged.
struct Zoom {
    int bin = 1;
    int enlarge = 1;
    double sheet_px_per_pixel() const { return static_cast<double>(enlarge) / bin; }
};

Zoom choose_zoom(const Sizes& sizes, std::int64_t rows, std::int64_t cols) {
    const auto longest = std::max<std::int64_t>({rows, cols, 1});
    const double enlarge = sizes.usual_picture / static_cast<double>(longest);
    return {.bin = static_cast<int>((longest + sizes.largest_picture - 1) / sizes.largest_picture),
            .enlarge = std::max(1, static_cast<int>(std::lround(enlarge)))};
}

/// Means over bin x bin pixels without the blanks; blank where there is nothing else.
image::Image block_means(const image::Image& image, int bin) {
    if (bin == 1) {
        return image;
    }
    image::Image means =
        image::make_image((image.rows + bin - 1) / bin, (image.cols + bin - 1) / bin);
    std::vector<double> sums(static_cast<std::size_t>(means.cols));
    std::vector<int> counts(sums.size());
    for (std::int64_t row = 0; row < means.rows; ++row) {
        std::ranges::fill(sums, 0.0);
        std::ranges::fill(counts, 0);
        for (std::int64_t y = row * bin; y < std::min(image.rows, (row + 1) * bin); ++y) {
            for (std::int64_t x = 0; x < image.cols; ++x) {
                if (const float value = image.at(y, x); std::isfinite(value)) {
                    sums[static_cast<std::size_t>(x / bin)] += static_cast<double>(value);
                    ++counts[static_cast<std::size_t>(x / bin)];
                }
            }
        }
        for (std::size_t col = 0; col < sums.size(); ++col) {
            means.row(row)[col] = counts[col] > 0 ? static_cast<float>(sums[col] / counts[col])
                                                  : std::numeric_limits<float>::quiet_NaN();
        }
    }
    return means;
}

std::uint32_t rgb24(Colour colour) {
    const auto byte = [](double channel) {
        return static_cast<std::uint32_t>(std::lround(255 * channel));
    };
    return byte(colour.red) << 16U | byte(colour.green) << 8U | byte(colour.blue);
}

/// How the outline of a tile is drawn.
struct MarkStyle {
    Colour colour;
    bool is_dashed = false;
    bool has_diagonal = false;
    const char* meaning = "";
};

MarkStyle mark_style(catalogue::Outcome outcome) {
    switch (outcome) {
        case catalogue::Outcome::signal_missed:
            return {.colour = white, .is_dashed = true, .meaning = "signal missed"};
        case catalogue::Outcome::noise_called_signal:
            return {.colour = lime, .has_diagonal = true, .meaning = "noise called signal"};
        default:
            return {.colour = cyan, .meaning = "signal found"};
    }
}

/// A line just inside the given square, so that the outlines of neighbours lie side by side.
void outline(const Canvas& canvas,
             double x,
             double y,
             double width,
             double height,
             const MarkStyle& style,
             double opacity) {
    cairo_t* const context = canvas.context();
    const double line = std::clamp(std::round(width / 12), 1.0, 3.0);
    canvas.set_colour(style.colour, opacity);
    if (style.has_diagonal) {
        canvas.line(x + line, y + height - line, x + width - line, y + line,
                    std::max(1.0, line / 2));
    }
    if (style.is_dashed) {
        const double dash = std::max(2.0, (width - line) / 7);
        cairo_set_dash(context, &dash, 1, 0);
    }
    cairo_set_line_width(context, line);
    cairo_rectangle(context, x + line / 2, y + line / 2, width - line, height - line);
    cairo_stroke(context);
    cairo_set_dash(context, nullptr, 0, 0);
}

/// From hardly to fully opaque for probabilities from 0.5 to 1.
double opacity_of(float probability) {
    return 0.3 + 0.7 * std::clamp(2 * static_cast<double>(probability) - 1, 0.0, 1.0);
}

/// One picture with its title, axes, colour bar and legend, somewhere on a sheet.
class Panel {
  public:
    Panel(const FieldPicture& field, const Sizes& sizes)
        : field_(field),
          sizes_(sizes),
          zoom_(choose_zoom(sizes, field.pixels.rows, field.pixels.cols)),
          shown_(block_means(field.pixels, zoom_.bin)),
          stretch_(field.stretch ? *field.stretch
                                 : choose_stretch(shown_, field.stretch_kind, field.floor)),
          width_(static_cast<int>(shown_.cols) * zoom_.enlarge),
          height_(static_cast<int>(shown_.rows) * zoom_.enlarge) {
        FAINTWEB_EXPECTS(field.tiles.empty() || field.tile_px > 0);
    }

    int sheet_width() const {
        return sizes_.margin_left + std::max(width_, least_picture_width) + sizes_.margin_right;
    }
    int sheet_height() const {
        const int n_more_lines = has_tile_legend() && has_circle_legend() ? 1 : 0;
        return sizes_.margin_top + height_ + sizes_.margin_bottom +
               n_more_lines * static_cast<int>(scaled(legend_line));
    }

    /// @param left  where the panel begins on the sheet.
    void draw(const Canvas& canvas, int left) {
        left_ = left + sizes_.margin_left;
        draw_title(canvas);
        draw_pixels(canvas);
        draw_marks(canvas, [&] { draw_circles(canvas); });
        draw_scale_bar(canvas);
        draw_beam(canvas);
        draw_marks(canvas, [&] { draw_tiles(canvas); });  // which nothing must hide
        draw_axes(canvas);
        draw_colour_bar(canvas);
        draw_legend(canvas);
    }

  private:
    static constexpr double legend_line = 28;

    bool has_tile_legend() const {
        return field_.tiles_show != TilesShow::detections || !field_.tiles.empty();
    }
    bool has_circle_legend() const { return !field_.circles_meaning.empty(); }

    /// A length that goes with the size of the text.
    double scaled(double length) const { return length * sizes_.text / alone.text; }
    // Map pixels to the sheet: the middle of pixel i is i. Row 0 is at the bottom.
    double sheet_x(double x_px) const {
        return left_ + (x_px + 0.5 - field_.x0_px) * zoom_.sheet_px_per_pixel();
    }
    double sheet_y(double y_px) const {
        return bottom() - (y_px + 0.5 - field_.y0_px) * zoom_.sheet_px_per_pixel();
    }
    double bottom() const { return sizes_.margin_top + height_; }
    /// What fits in, of the range of the picture's own height or width.
    static int n_ticks(int length, double least_distance) {
        return std::clamp(static_cast<int>(length / least_distance), 1, 8);
    }

    void draw_title(const Canvas& canvas) const {
        const double room = sheet_width() - sizes_.margin_left - 20;
        canvas.set_colour(black);
        canvas.text(left_, scaled(24), sizes_.title, Align::left, field_.title, room);
        std::string facts = fmt::format("{} × {} px", field_.pixels.cols, field_.pixels.rows);
        if (field_.pixel_arcsec > 0) {
            facts += " of " + number_text(field_.pixel_arcsec) + " arcsec";
        }
        if (zoom_.bin > 1) {
            facts += fmt::format(", shown in means of {} × {} px", zoom_.bin, zoom_.bin);
        }
        canvas.set_colour({0.35, 0.35, 0.35});
        canvas.text(left_, scaled(43), sizes_.text, Align::left, facts, room);
    }

    void draw_pixels(const Canvas& canvas) const {
        if (width_ == 0 || height_ == 0) {
            return;
        }
        // 96 colours are more than the eye tells apart in noise, and noise in them packs better.
        constexpr int n_colours = 96;
        std::array<std::uint32_t, n_colours> colours{};
        for (int i = 0; i < n_colours; ++i) {
            colours[static_cast<std::size_t>(i)] =
                rgb24(inferno(static_cast<double>(i) / (n_colours - 1)));
        }
        std::vector<std::uint32_t> pixels(static_cast<std::size_t>(width_) *
                                          static_cast<std::size_t>(height_));
        auto out = pixels.begin();
        for (int y = 0; y < height_; ++y) {
            const auto row = shown_.row((height_ - 1 - y) / zoom_.enlarge);
            for (const float value : row) {
                const auto step = static_cast<std::size_t>(
                    std::lround((n_colours - 1) * stretch_.position(static_cast<double>(value))));
                out = std::fill_n(out, zoom_.enlarge,
                                  std::isfinite(value) ? colours[step] : rgb24(blank_grey));
            }
        }
        canvas.paint_pixels(left_, sizes_.margin_top, width_, height_, pixels.data());
    }

    /// Draws, but only on the picture: what is marked may reach beyond it.
    template <typename Draw>
    void draw_marks(const Canvas& canvas, const Draw& draw) const {
        cairo_save(canvas.context());
        cairo_rectangle(canvas.context(), left_, sizes_.margin_top, width_, height_);
        cairo_clip(canvas.context());
        draw();
        cairo_restore(canvas.context());
    }

    void draw_circles(const Canvas& canvas) const {
        for (const Circle& circle : field_.circles) {
            draw_ring(canvas, sheet_x(circle.x_px), sheet_y(circle.y_px),
                      circle.radius_px * zoom_.sheet_px_per_pixel());
        }
    }

    /// White with a dark edge: seen on any colour of the map.
    static void draw_ring(const Canvas& canvas, double x, double y, double radius) {
        cairo_new_sub_path(canvas.context());
        cairo_arc(canvas.context(), x, y, radius, 0, 2 * std::numbers::pi);
        canvas.set_colour(black, 0.5);
        cairo_set_line_width(canvas.context(), 3.5);
        cairo_stroke_preserve(canvas.context());
        canvas.set_colour(white);
        cairo_set_line_width(canvas.context(), 1.5);
        cairo_stroke(canvas.context());
    }

    void draw_tiles(const Canvas& canvas) const {
        const double tile_size = static_cast<double>(field_.tile_px) * zoom_.sheet_px_per_pixel();
        constexpr std::size_t most_with_text = 60;
        const bool has_probability = field_.tiles_show == TilesShow::detections;
        const bool has_text =
            has_probability && field_.tiles.size() <= most_with_text && tile_size >= 34;
        for (const TileMark& mark : field_.tiles) {
            const double x = sheet_x(static_cast<double>(mark.x0_px) - 0.5);
            const double y = sheet_y(static_cast<double>(mark.y0_px + field_.tile_px) - 0.5);
            const double opacity = has_probability ? opacity_of(mark.probability) : 1.0;
            outline(canvas, x, y, tile_size, tile_size, mark_style(mark.outcome), opacity);
            if (has_text) {
                const std::string probability = number_text(mark.probability, 2);
                canvas.set_colour(black, 0.6);
                canvas.fill_rectangle(x + 4, y + 4,
                                      canvas.text_width(sizes_.small, probability) + 6, scaled(15));
                canvas.set_colour(white);
                canvas.text(x + 7, y + scaled(16), sizes_.small, Align::left, probability);
            }
        }
    }

    void draw_scale_bar(const Canvas& canvas) const {
        if (!(field_.pixel_arcsec > 0)) {
            return;
        }
        const double sheet_px_per_arcsec = zoom_.sheet_px_per_pixel() / field_.pixel_arcsec;
        const double longest_arcsec = 0.22 * width_ / sheet_px_per_arcsec;
        struct Length {
            double arcsec;
            const char* label;
        };
        static constexpr Length lengths[] = {
            {1, "1 arcsec"},       {5, "5 arcsec"},       {10, "10 arcsec"},   {30, "30 arcsec"},
            {60, "1 arcmin"},      {120, "2 arcmin"},     {300, "5 arcmin"},   {600, "10 arcmin"},
            {1200, "20 arcmin"},   {1800, "30 arcmin"},   {3600, "60 arcmin"}, {7200, "120 arcmin"},
            {18000, "300 arcmin"}, {36000, "600 arcmin"},
        };
        const Length* bar = nullptr;
        for (const Length& length : lengths) {
            bar = length.arcsec <= longest_arcsec ? &length : bar;
        }
        if (bar == nullptr || height_ < 60) {
            return;
        }
        const double length = bar->arcsec * sheet_px_per_arcsec;
        const double label_width = canvas.text_width(sizes_.text, bar->label);
        const double plate_width = std::max(length, label_width) + 20;
        if (plate_width + 20 > width_) {
            return;
        }
        const double plate_x = left_ + width_ - plate_width - 10;
        const double plate_height = scaled(38);
        const double plate_y = bottom() - plate_height - 10;
        canvas.set_colour(black, 0.6);
        canvas.fill_rectangle(plate_x, plate_y, plate_width, plate_height);
        canvas.set_colour(white);
        const double middle = plate_x + plate_width / 2;
        canvas.text(middle, plate_y + scaled(17), sizes_.text, Align::centre, bar->label);
        const double line_y = plate_y + scaled(28);
        canvas.line(middle - length / 2, line_y, middle + length / 2, line_y, 3);
    }

    void draw_beam(const Canvas& canvas) const {
        if (!field_.beam || !(field_.pixel_arcsec > 0)) {
            return;
        }
        const double sheet_px_per_arcsec = zoom_.sheet_px_per_pixel() / field_.pixel_arcsec;
        const double major = field_.beam->major_arcsec * sheet_px_per_arcsec;
        const double minor = field_.beam->minor_arcsec * sheet_px_per_arcsec;
        // A dot shows nothing, and a beam of half the picture only hides it.
        if (!(minor >= 4 && major <= 0.25 * std::min(width_, height_))) {
            return;
        }
        const double plate = std::max(major, 16.0) + 12;
        const double plate_x = left_ + 10;
        const double plate_y = bottom() - plate - 10;
        canvas.set_colour(black, 0.6);
        canvas.fill_rectangle(plate_x, plate_y, plate, plate);
        cairo_t* const context = canvas.context();
        cairo_save(context);
        cairo_translate(context, plate_x + plate / 2, plate_y + plate / 2);
        // From north (up) through east (left): against the clock, while Cairo turns with it.
        cairo_rotate(context, -field_.beam->angle_deg * std::numbers::pi / 180);
        cairo_scale(context, minor / 2, major / 2);
        cairo_arc(context, 0, 0, 1, 0, 2 * std::numbers::pi);
        cairo_restore(context);
        canvas.set_colour(white);
        cairo_fill(context);
    }

    void draw_axes(const Canvas& canvas) const {
        const double x_first = field_.x0_px - 0.5;
        const double x_last = x_first + static_cast<double>(field_.pixels.cols);
        const double y_first = field_.y0_px - 0.5;
        const double y_last = y_first + static_cast<double>(field_.pixels.rows);
        const bool on_sky = field_.wcs != nullptr;
        const int n_x = n_ticks(width_, scaled(on_sky ? 120 : 80));
        const int n_y = n_ticks(height_, scaled(60));
        const auto x_ticks = on_sky ? ra_ticks(*field_.wcs, y_first, x_first, x_last, n_x)
                                    : pixel_ticks(x_first, x_last, n_x);
        const auto y_ticks = on_sky ? dec_ticks(*field_.wcs, x_first, y_first, y_last, n_y)
                                    : pixel_ticks(y_first, y_last, n_y);

        canvas.set_colour(black);
        draw_frame(canvas, left_, width_);
        for (const AxisTick& tick : x_ticks) {
            const double x = sheet_x(tick.place_px);
            canvas.line(x, bottom(), x, bottom() + 5, 1);
            canvas.text(x, bottom() + scaled(18), sizes_.small, Align::centre, tick.label);
        }
        double widest = 0;
        for (const AxisTick& tick : y_ticks) {
            const double y = sheet_y(tick.place_px);
            canvas.line(left_ - 5, y, left_, y, 1);
            canvas.text(left_ - 8, y + scaled(4), sizes_.small, Align::right, tick.label);
            widest = std::max(widest, canvas.text_width(sizes_.small, tick.label));
        }
        canvas.text(left_ + width_ / 2.0, bottom() + scaled(35), sizes_.text, Align::centre,
                    on_sky ? "right ascension" : "x, map pixels");
        draw_upwards(canvas, left_ - 16 - widest, on_sky ? "declination" : "y, map pixels");
    }

    /// A line around the picture's height.
    void draw_frame(const Canvas& canvas, double x, double width) const {
        cairo_set_line_width(canvas.context(), 1);
        cairo_rectangle(canvas.context(), x - 0.5, sizes_.margin_top - 0.5, width + 1, height_ + 1);
        cairo_stroke(canvas.context());
    }

    void draw_colour_bar(const Canvas& canvas) const {
        if (height_ < 60) {
            return;
        }
        const double x = left_ + width_ + 14;
        constexpr double bar_width = 18;
        for (int y = 0; y < height_; ++y) {
            canvas.set_colour(inferno(1 - (y + 0.5) / height_));
            canvas.fill_rectangle(x, sizes_.margin_top + y, bar_width, 1);
        }
        canvas.set_colour(black);
        draw_frame(canvas, x, bar_width);
        const bool is_brightness = field_.unit.empty();
        double widest = 0;
        for (const double tick : colour_bar_ticks(stretch_, scaled(18) / height_)) {
            const double y = bottom() - height_ * stretch_.position(tick);
            canvas.line(x + bar_width, y, x + bar_width + 4, y, 1);
            const std::string label = number_text(is_brightness ? tick * micro : tick);
            canvas.text(x + bar_width + 7, y + scaled(4), sizes_.small, Align::left, label);
            widest = std::max(widest, canvas.text_width(sizes_.small, label));
        }
        draw_upwards(canvas, x + bar_width + 11 + sizes_.text + widest,
                     is_brightness ? "µJy/arcsec²" : field_.unit);
    }

    void draw_legend(const Canvas& canvas) const {
        double y = bottom() + scaled(52);
        if (has_tile_legend()) {
            draw_tile_legend(canvas, y);
            y += scaled(legend_line);
        }
        if (has_circle_legend()) {
            const double swatch = scaled(20);
            const double text_x = left_ + swatch + scaled(6);
            canvas.set_colour(swatch_colour);
            canvas.fill_rectangle(left_, y, swatch, swatch);
            draw_ring(canvas, left_ + swatch / 2, y + swatch / 2, 0.35 * swatch);
            canvas.set_colour(black);
            canvas.text(text_x, y + scaled(15), sizes_.text, Align::left, field_.circles_meaning,
                        legend_end() - text_x);
        }
    }

    double legend_end() const { return left_ - sizes_.margin_left + sheet_width() - 10; }

    void draw_tile_legend(const Canvas& canvas, double y) const {
        double x = left_;
        const auto entry = [&](const MarkStyle& style, double opacity, const std::string& meaning) {
            const double swatch = scaled(20);
            const double text_x = x + swatch + scaled(6);
            const double text_end = text_x + canvas.text_width(sizes_.text, meaning);
            if (text_end > legend_end()) {
                return;
            }
            canvas.set_colour(swatch_colour);
            canvas.fill_rectangle(x, y, swatch, swatch);
            outline(canvas, x, y, swatch, swatch, style, opacity);
            canvas.set_colour(black);
            canvas.text(text_x, y + scaled(15), sizes_.text, Align::left, meaning);
            x = text_end + scaled(20);
        };
        const MarkStyle plain = mark_style(catalogue::Outcome::none);
        switch (field_.tiles_show) {
            case TilesShow::detections:
                entry(plain, 1.0, fmt::format("{} tiles called signal", field_.tiles.size()));
                entry(plain, opacity_of(0.5F), "probability 0.5");
                entry(plain, opacity_of(1.0F), "1");
                break;
            case TilesShow::labels:
                entry(plain, 1.0, field_.labels_meaning);
                break;
            case TilesShow::outcomes:
                for (const auto outcome :
                     {catalogue::Outcome::signal_found, catalogue::Outcome::signal_missed,
                      catalogue::Outcome::noise_called_signal}) {
                    const auto n = std::ranges::count(field_.tiles, outcome, &TileMark::outcome);
                    const MarkStyle style = mark_style(outcome);
                    entry(style, 1.0,
                          fmt::format("{} {}: {}", catalogue::outcome_name(outcome), style.meaning,
                                      n));
                }
                break;
        }
    }

    /// Text that reads from the bottom to the top, at half the picture's height.
    void draw_upwards(const Canvas& canvas, double x, const std::string& text) const {
        cairo_save(canvas.context());
        cairo_translate(canvas.context(), x, sizes_.margin_top + height_ / 2.0);
        cairo_rotate(canvas.context(), -std::numbers::pi / 2);
        canvas.text(0, 0, sizes_.text, Align::centre, text);
        cairo_restore(canvas.context());
    }

    static constexpr double micro = 1e6;  // Jy/arcsec2 to µJy/arcsec2

    const FieldPicture& field_;
    const Sizes& sizes_;
    Zoom zoom_;
    image::Image shown_;
    Stretch stretch_;
    int width_;
    int height_;
    int left_ = 0;
};

}  // namespace

std::string number_text(double number, int n_digits) {
    std::array<char, 40> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.*g", n_digits, number);
    std::string text = buffer.data();
    for (const auto& [from, to] : {std::pair{"e+0", "e"}, {"e+", "e"}, {"e-0", "e-"}}) {
        if (const std::size_t place = text.find(from); place != std::string::npos) {
            text.replace(place, std::strlen(from), to);
        }
    }
    return text;
}

void draw_row(const std::string& path, std::span<const FieldPicture> fields) {
    FAINTWEB_EXPECTS(!fields.empty() && fields.size() <= most_in_row);
    std::vector<Panel> panels;
    int width = 0;
    int height = 0;
    for (const FieldPicture& field : fields) {
        panels.emplace_back(field, fields.size() == 1 ? alone : in_row);
        width += panels.back().sheet_width();
        height = std::max(height, panels.back().sheet_height());
    }
    const Canvas canvas(width, height, white);
    int left = 0;
    for (Panel& panel : panels) {
        panel.draw(canvas, left);
        left += panel.sheet_width();
    }
    canvas.write_png(path);
}

void draw_field(const std::string& path, const FieldPicture& field) {
    draw_row(path, std::span(&field, 1));
}

}  // namespace faintweb::report
