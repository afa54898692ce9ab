// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "lib/image/image.h"
#include "lib/image/window.h"
#include "lib/tile/grid.h"
#include "lib/tile/local_rms.h"
#include "lib/tile/sums.h"

namespace faintweb::tile {

/// Smallest and largest of the finite values, and how many there are.
struct FiniteRange {
    float lowest = std::numeric_limits<float>::infinity();
    float highest = -std::numeric_limits<float>::infinity();
    std::int64_t n = 0;
};

inline constexpr float largest_float = std::numeric_limits<float>::max();

/// 1 / Phi^-1(3/4): the median absolute deviation of a unit Gaussian is 0.6745.
inline constexpr float rms_per_mad = 1.4826022F;

/// Median and robust standard deviation (1.4826 x median absolute deviation) of the finite values;
/// exact, not binned. Both 0 when there is none.
struct RobustStatistics {
    float median = 0;
    float rms = 0;
};

/// The noise of a field's map and, around the field, its local rms.
struct LocalNoise {
    MapNoise map;
    LocalRms rms;                 ///< empty if nothing asked for it
    image::MapPixel corner = {};  ///< of the field with its margin
};

/// What the scalings follow from.
struct FieldStatistics {
    FiniteRange range;
    RobustStatistics robust;
    LocalNoise noise;  ///< not of the pixels alone: see LocalNoise
};

/// @param values  any unit, blanks NaN or infinite.
/// @source ours (statistics_test.cc)
RobustStatistics robust_statistics(std::span<const float> values);

/// Of a field without its margin.
///
/// @param wide  [rows + 2 margin_px, cols + 2 margin_px], any unit, blanks NaN or infinite.
/// @source ours (statistics_test.cc)
FieldStatistics field_statistics(const image::Image& wide, std::int64_t margin_px = 0);

/// What is known of a field before a network sees it.
struct FieldNumbers {
    FieldStatistics statistics;
    std::vector<TileSums> sums;  ///< [grid.count()]
};

/// What field_statistics and sum_tiles give, in one pass over the pixels.
///
/// @param wide  [grid.field_rows + 2 margin_px, grid.field_cols + 2 margin_px], any unit,
///              blanks NaN or infinite.
/// @source ours (statistics_test.cc)
FieldNumbers field_numbers(const image::Image& wide,
                           const TileGrid& grid,
                           std::int64_t margin_px = 0);

}  // namespace faintweb::tile
