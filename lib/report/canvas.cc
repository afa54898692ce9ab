// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/canvas.h"

#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <vector>

#include <png.h>

#include "lib/base/file.h"
#include "lib/report/png_mark.h"

namespace faintweb::report {

namespace {

void check(cairo_status_t status) {
    if (status != CAIRO_STATUS_SUCCESS) {
        throw std::runtime_error(std::string("cairo: ") + cairo_status_to_string(status));
    }
}

struct PngWriter {
    PngWriter() : png(png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr)) {
        info = png == nullptr ? nullptr : png_create_info_struct(png);
    }
    ~PngWriter() { png_destroy_write_struct(&png, &info); }
    PngWriter(const PngWriter&) = delete;
    PngWriter& operator=(const PngWriter&) = delete;

    png_structp png = nullptr;
    png_infop info = nullptr;
};

void append_bytes(png_structp png, png_bytep bytes, std::size_t n) {
    static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(bytes), n);
}

void flush_nothing(png_structp) {}

/// Packs a sheet as PNG. Cairo's own writer filters each row, which makes pictures of noise, with
/// their few colours, three times as large.
std::string packed_png(cairo_surface_t* surface) {
    const auto width = static_cast<std::size_t>(cairo_image_surface_get_width(surface));
    const auto height = static_cast<std::size_t>(cairo_image_surface_get_height(surface));
    const auto stride = static_cast<std::size_t>(cairo_image_surface_get_stride(surface));
    const unsigned char* const pixels = cairo_image_surface_get_data(surface);

    // libpng reports errors by longjmp: all that needs a destructor is made before the setjmp.
    std::string bytes;
    std::string key = png_mark_key;
    std::string mark = png_mark;
    std::vector<png_byte> row(3 * width);
    const PngWriter writer;
    if (writer.info == nullptr || setjmp(png_jmpbuf(writer.png)) != 0) {
        throw std::runtime_error("libpng could not pack a picture");
    }
    png_set_write_fn(writer.png, &bytes, append_bytes, flush_nothing);
    png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(width),
                 static_cast<png_uint_32>(height), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_filter(writer.png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
    png_set_compression_level(writer.png, 9);
    png_text software{};
    software.compression = PNG_TEXT_COMPRESSION_NONE;
    software.key = key.data();
    software.text = mark.data();
    software.text_length = mark.size();
    png_set_text(writer.png, writer.info, &software, 1);
    png_write_info(writer.png, writer.info);
    for (std::size_t y = 0; y < height; ++y) {
        for (std::size_t x = 0; x < width; ++x) {
            std::uint32_t pixel = 0;
            std::memcpy(&pixel, pixels + y * stride + 4 * x, sizeof(pixel));
            row[3 * x] = static_cast<png_byte>(pixel >> 16U & 0xffU);
            row[3 * x + 1] = static_cast<png_byte>(pixel >> 8U & 0xffU);
            row[3 * x + 2] = static_cast<png_byte>(pixel & 0xffU);
        }
        png_write_row(writer.png, row.data());
    }
    png_write_end(writer.png, writer.info);
    return bytes;
}

/// Length of the UTF-8 character at the start of the text; 0 if it is none or a control character.
std::size_t character_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) {
        return first >= 0x20 && first != 0x7f ? 1 : 0;
    }
    // Overlong forms, surrogates and values past U+10FFFF are no UTF-8, U+0080 to U+009F are
    // control characters: they show in the second byte.
    struct Form {
        unsigned char first_low, first_high, second_low, second_high;
        std::size_t length;
    };
    static constexpr Form forms[] = {
        {0xc3, 0xdf, 0x80, 0xbf, 2}, {0xc2, 0xc2, 0xa0, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (const Form& form : forms) {
        if (first < form.first_low || first > form.first_high || text.size() < form.length) {
            continue;
        }
        bool is_valid = byte(1) >= form.second_low && byte(1) <= form.second_high;
        for (std::size_t i = 2; i < form.length; ++i) {
            is_valid = is_valid && (byte(i) & 0xc0U) == 0x80U;
        }
        return is_valid ? form.length : 0;
    }
    return 0;
}

void drop_last_character(std::string& text) {
    const auto is_continuation = [&] {
        return (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80U;
    };
    while (text.size() > 1 && is_continuation()) {
        text.pop_back();
    }
    if (!text.empty()) {
        text.pop_back();
    }
}

}  // namespace

std::string printable_text(std::string_view text) {
    std::string printable;
    while (!text.empty()) {
        const std::size_t n = character_length(text);
        printable += n == 0 ? std::string_view("?") : text.substr(0, n);
        text.remove_prefix(n == 0 ? 1 : n);
    }
    return printable;
}

Canvas::Canvas(int width_px, int height_px, Colour background)
    : surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width_px, height_px)),
      context_(cairo_create(surface_.get())) {
    check(cairo_status(context_.get()));
    cairo_select_font_face(context_.get(), "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           CAIRO_FONT_WEIGHT_NORMAL);
    set_colour(background);
    cairo_paint(context_.get());
}

void Canvas::set_colour(Colour colour, double opacity) const {
    cairo_set_source_rgba(context_.get(), colour.red, colour.green, colour.blue, opacity);
}

void Canvas::line(double x0, double y0, double x1, double y1, double width_px) const {
    cairo_set_line_width(context_.get(), width_px);
    cairo_move_to(context_.get(), x0, y0);
    cairo_line_to(context_.get(), x1, y1);
    cairo_stroke(context_.get());
}

void Canvas::fill_rectangle(double x, double y, double width, double height) const {
    cairo_rectangle(context_.get(), x, y, width, height);
    cairo_fill(context_.get());
}

void Canvas::paint_pixels(double x, double y, int width, int height, std::uint32_t* pixels) const {
    const std::unique_ptr<cairo_surface_t, Closer> picture(cairo_image_surface_create_for_data(
        reinterpret_cast<unsigned char*>(pixels), CAIRO_FORMAT_RGB24, width, height, 4 * width));
    check(cairo_surface_status(picture.get()));
    cairo_save(context_.get());
    cairo_set_source_surface(context_.get(), picture.get(), x, y);
    cairo_rectangle(context_.get(), x, y, width, height);
    cairo_fill(context_.get());
    cairo_restore(context_.get());
}

double Canvas::text_width(double size_px, std::string_view text) const {
    cairo_set_font_size(context_.get(), size_px);
    cairo_text_extents_t extents;
    cairo_text_extents(context_.get(), printable_text(text).c_str(), &extents);
    return extents.x_advance;
}

void Canvas::text(double x,
                  double y,
                  double size_px,
                  Align align,
                  std::string_view text,
                  double max_width_px) const {
    std::string shown = printable_text(text);
    if (text_width(size_px, shown) > max_width_px) {
        std::string head = shown;
        do {
            drop_last_character(head);
            shown = head + "...";
        } while (!head.empty() && text_width(size_px, shown) > max_width_px);
    }
    const double width = text_width(size_px, shown);
    const double shift = align == Align::left ? 0 : (align == Align::centre ? width / 2 : width);
    cairo_move_to(context_.get(), x - shift, y);
    cairo_show_text(context_.get(), shown.c_str());
    cairo_new_path(context_.get());
}

void Canvas::write_png(const std::string& path) const {
    check(cairo_status(context_.get()));
    cairo_surface_flush(surface_.get());
    base::write_file(path, packed_png(surface_.get()));
}

}  // namespace faintweb::report
