#include "lib/tile/scaling.h"

#include <algorithm>
#include <vector>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
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
                           NamedScaling{Scaling::asinh_sigma, "asinh_sigma"}};
constexpr std::array scalings{Scaling::paper, Scaling::fixed, Scaling::asinh_sigma};

FAINTWEB_VECTOR_CLONES void to_log(
    const float* flux, std::size_t n, float low, float factor, float* out) {
    for (std::size_t i = 0; i < n; ++i) {
        out[i] = log_of_pixel(flux[i], low, factor);
    }
}

FAINTWEB_VECTOR_CLONES void to_asinh(
    const float* flux, std::size_t n, const InSigma& in_sigma, float blank, float* out) {
    const InSigma here = in_sigma;  // which the compiler knows not to change with `out`
    for (std::size_t i = 0; i < n; ++i) {
        out[i] = asinh_of_pixel(flux[i], here, blank);
    }
}

void to_scaled(const PixelScaling& pixel, const float* flux, std::int64_t n, float* out) {
    const auto size = static_cast<std::size_t>(n);
    if (pixel.is_asinh) {
        to_asinh(flux, size, pixel.in_sigma, pixel.blank_value, out);
    } else {
        to_log(flux, size, pixel.low, pixel.log_factor, out);
    }
}

}  // namespace

Scaling scaling_from_name(std::string_view name) {
    std::string choices;
    for (const NamedScaling& named : names) {
        if (named.name == name) {
            return named.scaling;
        }
        choices += base::text(choices.empty() ? "" : ", ", named.name);
    }
    throw base::UsageError(base::text("unknown scaling '", name, "', choose one of ", choices));
}

std::string scaling_name(Scaling scaling) {
    return std::string(names[static_cast<std::size_t>(scaling)].name);
}

std::span<const Scaling> all_scalings() {
    return scalings;
}

void scale_window(const image::Image& wide,
                  const image::Window& window,
                  Scaling scaling,
                  const FieldStatistics& statistics,
                  std::span<float> pixels) {
    FAINTWEB_EXPECTS(std::ssize(pixels) == window.rows * window.cols);
    const PixelScaling pixel = pixel_scaling(scaling, statistics.range, statistics.robust);
    const std::int64_t n_there = std::clamp<std::int64_t>(wide.cols - window.x0, 0, window.cols);
    for (std::int64_t row = 0; row < window.rows; ++row) {
        float* to = pixels.data() + row * window.cols;
        const std::int64_t y = window.y0 + row;
        const std::int64_t n = y < wide.rows ? n_there : 0;
        if (n > 0) {
            to_scaled(pixel, wide.row(y).data() + window.x0, n, to);
        }
        std::fill(to + n, to + window.cols, pixel.blank_value);
    }
}

void scale_tiles(const image::Image& wide,
                 const TileGrid& grid,
                 std::int64_t margin_px,
                 Scaling scaling,
                 const FieldStatistics& statistics,
                 std::int64_t first,
                 std::span<float> tiles) {
    const std::int64_t edge = grid.tile_px + 2 * margin_px;
    const std::int64_t n_tiles = std::ssize(tiles) / (edge * edge);
    FAINTWEB_EXPECTS(std::ssize(tiles) == n_tiles * edge * edge && first >= 0 &&
                     first + n_tiles <= grid.count());
    std::vector<float> scaled;
    // Side by side in one row of tiles: what their margins share is scaled once.
    for (std::int64_t done = 0; done < n_tiles;) {
        const std::int64_t tile_row = (first + done) / grid.n_cols();
        const std::int64_t tile_col = (first + done) % grid.n_cols();
        const std::int64_t n_here = std::min(n_tiles - done, grid.n_cols() - tile_col);
        image::Window window{.x0 = tile_col * grid.tile_px,
                             .y0 = tile_row * grid.tile_px,
                             .cols = (n_here - 1) * grid.tile_px + edge,
                             .rows = 1};
        scaled.resize(static_cast<std::size_t>(window.cols));
        for (std::int64_t row = 0; row < edge; ++row, ++window.y0) {
            scale_window(wide, window, scaling, statistics, scaled);
            for (std::int64_t t = 0; t < n_here; ++t) {
                std::copy_n(scaled.data() + t * grid.tile_px,
                            edge,
                            tiles.data() + ((done + t) * edge + row) * edge);
            }
        }
        done += n_here;
    }
}

ScaledField scale_field(const image::Image& wide,
                        Scaling scaling,
                        const FieldStatistics& statistics) {
    // Without the zeros of make_image, which would be written over.
    ScaledField scaled;
    scaled.pixels.rows = wide.rows;
    scaled.pixels.cols = wide.cols;
    scaled.pixels.pixels.resize(wide.pixels.size());
    const PixelScaling pixel = pixel_scaling(scaling, statistics.range, statistics.robust);
    scaled.blank_value = pixel.blank_value;
    to_scaled(pixel, wide.pixels.data(), std::ssize(wide.pixels), scaled.pixels.pixels.data());
    return scaled;
}

ScaledField scale_field(const image::Image& field, Scaling scaling, std::int64_t margin_px) {
    return scale_field(field, scaling, field_statistics(field, margin_px));
}

}  // namespace faintweb::tile
