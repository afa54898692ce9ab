#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lib/image/image.h"
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
};

/// @throws base::UsageError  names the value and the choices.
Scaling scaling_from_name(std::string_view name);
std::string scaling_name(Scaling scaling);
std::span<const Scaling> all_scalings();

/// A field as the network sees it.
struct ScaledField {
    image::Image pixels;    ///< [rows, cols], dimensionless, no NaN
    float blank_value = 0;  ///< the scaling's lowest value here: what blanks have become
};

/// Scales a field with its margin. Blanks (NaN, Inf) and the margin take no part in minimum,
/// maximum, median and rms; blanks become the scaling's lowest value in the field. A field without
/// any value, or of one value only, gives finite numbers.
///
/// @param field      [rows + 2 margin_px, cols + 2 margin_px], Jy/arcsec2, blanks NaN.
/// @param margin_px  pixels of context on each side.
ScaledField scale_field(const image::Image& field, Scaling scaling, std::int64_t margin_px = 0);

/// As scale_field for a field whose statistics are known.
///
/// @param wide  the field with its margin.
ScaledField scale_field(const image::Image& wide,
                        Scaling scaling,
                        const FieldStatistics& statistics);

/// A part of a field as the network sees it; the lowest value stands where the window reaches
/// beyond the field's margin.
///
/// @param wide    the field with its margin.
/// @param window  in pixels of `wide`, from 0 on.
/// @param pixels  [window.rows, window.cols].
void scale_window(const image::Image& wide,
                  const image::Window& window,
                  Scaling scaling,
                  const FieldStatistics& statistics,
                  std::span<float> pixels);

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
                 std::int64_t first,
                 std::span<float> tiles);

}  // namespace faintweb::tile
