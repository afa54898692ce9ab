// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/scaling.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/vector_clones.h"
#include "lib/tile/pixel_scaling.h"

namespace faintweb::tile {
namespace {

struct NamedScaling {
    Scaling scaling;
    std::string_view name;
};
constexpr std::array names{NamedScaling{Scaling::paper, "paper"},
                           NamedScaling{Scaling::fixed, "fixed"},
                           NamedScaling{Scaling::asinh_sigma, "asinh_sigma"},
                           NamedScaling{Scaling::asinh_local, "asinh_local"}};
constexpr std::array scalings{Scaling::paper, Scaling::fixed, Scaling::asinh_sigma,
                              Scaling::asinh_local};

FAINTWEB_VECTOR_CLONES void to_log(
    const float* flux, std::size_t n, float low, float factor, float* out) {
    for (std::size_t i = 0; i < n; ++i) {
        out[i] = log_of_pixel(flux[i], low, factor);
    }
}

FAINTWEB_VECTOR_CLONES void to_asinh(const float* flux,
                                     std::size_t n,
                                     const InSigma& in_sigma,
                                     float* out) {
    const InSigma here = in_sigma;  // which the compiler knows not to change with `out`
    for (std::size_t i = 0; i < n; ++i) {
        out[i] = asinh_of_pixel(flux[i], here);
    }
}

/// @param out  the rms of each pixel before, its value in sigma after; blanks stay.
FAINTWEB_VECTOR_CLONES void to_sigma(
    const float* flux, std::size_t n, float level, float unit, float* out) {
    for (std::size_t i = 0; i < n; ++i) {
        float x = (flux[i] * unit - level * unit) / (out[i] * unit);
        // As InSigma does.
        x = x > -1e18F ? x : -1e18F;
        x = x < 1e18F ? x : 1e18F;
        out[i] = std::fabs(flux[i]) <= largest_float ? x : std::numeric_limits<float>::quiet_NaN();
    }
}

/// Part of a row of a field in local sigma.
///
/// @param first  of its pixels.
void row_in_sigma(const image::Image& wide,
                  const image::WidePixel& first,
                  const LocalNoise& noise,
                  std::span<float> sigma) {
    // Without noise there is no value either.
    std::ranges::fill(sigma, 1.0F);
    if (noise.map.rms > 0) {
        noise.rms.row(image::on_map(first, noise.corner), sigma);
    }
    to_sigma(wide.row(first.y).data() + first.x, sigma.size(), noise.map.level,
             in_sigma_of({noise.map.level, noise.map.rms}).unit, sigma.data());
}

/// Scales parts of rows of a field.
class RowScaler {
  public:
    RowScaler(const image::Image& wide, Scaling scaling, const FieldStatistics& statistics)
        : wide_(wide),
          statistics_(statistics),
          is_local_(scaling == Scaling::asinh_local),
          pixel_(pixel_scaling(scaling, statistics.range, statistics.robust)) {}

    /// @param first  of the pixels of a row.
    void scale(const image::WidePixel& first, std::span<float> out) const {
        const float* flux = wide_.row(first.y).data() + first.x;
        if (is_local_) {
            row_in_sigma(wide_, first, statistics_.noise, out);
            flux = out.data();
        }
        if (pixel_.is_asinh) {
            to_asinh(flux, out.size(), pixel_.in_sigma, out.data());
        } else {
            to_log(flux, out.size(), pixel_.low, pixel_.log_factor, out.data());
        }
    }

