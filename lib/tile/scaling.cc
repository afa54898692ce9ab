#include "lib/tile/scaling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
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
    const float* flux, std::size_t n, double median, double factor, float blank, float* out) {
    for (std::size_t i = 0; i < n; ++i) {
        out[i] = asinh_of_pixel(flux[i], median, factor, blank);
    }
}

void to_scaled(const PixelScaling& pixel, const float* flux, std::int64_t n, float* out) {
    const auto size = static_cast<std::size_t>(n);
    if (pixel.is_asinh) {
        to_asinh(flux, size, pixel.median, pixel.factor, pixel.blank_value, out);
    } else {
        to_log(flux, size, pixel.low, pixel.log_factor, out);
    }
}

FAINTWEB_VECTOR_CLONES FiniteRange range_of(const float* values, std::size_t n) {
    constexpr std::size_t n_lanes = 16;
    std::array<float, n_lanes> lowest;
    std::array<float, n_lanes> highest;
    std::array<std::int32_t, n_lanes> count{};
    lowest.fill(std::numeric_limits<float>::infinity());
    highest.fill(-std::numeric_limits<float>::infinity());
    const auto take = [&](float value, std::size_t lane) {
        const bool is_finite = std::fabs(value) <= largest_float;
        const float low = is_finite ? value : std::numeric_limits<float>::infinity();
        const float high = is_finite ? value : -std::numeric_limits<float>::infinity();
        lowest[lane] = low < lowest[lane] ? low : lowest[lane];
        highest[lane] = high > highest[lane] ? high : highest[lane];
        count[lane] += is_finite ? 1 : 0;
    };
    std::size_t i = 0;
    for (; i + n_lanes <= n; i += n_lanes) {
        for (std::size_t lane = 0; lane < n_lanes; ++lane) {
            take(values[i + lane], lane);
        }
    }
    for (; i < n; ++i) {
        take(values[i], 0);
    }
    FiniteRange range;
    for (std::size_t lane = 0; lane < n_lanes; ++lane) {
        range.lowest = std::min(range.lowest, lowest[lane]);
        range.highest = std::max(range.highest, highest[lane]);
        range.n += count[lane];
    }
    return range;
}

/// Of the finite ones among |value - centre|, or of the values themselves where `is_deviation` is
/// false.
struct Selection {
    std::span<const float> values;
    bool is_deviation;
    float centre;

    float operator[](std::size_t i) const {
        return is_deviation ? std::fabs(values[i] - centre) : values[i];
    }
};

/// Copies what lies in [low, high], in its order, and counts the finite values below.
FAINTWEB_VECTOR_CLONES std::size_t copy_between(
    const Selection& from, float low, float high, float* between, std::size_t& n_below) {
    constexpr std::size_t n_block = 16;
    const std::size_t n = from.values.size();
    std::size_t n_between = 0;
    std::array<float, n_block> block;
    for (std::size_t first = 0; first < n; first += n_block) {
        const std::size_t n_here = std::min(n_block, n - first);
        std::int32_t n_below_here = 0;
        std::int32_t n_between_here = 0;
        for (std::size_t i = 0; i < n_here; ++i) {
            block[i] = from[first + i];
            n_below_here += (block[i] < low) & (block[i] >= -largest_float) ? 1 : 0;
            n_between_here += (block[i] >= low) & (block[i] <= high) ? 1 : 0;
        }
        n_below += static_cast<std::size_t>(n_below_here);
        if (n_between_here == 0) {
            continue;
        }
        for (std::size_t i = 0; i < n_here; ++i) {
            between[n_between] = block[i];
            n_between += (block[i] >= low) & (block[i] <= high) ? 1U : 0U;
        }
    }
    return n_between;
}

