// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lib/image/image.h"
#include "lib/image/window.h"
#include "lib/tile/grid.h"
#include "lib/tile/statistics.h"

namespace faintweb::tile {

/// How pixel values become network input; a model file says which one it was trained with.
enum class Scaling {
    /// Floor 1e-11 Jy/arcsec2, log10, then minimum and maximum of the field to 0 and 1.
    /// @source Gheller et al. 2018, section 4, steps (ii) and (iii).
    paper,
    /// The same with the fixed bounds 1e-11 and 1e-2 Jy/arcsec2, so that a tile's input does not
    /// depend on the brightest source of its field.
    fixed,
    /// asinh((flux - median) / rms) with the field's median and robust rms. Free of the flux unit.
    asinh_sigma,
    /// asinh((flux - level) / rms) with the level of the map and the local rms, so that a tile's
    /// input does not depend on where its map is cut, and noise looks the same all over a mosaic.
    asinh_local,
};

/// Reads the name of a scaling.
///
/// @throws base::UsageError  names the value and the choices.
Scaling scaling_from_name(std::string_view name);

/// The name of a scaling in settings and model files.
std::string scaling_name(Scaling scaling);

/// All scalings, in the order in which messages name them.
std::span<const Scaling> all_scalings();

/// Scales a field with its margin. Blanks (NaN, Inf) and the margin take no part in minimum,
/// maximum, median and rms; blanks become blank_input. A field without any value, or of one value
/// only, gives finite numbers.
///
/// @param wide        [rows + 2 margin_px, cols + 2 margin_px], Jy/arcsec2, blanks NaN: the field
///                    with its margin.
/// @param statistics  of the field (field_statistics), with its local noise for asinh_local.
/// @return            [wide.rows, wide.cols], dimensionless, no NaN.
image::Image scale_field(const image::Image& wide,
                         Scaling scaling,
                         const FieldStatistics& statistics);

/// A part of a field as the network sees it; blank_input stands where the window reaches beyond the
/// field's margin.
///
/// @param wide    the field with its margin.
/// @param window  x0, y0 >= 0.
/// @param pixels  [window.rows, window.cols].
void scale_window(const image::Image& wide,
                  const image::WideWindow& window,
                  Scaling scaling,
                  const FieldStatistics& statistics,
                  std::span<float> pixels);

/// The pixels of a field in units of their local rms, as asinh_local scales them and a GPU is given
/// them.
///
/// @param wide   the field with its margin, Jy/arcsec2.
/// @param sigma  [wide.rows, wide.cols]; blanks NaN.
void to_local_sigma(const image::Image& wide, const LocalNoise& noise, std::span<float> sigma);

/// Tiles as the network sees them, without a scaled field in between: what scale_field and
/// cut_tiles give together.
///
/// @param wide   the field with its margin.
/// @param first  of the tiles that are wanted.
/// @param tiles  [n, tile_px + 2 margin_px, tile_px + 2 margin_px] of tiles first .. first + n - 1.
void scale_tiles(const image::Image& wide,
                 const TileGrid& grid,
                 std::int64_t margin_px,
                 Scaling scaling,
                 const FieldStatistics& statistics,
                 TileId first,
                 std::span<float> tiles);

}  // namespace faintweb::tile
