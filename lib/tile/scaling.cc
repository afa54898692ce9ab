#include "lib/tile/scaling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/base/vector.h"
#include "lib/base/vector_clones.h"
#include "lib/tile/pixel_scaling.h"
#include "lib/tile/row_vectors.h"

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

/// Rows of pixels, a stride apart.
struct Rows {
    const float* first;
    std::size_t n_rows;
    std::size_t n_cols;
    std::size_t stride;

    const float* row(std::size_t y) const { return first + y * stride; }
    /// Row by row.
    float operator[](std::size_t i) const { return row(i / n_cols)[i % n_cols]; }
};

Rows one_row(std::span<const float> values) {
    return {values.data(), values.empty() ? 0U : 1U, values.size(), values.size()};
}

constexpr int n_lanes = 8;
using Floats = base::Vector<float, n_lanes>;
/// -1 for true.
using Truths = base::Vector<std::int32_t, n_lanes>;

struct RangeTaker {
    static constexpr float infinity = std::numeric_limits<float>::infinity();
    Floats lowest = Floats{} + infinity;
    Floats highest = Floats{} - infinity;
    Truths count{};

    FAINTWEB_INLINE void take(const float* pixels) {
        const Floats values = base::load<float, n_lanes>(pixels);
        const Truths is_finite = (values <= largest_float) & (values >= -largest_float);
        const Floats low = is_finite ? values : Floats{} + infinity;
        const Floats high = is_finite ? values : Floats{} - infinity;
        lowest = low < lowest ? low : lowest;
        highest = high > highest ? high : highest;
        count -= is_finite;
    }
};

FAINTWEB_VECTOR_CLONES FiniteRange range_of(const Rows& rows) {
    FiniteRange range;
    for (std::size_t y = 0; y < rows.n_rows; ++y) {
        RangeTaker taker;
        take_row<n_lanes>(rows.row(y), rows.n_cols, taker);
        for (int lane = 0; lane < n_lanes; ++lane) {
            range.lowest = std::min(range.lowest, taker.lowest[lane]);
            range.highest = std::max(range.highest, taker.highest[lane]);
            range.n += taker.count[lane];
        }
    }
    return range;
}

/// What of each pixel is looked at: its value, or how far that is from a centre.
struct Measure {
    bool is_deviation = false;
    float centre = 0;

    float of(float value) const { return is_deviation ? std::fabs(value - centre) : value; }
};

/// Copies the measures in [low, high], in their order, and counts the finite ones below.
struct BetweenTaker {
    Measure measure;
    float low;
    float high;
    float* between;
    std::size_t n_between = 0;
    Truths n_below{};

    FAINTWEB_INLINE void take(const float* pixels) {
        Floats values = base::load<float, n_lanes>(pixels);
        if (measure.is_deviation) {
            values -= measure.centre;
            values = values < 0.0F ? -values : values;
        }
        n_below -= (values < low) & (values >= -largest_float);
        const Truths is_between = (values >= low) & (values <= high);
        using Words = base::Vector<std::uint64_t, n_lanes / 2>;
        const auto words = reinterpret_cast<Words>(is_between);
        if ((words[0] | words[1] | words[2] | words[3]) == 0) {
            return;
        }
        for (int lane = 0; lane < n_lanes; ++lane) {
            between[n_between] = values[lane];
            n_between += is_between[lane] != 0 ? 1U : 0U;
        }
    }
};

struct Between {
    std::size_t n_below;
    std::size_t n_between;
};

FAINTWEB_VECTOR_CLONES Between
copy_between(const Rows& rows, const Measure& measure, float low, float high, float* between) {
    std::size_t n_below = 0;
    BetweenTaker taker{measure, low, high, between};
    for (std::size_t y = 0; y < rows.n_rows; ++y) {
        taker.n_below = Truths{};
        take_row<n_lanes>(rows.row(y), rows.n_cols, taker);
        for (int lane = 0; lane < n_lanes; ++lane) {
            n_below += static_cast<std::size_t>(taker.n_below[lane]);
        }
    }
    return {n_below, taker.n_between};
}

/// The median of the n finite measures.
///
/// A sample tells in which narrow range the median lies; only what is in it is sorted out.
float median_of(const Rows& rows, const Measure& measure, std::size_t n) {
    constexpr std::size_t n_sampled = 32768;
    // 4 standard deviations of a sample's median to each side.
    constexpr std::size_t slack = 362;
    std::vector<float> sample;
    const std::size_t n_all = rows.n_rows * rows.n_cols;
    const std::size_t step = std::max<std::size_t>(1, n_all / n_sampled);
    for (std::size_t i = 0; i < n_all; i += step) {
        if (const float value = measure.of(rows[i]); std::isfinite(value)) {
            sample.push_back(value);
        }
    }
    float low = -largest_float;
    float high = largest_float;
    if (sample.size() > 2 * slack) {
        const auto middle = sample.begin() + std::ssize(sample) / 2;
        std::nth_element(sample.begin(), middle + slack, sample.end());
        high = middle[slack];
        std::nth_element(sample.begin(), middle - slack, middle + slack);
        low = *(middle - slack);
    }
    // Room for the last vector; most of it is never touched.
    const auto between = std::make_unique_for_overwrite<float[]>(n + n_lanes);
    Between found = copy_between(rows, measure, low, high, between.get());
    // The two in the middle, or one twice.
    const std::size_t upper = n / 2;
    const std::size_t lower = (n - 1) / 2;
    if (lower < found.n_below || upper >= found.n_below + found.n_between) {
        // A sample can be misled by a pattern.
        found = copy_between(rows, measure, -largest_float, largest_float, between.get());
    }
    if (upper >= found.n_below + found.n_between) {
        // Deviations of the largest numbers may be beyond them.
        return std::numeric_limits<float>::infinity();
    }
    float* const first = between.get();
    float* const middle = first + (upper - found.n_below);
    std::nth_element(first, middle, first + found.n_between);
    if (lower == upper) {
        return *middle;
    }
    return *std::max_element(first, middle) / 2 + *middle / 2;
}

FieldStatistics statistics_of(const Rows& rows) {
    FieldStatistics statistics{range_of(rows), {}};
    if (const auto n = static_cast<std::size_t>(statistics.range.n); n > 0) {
        const float median = median_of(rows, {}, n);
        statistics.robust = {median, rms_per_mad * median_of(rows, {true, median}, n)};
    }
    return statistics;
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
    return range_of(one_row(values));
}

RobustStatistics robust_statistics(std::span<const float> values) {
    return statistics_of(one_row(values)).robust;
}

FieldStatistics field_statistics(const image::Image& wide, std::int64_t margin_px) {
    FAINTWEB_EXPECTS(wide.rows >= 2 * margin_px && wide.cols >= 2 * margin_px);
    return statistics_of({wide.pixels.data() + margin_px * (wide.cols + 1),
                          static_cast<std::size_t>(wide.rows - 2 * margin_px),
                          static_cast<std::size_t>(wide.cols - 2 * margin_px),
                          static_cast<std::size_t>(wide.cols)});
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
