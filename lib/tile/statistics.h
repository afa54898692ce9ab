#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "lib/image/image.h"
#include "lib/tile/grid.h"
#include "lib/tile/sums.h"

namespace faintweb::tile {

/// Smallest and largest of the finite values, and how many there are.
struct FiniteRange {
    float lowest = std::numeric_limits<float>::infinity();
    float highest = -std::numeric_limits<float>::infinity();
    std::int64_t n = 0;
};

/// Median and robust standard deviation (1.4826 x median absolute deviation) of the finite values;
/// exact, not binned. Both 0 when there is none.
struct RobustStatistics {
    float median = 0;
    float rms = 0;
};

/// What the scalings follow from.
struct FieldStatistics {
    FiniteRange range;
    RobustStatistics robust;
};

RobustStatistics robust_statistics(std::span<const float> values);

/// Of a field without its margin.
FieldStatistics field_statistics(const image::Image& wide, std::int64_t margin_px = 0);

/// What is known of a field before a network sees it.
struct FieldNumbers {
    FieldStatistics statistics;
    std::vector<TileSums> sums;  ///< [grid.count()]
};

/// What field_statistics and sum_tiles give, in one pass over the pixels.
///
/// @param wide  [grid.field_rows + 2 margin_px, grid.field_cols + 2 margin_px]
FieldNumbers field_numbers(const image::Image& wide,
                           const TileGrid& grid,
                           std::int64_t margin_px = 0);

}  // namespace faintweb::tile
