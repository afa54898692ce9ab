// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "lib/base/contract.h"
#include "lib/base/vector.h"
#include "lib/base/vector_clones.h"
#include "lib/tile/row_vectors.h"

namespace faintweb::tile {
namespace {

/// Rows of pixels, a stride apart.
struct Rows {
    const float* first;
    std::size_t n_rows;
    std::size_t n_cols;
    std::size_t stride;

    const float* row(std::size_t y) const { return first + y * stride; }
    std::size_t size() const { return n_rows * n_cols; }
};

constexpr int n_lanes = 8;
using Floats = base::Vector<float, n_lanes>;
/// -1 for true.
using Truths = base::Vector<std::int32_t, n_lanes>;

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Where the median and the median absolute deviation are looked for, as distances from a centre;
/// by default everywhere.
struct Search {
    float centre = 0;
    float near = infinity;    ///< the median is not further
    float inner = -infinity;  ///< the deviation's distances: not nearer than this,
    float outer = infinity;   ///< and not further than this
};

/// Pixels that are looked at before what was found among them is sorted out: their vectors stay in
/// the fastest cache.
constexpr std::size_t n_at_once = 1024;

/// Counts the pixels that a search leaves, and keeps the vectors that hold one it is for.
struct SearchTaker {
    Search search;
    float* kept;
    std::int32_t* is_near;  ///< of each that is kept whether the median may be there: -1 for true
    std::int32_t* is_between;  ///< and whether its deviation may be in the middle
    std::size_t n_kept = 0;
    Floats lowest = Floats{} + infinity;
    Floats highest = Floats{} - infinity;
    Truths n_finite{};
    Truths n_below{};  ///< that are less than the median may be
    Truths n_inner{};  ///< that deviate less than the deviation's median may

    FAINTWEB_INLINE void take(const float* pixels) {
        const Floats values = base::load<float, n_lanes>(pixels);
        const Truths is_finite = (values <= largest_float) & (values >= -largest_float);
        const Floats low = is_finite ? values : Floats{} + infinity;
        const Floats high = is_finite ? values : Floats{} - infinity;
        lowest = low < lowest ? low : lowest;
        highest = high > highest ? high : highest;
        n_finite -= is_finite;
        const Floats offset = values - search.centre;
        const auto distance =
            reinterpret_cast<Floats>(reinterpret_cast<Truths>(offset) & 0x7FFF'FFFF);
        n_below -= is_finite & (offset < -search.near);
        n_inner -= is_finite & (distance < search.inner);
        const Truths near = is_finite & (distance <= search.near);
        const Truths between = is_finite & (distance >= search.inner) & (distance <= search.outer);
        // No branch, which would be taken at random.
        base::store<float, n_lanes>(values, kept + n_kept);
        base::store<std::int32_t, n_lanes>(near, is_near + n_kept);
        base::store<std::int32_t, n_lanes>(between, is_between + n_kept);
        using Words = base::Vector<std::uint64_t, n_lanes / 2>;
        const auto any = reinterpret_cast<Words>(near | between);
        n_kept += (any[0] | any[1] | any[2] | any[3]) != 0 ? n_lanes : 0;
    }
};

/// Room for values; only what is written takes memory.
class Values {
  public:
    explicit Values(std::size_t n_most)
        : all_(std::make_unique_for_overwrite<float[]>(n_most + 1)) {}

    /// No branch here either; what is not to be kept is overwritten by the next.
    FAINTWEB_INLINE void add(float value, bool is_kept) {
        all_[n_] = value;
        n_ += is_kept ? 1U : 0U;
    }
    std::span<float> all() { return {all_.get(), n_}; }

  private:
    std::unique_ptr<float[]> all_;
    std::size_t n_ = 0;
};

struct Found {
    explicit Found(std::size_t n_most) : near(n_most), between(n_most) {}

