// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/catalogue/records.h"
#include "lib/image/beam.h"
#include "lib/image/image.h"
#include "lib/image/wcs.h"
#include "lib/report/stretch.h"

namespace faintweb::report {

/// A tile to outline.
struct TileMark {
    std::int64_t x0_px = 0;                                 ///< map pixel of its first column
    std::int64_t y0_px = 0;                                 ///< map pixel of its first row
    catalogue::Outcome outcome = catalogue::Outcome::none;  ///< of TilesShow::outcomes
    float probability = 0;                                  ///< of TilesShow::detections
};

/// What the outlined tiles of a picture are.
enum class TilesShow {
    detections,  ///< called signal, with their probability
    outcomes,    ///< called signal or missed, where the truth is known
    labels,      ///< signal by the label rule
};

/// A circle on the map.
struct Circle {
    double x_px = 0;  ///< of its centre, map pixels; whole numbers are the middles of pixels
    double y_px = 0;
    double radius_px = 0;
};

/// What one picture shows of a field, or of any image.
struct FieldPicture {
    const image::Image& pixels;  ///< [rows, cols], Jy/arcsec2, NaN = blank
    double pixel_arcsec = 0;     ///< 0 = unknown: no scale bar, no beam
    std::string title;           ///< "map name, field 3"; any bytes, what is no UTF-8 shows as '?'
    std::int64_t tile_px = 0;    ///< edge of a tile; > 0 where there are tiles
    std::vector<TileMark> tiles = {};  ///< what reaches beyond the picture is cut off
    TilesShow tiles_show = TilesShow::detections;
    std::string labels_meaning = {};   ///< of TilesShow::labels, in the legend
    std::vector<Circle> circles = {};  ///< what reaches beyond the picture is cut off
    std::string circles_meaning = {};  ///< in the legend; empty: no circles were asked for
    double x0_px = 0;                  ///< map pixel of the first column, for axes and marks
    double y0_px = 0;                  ///< map pixel of the first row
    const image::Wcs* wcs = nullptr;   ///< of the map: axes in RA and Dec instead of pixels
    std::optional<image::Beam> beam = std::nullopt;          ///< drawn as an ellipse in the corner
    std::optional<Stretch> stretch = std::nullopt;           ///< instead of choose_stretch()
    std::optional<StretchKind> stretch_kind = std::nullopt;  ///< for choose_stretch()
    double floor = 0;                                        ///< for choose_stretch()
    std::string unit = {};  ///< written beside the colour bar, if the pixels are not in Jy/arcsec2
};

/// Draws a field with its tiles into a PNG file, as in Figure 7 of the paper.
///
/// Row 0 is at the bottom. Fields of more than 1400 px are shown in block means, small ones
/// enlarged by a whole number. Signal tiles found (1C), missed (1F) and false ones (0F) differ in
/// colour and in line style; where the truth is not known, the outline is the more opaque the more
/// probable. The file is written beside its place and then renamed.
///
/// Without any font on the machine the text is drawn with Cairo's built-in strokes.
///
/// @throws InputError, DiskError  if the file cannot be written.
void draw_field(const std::string& path, const FieldPicture& field);

/// Draws pictures side by side, each with its own colour bar: sky, noise and what was found. In a
/// row of more than one, each is smaller and its text larger, for a page that shows all of them.
///
/// @param fields  1 to most_in_row.
void draw_row(const std::string& path, std::span<const FieldPicture> fields);
inline constexpr std::size_t most_in_row = 12;

/// A number as pictures write it, "0.1", "20", "3e14", "1e-5": with at most n significant digits.
std::string number_text(double number, int n_digits = 3);

}  // namespace faintweb::report
