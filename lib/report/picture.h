#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/catalogue/records.h"
#include "lib/image/beam.h"
#include "lib/image/image.h"
#include "lib/image/wcs.h"
#include "lib/report/stretch.h"
#include "lib/tile/grid.h"

namespace faintweb::report {

/// A tile to outline: a detected one, or where the truth is known also a missed one.
struct TileMark {
    std::int64_t row = 0;  ///< in the field's tile grid
    std::int64_t col = 0;
    catalogue::Outcome outcome = catalogue::Outcome::none;  ///< none: the truth is not known
    float probability = 0;                                  ///< used where the truth is not known
};

/// What one picture shows of a field, or of any image.
struct FieldPicture {
    const image::Image& pixels;  ///< [rows, cols], Jy/arcsec2, NaN = blank
    double pixel_arcsec = 0;     ///< 0 = unknown: no scale bar, no beam
    std::string title;           ///< "map name, field 3"; any bytes, what is no UTF-8 shows as '?'
    tile::TileGrid grid = {};    ///< needed where there are tiles
    std::vector<TileMark> tiles = {};
    bool has_truth = false;           ///< the legend names 1C, 1F, 0F instead of probabilities
    double x0_px = 0;                 ///< map pixel of the first column, for the axes
    double y0_px = 0;                 ///< map pixel of the first row
    const image::Wcs* wcs = nullptr;  ///< of the map: axes in RA and Dec instead of pixels
    std::optional<image::Beam> beam = std::nullopt;  ///< drawn as an ellipse in the corner
    std::optional<Stretch> stretch = std::nullopt;   ///< instead of choose_stretch()
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

/// Draws two pictures side by side, each with its own colour bar: noise and sky, before and after.
void draw_pair(const std::string& path, const FieldPicture& left, const FieldPicture& right);

/// Draws an image alone: a sky map, a noise map.
void draw_image(const std::string& path,
                const image::Image& pixels,
                double pixel_arcsec,
                const std::string& title);

}  // namespace faintweb::report