/// The median of the n finite values of a selection.
///
/// A sample tells in which narrow range the median lies; only what is in it is sorted out.
float median_of(const Selection& from, std::size_t n) {
    constexpr std::size_t n_sampled = 16384;
    // 4 standard deviations of a sample's median to each side.
    constexpr std::size_t slack = 256;
    std::vector<float> sample;
    const std::size_t step = std::max<std::size_t>(1, from.values.size() / n_sampled);
    for (std::size_t i = 0; i < from.values.size(); i += step) {
        if (std::isfinite(from[i])) {
            sample.push_back(from[i]);
        }
    }
    std::ranges::sort(sample);
    float low = -largest_float;
    float high = largest_float;
    if (sample.size() > 2 * slack) {
        low = sample[sample.size() / 2 - slack];
        high = sample[sample.size() / 2 + slack];
    }
    // Most of it is never touched.
    const auto between = std::make_unique_for_overwrite<float[]>(n + 1);
    std::size_t n_below = 0;
    std::size_t n_between = copy_between(from, low, high, between.get(), n_below);
    // The two in the middle, or one twice.
    const std::size_t upper = n / 2;
    const std::size_t lower = (n - 1) / 2;
    if (lower < n_below || upper >= n_below + n_between) {
        // A sample can be misled by a pattern.
        n_below = 0;
        n_between = copy_between(from, -largest_float, largest_float, between.get(), n_below);
    }
    if (upper >= n_below + n_between) {
        // Deviations of the largest numbers may be beyond them.
        return std::numeric_limits<float>::infinity();
    }
    float* const first = between.get();
    float* const middle = first + (upper - n_below);
    std::nth_element(first, middle, first + n_between);
    if (lower == upper) {
        return *middle;
    }
    return *std::max_element(first, middle) / 2 + *middle / 2;
}

RobustStatistics robust_statistics(std::span<const float> values, const FiniteRange& range) {
    const auto n = static_cast<std::size_t>(range.n);
    if (n == 0) {
        return {};
    }
    const float median = median_of({values, false, 0}, n);
    return {median, rms_per_mad * median_of({values, true, median}, n)};
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

FiniteRange finite_range(std::span<const float> values) {
    return range_of(values.data(), values.size());
}

RobustStatistics robust_statistics(std::span<const float> values) {
    return robust_statistics(values, finite_range(values));
}

FieldStatistics field_statistics(const image::Image& wide, std::int64_t margin_px) {
    FAINTWEB_EXPECTS(wide.rows >= 2 * margin_px && wide.cols >= 2 * margin_px);
    const image::Image core =
        margin_px > 0 ? image::without_margin(wide, margin_px) : image::Image{};
    const std::span<const float> values = margin_px > 0 ? core.pixels : wide.pixels;
    const FiniteRange range = finite_range(values);
    return {range, robust_statistics(values, range)};
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
    const PixelScaling pixel = pixel_scaling(scaling, statistics.range, statistics.robust);
    std::vector<float> scaled(static_cast<std::size_t>(wide.cols + edge), pixel.blank_value);
    // Side by side in one row of tiles: what their margins share is scaled once.
    for (std::int64_t done = 0; done < n_tiles;) {
        const std::int64_t tile_row = (first + done) / grid.n_cols();
        const std::int64_t tile_col = (first + done) % grid.n_cols();
        const std::int64_t n_here = std::min(n_tiles - done, grid.n_cols() - tile_col);
        const std::int64_t x0 = tile_col * grid.tile_px;
        const std::int64_t n_asked = (n_here - 1) * grid.tile_px + edge;
        const std::int64_t n_there = std::min(n_asked, wide.cols - x0);
        std::fill(scaled.begin() + n_there, scaled.begin() + n_asked, pixel.blank_value);
        for (std::int64_t row = 0; row < edge; ++row) {
            const std::int64_t y = tile_row * grid.tile_px + row;
            if (y < wide.rows) {
                to_scaled(pixel, wide.row(y).data() + x0, n_there, scaled.data());
            } else {
                std::fill_n(scaled.begin(), n_there, pixel.blank_value);
            }
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
