// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/source/islands.h"

#include <algorithm>
#include <limits>
#include <span>

#include "lib/base/contract.h"

namespace faintweb::source {

namespace {

/// Union-find over runs. A set's root is its first run, so roots come in the order of first pixels.
class RunSets {
  public:
    void add_run() { parent_.push_back(static_cast<std::int32_t>(parent_.size())); }

    std::int32_t root(std::int32_t run) {
        while (parent(run) != run) {
            parent(run) = parent(parent(run));  // halves the path, so that later look-ups are short
            run = parent(run);
        }
        return run;
    }

    void join(std::int32_t a, std::int32_t b) {
        const auto [first, second] = std::minmax({root(a), root(b)});
        parent(second) = first;
    }

  private:
    std::int32_t& parent(std::int32_t run) { return parent_[static_cast<std::size_t>(run)]; }

    std::vector<std::int32_t> parent_;
};

/// Appends the runs of one row; their island is not known yet.
void append_runs(std::span<const float> pixels,
                 std::int64_t row,
                 float threshold,
                 std::vector<IslandRun>& runs) {
    // NaN fails both comparisons, infinity the second.
    const auto belongs = [&](std::int64_t col) {
        const float value = pixels[static_cast<std::size_t>(col)];
        return value > threshold && value <= std::numeric_limits<float>::max();
    };
    const auto cols = static_cast<std::int64_t>(pixels.size());
    for (std::int64_t col = 0; col < cols; ++col) {
        if (!belongs(col)) {
            continue;
        }
        const std::int64_t first_col = col;
        while (col < cols && belongs(col)) {
            ++col;
        }
        runs.push_back({.row = row, .first_col = first_col, .end_col = col, .island = -1});
    }
}

void add_run_to_island(const IslandRun& run, std::span<const float> pixels, Island& island) {
    if (island.n_pixels == 0) {
        island = {.peak = pixels[static_cast<std::size_t>(run.first_col)],
                  .first_row = run.row,
                  .last_row = run.row,
                  .first_col = run.first_col,
                  .last_col = run.end_col - 1};
    }
    island.n_pixels += run.end_col - run.first_col;
    island.last_row = run.row;
    island.first_col = std::min(island.first_col, run.first_col);
    island.last_col = std::max(island.last_col, run.end_col - 1);
    for (std::int64_t col = run.first_col; col < run.end_col; ++col) {
        const float value = pixels[static_cast<std::size_t>(col)];
        island.peak = std::max(island.peak, value);
        island.sum += static_cast<double>(value);
    }
}

/// Leaves out the islands with fewer pixels and their runs, and numbers the others anew.
void drop_small_islands(std::int64_t min_pixels, Islands& found) {
    std::vector<std::int32_t> new_number(found.islands.size(), -1);
    std::int32_t n_kept = 0;
    for (std::size_t i = 0; i < found.islands.size(); ++i) {
        if (found.islands[i].n_pixels >= min_pixels) {
            new_number[i] = n_kept++;
        }
    }
    std::erase_if(found.islands, [&](const Island& i) { return i.n_pixels < min_pixels; });
    for (IslandRun& run : found.runs) {
        run.island = new_number[static_cast<std::size_t>(run.island)];
    }
    std::erase_if(found.runs, [](const IslandRun& run) { return run.island < 0; });
}

}  // namespace

Islands find_islands(const image::Image& image, float threshold, std::int64_t min_pixels) {
    Islands found{.rows = image.rows, .cols = image.cols, .islands = {}, .runs = {}};
    std::vector<IslandRun>& runs = found.runs;
    RunSets sets;
    std::size_t above_begin = 0;  // the runs of the row above are [above_begin, above_end)
    for (std::int64_t row = 0; row < image.rows; ++row) {
        const std::size_t above_end = runs.size();
        append_runs(image.row(row), row, threshold, runs);
        FAINTWEB_EXPECTS(runs.size() <= std::numeric_limits<std::int32_t>::max());
        std::size_t above = above_begin;
        for (std::size_t here = above_end; here < runs.size(); ++here) {
            sets.add_run();
            // Runs touch, also by a corner, where neither ends before the other begins.
            while (above < above_end && runs[above].end_col < runs[here].first_col) {
                ++above;
            }
            for (std::size_t a = above; a < above_end && runs[a].first_col <= runs[here].end_col;
                 ++a) {
                sets.join(static_cast<std::int32_t>(a), static_cast<std::int32_t>(here));
            }
        }
        above_begin = above_end;
    }

    for (std::size_t i = 0; i < runs.size(); ++i) {
        const auto root = static_cast<std::size_t>(sets.root(static_cast<std::int32_t>(i)));
        if (root == i) {
            runs[i].island = static_cast<std::int32_t>(found.islands.size());
            found.islands.emplace_back();
        } else {
            runs[i].island = runs[root].island;
        }
        add_run_to_island(runs[i], image.row(runs[i].row),
                          found.islands[static_cast<std::size_t>(runs[i].island)]);
    }
    if (min_pixels > 1) {
        drop_small_islands(min_pixels, found);
    }
    return found;
}

}  // namespace faintweb::source
