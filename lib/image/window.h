// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>

namespace faintweb::image {

/// What pixels are counted from, x along FITS axis 1, both from 0. A pixel or a window names its
/// frame, and none turns into another but by the functions at the end of this file.
///
/// ```
///                                      +--------------------------------+
///   map    from the map's first pixel  | map                            |
///   wide   from the first pixel of a   |    +-----------------+         |
///          field's margin              |    | margin          |         |
///   field  from the field's first      |    |   field---+---+ |         |
///          pixel                       |    |   |   |   |   | |         |
///   image  from the first pixel of an  |    |   |   |tile   | |         |
///          Image, whatever it shows    |    |   +---+---+---+ |         |
///                                      |    wide--------------+         |
///                                      map------------------------------+
///
///   from   to     function                         x becomes
///   field  map    on_map(place, field.corner())    x + corner.x
///   wide   map    on_map(place, wide.corner())     x + corner.x
///   image  map    on_map(place, shown.corner())    x + corner.x
///   map    image  in_image(place, shown.corner())  x - corner.x
///   field  wide   in_wide(place, margin_px)        x + margin_px
///   field  wide   with_margin(part, margin_px)     x: a margin begins in the wide field where
///                                                  what it surrounds begins in the field
///   tile   field  tile::TileGrid::inside(t)        column_of(t) tile_px, or less at the edge
///   tile   map    on_map(grid.inside(t), field.corner())
/// ```
/// Here `field`, `wide` and `shown` are windows of the map. Boxes and blocks of a tile::NoiseMesh,
/// numbered from map pixel (0, 0), and images of one pixel per tile stay with those who make them:
/// lib/tile/local_rms.cc, lib/tile/flat.cc, lib/catalogue/score_map.cc.
enum class Frame {
    map,
    field,  ///< a field without its margin
    wide,   ///< a field with its margin
    image,  ///< an array in memory
    box,    ///< counts boxes of a tile::NoiseMesh, not pixels, from the one at map pixel (0, 0)
};

/// A pixel by its place.
template <Frame frame>
struct Pixel {
    std::int64_t x = 0;
    std::int64_t y = 0;

    bool operator==(const Pixel&) const = default;
};

/// A rectangle of pixels. May reach past the edges of what it is a window of.
template <Frame frame>
struct Window {
    std::int64_t x0 = 0;
    std::int64_t y0 = 0;
    std::int64_t cols = 0;
    std::int64_t rows = 0;

    constexpr Pixel<frame> corner() const { return {x0, y0}; }
    constexpr bool contains(const Pixel<frame>& pixel) const {
        return pixel.x >= x0 && pixel.x < x0 + cols && pixel.y >= y0 && pixel.y < y0 + rows;
    }
    constexpr Pixel<frame> middle() const { return {x0 + cols / 2, y0 + rows / 2}; }
    bool operator==(const Window&) const = default;
};

using MapPixel = Pixel<Frame::map>;
using FieldPixel = Pixel<Frame::field>;
using WidePixel = Pixel<Frame::wide>;
using ImagePixel = Pixel<Frame::image>;
using MapWindow = Window<Frame::map>;
using FieldWindow = Window<Frame::field>;
using WideWindow = Window<Frame::wide>;
using ImageWindow = Window<Frame::image>;
using BoxWindow = Window<Frame::box>;

/// A window with as many more pixels on each side.
template <Frame frame>
constexpr Window<frame> widened(const Window<frame>& window, std::int64_t n_px) {
    return {window.x0 - n_px, window.y0 - n_px, window.cols + 2 * n_px, window.rows + 2 * n_px};
}

/// @param corner  map pixel of the first pixel of the field, the wide field or the image.
template <Frame frame>
requires(frame == Frame::field || frame == Frame::wide || frame == Frame::image) constexpr MapPixel
    on_map(const Pixel<frame>& pixel, const MapPixel& corner) {
    return {pixel.x + corner.x, pixel.y + corner.y};
}
template <Frame frame>
constexpr MapWindow on_map(const Window<frame>& window, const MapPixel& corner) {
    const MapPixel first = on_map(window.corner(), corner);
    return {first.x, first.y, window.cols, window.rows};
}

/// @param corner  map pixel of the first pixel of the image; (0, 0) of a whole map.
constexpr ImagePixel in_image(const MapPixel& pixel, const MapPixel& corner = {}) {
    return {pixel.x - corner.x, pixel.y - corner.y};
}
constexpr ImageWindow in_image(const MapWindow& window, const MapPixel& corner = {}) {
    const ImagePixel first = in_image(window.corner(), corner);
    return {first.x, first.y, window.cols, window.rows};
}

/// @param margin_px  of the wide field.
constexpr WidePixel in_wide(const FieldPixel& pixel, std::int64_t margin_px) {
    return {pixel.x + margin_px, pixel.y + margin_px};
}
constexpr WideWindow in_wide(const FieldWindow& window, std::int64_t margin_px) {
    const WidePixel first = in_wide(window.corner(), margin_px);
    return {first.x, first.y, window.cols, window.rows};
}

/// A part of a field with the field's own margin around it.
constexpr WideWindow with_margin(const FieldWindow& part, std::int64_t margin_px) {
    return in_wide(widened(part, margin_px), margin_px);
}

}  // namespace faintweb::image