    Values near;
    Values between;
    FiniteRange range{};
    std::size_t n_below = 0;
    std::size_t n_inner = 0;
};

FAINTWEB_VECTOR_CLONES void look(const Rows& rows, const Search& search, Found& found) {
    std::array<float, n_at_once + n_lanes> kept;
    std::array<std::int32_t, n_at_once + n_lanes> is_near;
    std::array<std::int32_t, n_at_once + n_lanes> is_between;
    SearchTaker taker{search, kept.data(), is_near.data(), is_between.data()};
    for (std::size_t y = 0; y < rows.n_rows; ++y) {
        for (std::size_t x = 0; x < rows.n_cols; x += n_at_once) {
            taker.n_finite = taker.n_below = taker.n_inner = Truths{};
            taker.n_kept = 0;
            take_row<n_lanes>(rows.row(y) + x, std::min(n_at_once, rows.n_cols - x), taker);
            for (int lane = 0; lane < n_lanes; ++lane) {
                found.range.n += taker.n_finite[lane];
                found.n_below += static_cast<std::size_t>(taker.n_below[lane]);
                found.n_inner += static_cast<std::size_t>(taker.n_inner[lane]);
            }
            for (std::size_t i = 0; i < taker.n_kept; ++i) {
                found.near.add(kept[i], is_near[i] != 0);
                found.between.add(kept[i], is_between[i] != 0);
            }
        }
    }
    for (int lane = 0; lane < n_lanes; ++lane) {
        found.range.lowest = std::min(found.range.lowest, taker.lowest[lane]);
        found.range.highest = std::max(found.range.highest, taker.highest[lane]);
    }
}

/// The values in the middle of a number of values in order; one value twice if it is odd.
struct Middle {
    float lower;
    float upper;

