// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <vector>

#include "lib/image/image.h"

namespace faintweb::source {

/// Pixels of one row that belong to one island: columns [first_col, end_col).
struct IslandRun {
    std::int64_t row;
    std::int64_t first_col;
    std::int64_t end_col;
    std::int32_t island;  ///< index into Islands::islands
};

/// One connected group of bright pixels. The bounding box includes its last row and column.
struct Island {
    std::int64_t n_pixels = 0;
    float peak = 0;
    double sum = 0;
    std::int64_t first_row = 0;
    std::int64_t last_row = 0;
    std::int64_t first_col = 0;
    std::int64_t last_col = 0;
};

/// The islands of one image, in the order of their first pixel (row by row), and the runs of pixels
/// that they are made of, in row order.
struct Islands {
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::vector<Island> islands;
    std::vector<IslandRun> runs;
};

/// Finds the 8-connected groups of pixels strictly above a threshold.
///
/// Blank (NaN) and infinite pixels never belong to an island, and islands do not join across them.
///
/// @param image       [rows, cols] row-major, any unit.
/// @param threshold   in the image's unit.
/// @param min_pixels  smaller islands are left out.
/// @source            ours; runs joined by union-find, tested against a flood fill.
Islands find_islands(const image::Image& image, float threshold, std::int64_t min_pixels = 1);

}  // namespace faintweb::source