  private:
    const image::Image& wide_;
    const FieldStatistics& statistics_;
    bool is_local_;
    PixelScaling pixel_;
};

}  // namespace

Scaling scaling_from_name(std::string_view name) {
    std::string choices;
    for (const NamedScaling& named : names) {
        if (named.name == name) {
            return named.scaling;
        }
        choices += fmt::format("{}{}", choices.empty() ? "" : ", ", named.name);
    }
    throw base::UsageError(fmt::format("unknown scaling '{}', choose one of {}", name, choices));
}

std::string scaling_name(Scaling scaling) {
    return std::string(names[static_cast<std::size_t>(scaling)].name);
}

std::span<const Scaling> all_scalings() {
    return scalings;
}

void scale_window(const image::Image& wide,
                  const image::WideWindow& window,
                  Scaling scaling,
                  const FieldStatistics& statistics,
                  std::span<float> pixels) {
    FAINTWEB_EXPECTS(std::ssize(pixels) == window.rows * window.cols);
    const RowScaler scaler(wide, scaling, statistics);
    const std::int64_t n_there = std::clamp<std::int64_t>(wide.cols - window.x0, 0, window.cols);
    for (std::int64_t row = 0; row < window.rows; ++row) {
        const auto to = pixels.subspan(static_cast<std::size_t>(row * window.cols),
                                       static_cast<std::size_t>(window.cols));
        const std::int64_t y = window.y0 + row;
        const auto n = static_cast<std::size_t>(y < wide.rows ? n_there : 0);
        if (n > 0) {
            scaler.scale({window.x0, y}, to.first(n));
        }
        std::ranges::fill(to.subspan(n), blank_input);
    }
}

void scale_tiles(const image::Image& wide,
                 const TileGrid& grid,
                 std::int64_t margin_px,
                 Scaling scaling,
                 const FieldStatistics& statistics,
                 TileId first,
                 std::span<float> tiles) {
    const std::int64_t edge = grid.tile_px + 2 * margin_px;
    const std::int64_t n_tiles = std::ssize(tiles) / (edge * edge);
    FAINTWEB_EXPECTS(std::ssize(tiles) == n_tiles * edge * edge && first >= TileId(0) &&
                     first.value() + n_tiles <= grid.count());
    std::vector<float> scaled;
    // Side by side in one row of tiles: what their margins share is scaled once.
    for (std::int64_t done = 0; done < n_tiles;) {
        const TileId tile(first.value() + done);
        const std::int64_t tile_row = grid.row_of(tile);
        const std::int64_t tile_col = grid.column_of(tile);
        const std::int64_t n_here = std::min(n_tiles - done, grid.n_cols() - tile_col);
        const std::int64_t x0 = grid.first_col(tile_col);
        const image::FieldWindow covered{
            .x0 = x0,
            .y0 = grid.first_row(tile_row),
            .cols = grid.first_col(tile_col + n_here - 1) - x0 + grid.tile_px,
            .rows = grid.tile_px};
        image::WideWindow window = image::with_margin(covered, margin_px);
        window.rows = 1;
        scaled.resize(static_cast<std::size_t>(window.cols));
        for (std::int64_t row = 0; row < edge; ++row, ++window.y0) {
            scale_window(wide, window, scaling, statistics, scaled);
            for (std::int64_t t = 0; t < n_here; ++t) {
                std::copy_n(scaled.data() + grid.first_col(tile_col + t) - x0, edge,
                            tiles.data() + ((done + t) * edge + row) * edge);
            }
        }
        done += n_here;
    }
}

image::Image scale_field(const image::Image& wide,
                         Scaling scaling,
                         const FieldStatistics& statistics) {
    // Without the zeros of make_image, which would be written over.
    image::Image scaled{wide.rows, wide.cols, {}};
    scaled.pixels.resize(wide.pixels.size());
    const RowScaler scaler(wide, scaling, statistics);
    for (std::int64_t y = 0; y < wide.rows; ++y) {
        scaler.scale({0, y}, scaled.row(y));
    }
    return scaled;
}

void to_local_sigma(const image::Image& wide, const LocalNoise& noise, std::span<float> sigma) {
    FAINTWEB_EXPECTS(sigma.size() == wide.pixels.size());
    for (std::int64_t y = 0; y < wide.rows; ++y) {
        row_in_sigma(wide, {0, y}, noise,
                     sigma.subspan(static_cast<std::size_t>(y * wide.cols),
                                   static_cast<std::size_t>(wide.cols)));
    }
}

}  // namespace faintweb::tile