    float mean() const { return lower == upper ? upper : lower / 2 + upper / 2; }
};

/// @param some  of n values those that come after n_below others and before the rest, in any order.
/// @return      none if the middle is not among them.
std::optional<Middle> middle_of(std::span<float> some, std::size_t n_below, std::size_t n) {
    std::size_t lower = (n - 1) / 2;
    std::size_t upper = n / 2;
    if (lower < n_below || upper >= n_below + some.size()) {
        return std::nullopt;
    }
    lower -= n_below;
    upper -= n_below;
    // Bins of the same width, so that only what falls in the middle's need be put in order.
    const auto [lowest, highest] = std::ranges::minmax(some);
    constexpr std::size_t n_bins = 1024;
    const float factor = static_cast<float>(n_bins - 1) / (highest - lowest);
    if (some.size() > n_bins && std::isnormal(factor)) {
        const auto bin_of = [&, lowest = lowest](float value) {
            return static_cast<std::uint32_t>((value - lowest) * factor);
        };
        std::array<std::uint32_t, n_bins> sizes{};
        for (const float value : some) {
            ++sizes[bin_of(value)];
        }
        std::size_t n_before = 0;
        std::uint32_t first = 0;
        for (; n_before + sizes[first] <= lower; ++first) {
            n_before += sizes[first];
        }
        std::uint32_t last = first;
        for (std::size_t n_until = n_before + sizes[first]; n_until <= upper;) {
            n_until += sizes[++last];
        }
        // Not the form that takes a range: clang 14 does not read what that one gives.
        const auto end = std::partition(some.begin(), some.end(), [&](float value) {
            return bin_of(value) - first <= last - first;
        });
        some = some.first(static_cast<std::size_t>(end - some.begin()));
        lower -= n_before;
        upper -= n_before;
    }
    const auto middle = some.begin() + static_cast<std::ptrdiff_t>(upper);
    std::ranges::nth_element(some, middle);
    return Middle{lower == upper ? *middle : *std::max_element(some.begin(), middle), *middle};
}

void to_deviations(std::span<float> values, float centre) {
    for (float& value : values) {
        value = std::fabs(value - centre);
    }
}

/// Asks a sample; that it is misled is seen afterwards.
Search make_search(const Rows& rows) {
    constexpr std::size_t n_wanted = 32768;
    // 3 standard deviations of the place of a sample's median to each side.
    constexpr std::size_t slack = 272;
    const std::size_t step = std::max<std::size_t>(1, rows.size() / n_wanted);
    std::vector<float> sample;
    sample.reserve(2 * n_wanted);
    std::size_t x = 0;
    for (std::size_t y = 0; y < rows.n_rows; ++y, x -= rows.n_cols) {
        for (; x < rows.n_cols; x += step) {
            if (const float value = rows.row(y)[x]; std::isfinite(value)) {
                sample.push_back(value);
            }
        }
    }
    if (sample.size() < 8 * slack) {
        return {};
    }
    const auto middle = sample.begin() + std::ssize(sample) / 2;
    const auto values_around_middle = [&] {
        std::nth_element(sample.begin(), middle, sample.end());
        std::nth_element(sample.begin(), middle - slack, middle);
        std::nth_element(middle + 1, middle + slack, sample.end());
    };
    values_around_middle();
    Search search;
    search.centre = *middle;
    search.near = std::max(search.centre - middle[-slack], middle[slack] - search.centre);
    to_deviations(sample, search.centre);
    values_around_middle();
    // The median, from which deviations count, is not the sample's.
    search.inner = middle[-slack] - search.near / 2;
    search.outer = middle[slack] + search.near / 2;
    return search;
}

/// @return  none if what was found was not enough.
std::optional<RobustStatistics> robust_of(const Search& search, Found& found) {
    const auto n = static_cast<std::size_t>(found.range.n);
    const std::optional<Middle> middle = middle_of(found.near.all(), found.n_below, n);
    if (!middle) {
        return std::nullopt;
    }
    const float median = middle->mean();
    to_deviations(found.between.all(), median);
    const std::optional<Middle> deviation = middle_of(found.between.all(), found.n_inner, n);
    if (!deviation) {
        return std::nullopt;
    }
    // Distances from the centre and from the median differ by this much, and by rounding.
    const double shift =
        std::fabs(static_cast<double>(median) - static_cast<double>(search.centre));
    constexpr double rounding = 0x1p-22;
    const bool is_certain =
        shift == 0 || (static_cast<double>(deviation->lower) >=
                           (static_cast<double>(search.inner) + shift) * (1 + rounding) &&
                       static_cast<double>(deviation->upper) <=
                           (static_cast<double>(search.outer) - shift) * (1 - rounding));
    if (!is_certain) {
        return std::nullopt;
    }
    return RobustStatistics{median, rms_per_mad * deviation->mean()};
}

/// What is known of the pixels once all have been looked at.
FieldStatistics statistics_from(const Rows& rows, const Search& search, Found& found) {
    FieldStatistics statistics{found.range, {}, {}};
    if (found.range.n > 0) {
        std::optional<RobustStatistics> robust = robust_of(search, found);
        if (!robust) {
            Found all(rows.size());
            look(rows, {}, all);
            robust = robust_of({}, all);
        }
        statistics.robust = robust.value();
    }
    return statistics;
}

FieldStatistics statistics_of(const Rows& rows) {
    const Search search = make_search(rows);
    Found found(rows.size());
    look(rows, search, found);
    return statistics_from(rows, search, found);
}

Rows core_of(const image::Image& wide, std::int64_t margin_px) {
    FAINTWEB_EXPECTS(wide.rows >= 2 * margin_px && wide.cols >= 2 * margin_px);
    const image::WidePixel first = image::in_wide(image::FieldPixel{}, margin_px);
    return {wide.pixels.data() + first.y * wide.cols + first.x,
            static_cast<std::size_t>(wide.rows - 2 * margin_px),
            static_cast<std::size_t>(wide.cols - 2 * margin_px),
            static_cast<std::size_t>(wide.cols)};
}

}  // namespace

RobustStatistics robust_statistics(std::span<const float> values) {
    return statistics_of({values.data(), values.empty() ? 0U : 1U, values.size(), values.size()})
        .robust;
}

FieldStatistics field_statistics(const image::Image& wide, std::int64_t margin_px) {
    return statistics_of(core_of(wide, margin_px));
}

FieldNumbers field_numbers(const image::Image& wide, const TileGrid& grid, std::int64_t margin_px) {
    const Rows rows = core_of(wide, margin_px);
    const Search search = make_search(rows);
    Found found(rows.size());
    FieldNumbers numbers;
    numbers.sums.resize(static_cast<std::size_t>(grid.count()));
    const auto tile_px = static_cast<std::size_t>(grid.tile_px);
    const auto n_cols = static_cast<std::size_t>(grid.n_cols());
    // A row of tiles stays in the cache from the one to the other.
    for (std::size_t i = 0; i * tile_px < rows.n_rows; ++i) {
        const std::size_t y = i * tile_px;
        look({rows.row(y), std::min(tile_px, rows.n_rows - y), rows.n_cols, rows.stride}, search,
             found);  // each row once, whichever tiles overlap
        sum_row_of_tiles(wide, grid, margin_px, static_cast<std::int64_t>(i),
                         std::span(numbers.sums).subspan(i * n_cols, n_cols));
    }
    numbers.statistics = statistics_from(rows, search, found);
    return numbers;
}

}  // namespace faintweb::tile
