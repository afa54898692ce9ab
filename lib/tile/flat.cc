// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/flat.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>
#include <vector>

#include "lib/base/contract.h"
#include "lib/base/vector_clones.h"
#include "lib/tile/floor_divide.h"

namespace faintweb::tile {
namespace {

FAINTWEB_VECTOR_CLONES std::int32_t count_pairs(const float* row, std::size_t n, float tolerance) {
    std::int32_t count = 0;
    for (std::size_t i = 0; i < n; ++i) {
        count += std::fabs(row[i] - row[i + 1]) <= tolerance ? 1 : 0;
    }
    return count;
}

/// Pixels that are connected inside one block.
struct Patch {
    std::int64_t n_pixels = 0;
    std::int64_t n_inner = 0;  ///< that have the same value a beam away; of maps in steps only
    float lowest = 0;
    float highest = 0;
    std::int64_t col = 0;  ///< of its block
    std::int64_t row = 0;

    void add(const Patch& other) {
        n_pixels += other.n_pixels;
        n_inner += other.n_inner;
        lowest = std::min(lowest, other.lowest);
        highest = std::max(highest, other.highest);
    }
};

/// Which numbers belong together.
class Unions {
  public:
    std::size_t size() const { return parents_.size(); }
    std::int32_t add() {
        parents_.push_back(static_cast<std::int32_t>(parents_.size()));
        return parents_.back();
    }
    std::int32_t root(std::int32_t i) {
        while (parent(i) != i) {
            i = parent(i) = parent(parent(i));
        }
        return i;
    }
    void unite(std::int32_t a, std::int32_t b) {
        a = root(a);
        b = root(b);
        parent(std::max(a, b)) = std::min(a, b);
    }

  private:
    std::int32_t& parent(std::int32_t i) { return parents_[static_cast<std::size_t>(i)]; }

    std::vector<std::int32_t> parents_;
};

/// The blocks of an image that are looked at, their patches numbered through.
class Blocks {
  public:
    Blocks(const image::Image& pixels,
           const image::MapWindow& window,
           const NoiseMesh& mesh,
           const FlatPairs& pairs)
        : pixels_(pixels),
          window_(window),
          mesh_(mesh),
          pairs_(pairs),
          numbers_(pairs.counts.size()),
          ends_(pairs.counts.size(), {0, 0}) {}

    /// Finds the patches of a block, unless that was done.
    void add(std::int64_t col, std::int64_t row) {
        if (!has_place(col, row) || !numbers_[index(col, row)].empty()) {
            return;
        }
        const image::ImageWindow at = place(col, row);
        std::vector<std::int32_t>& numbers = numbers_[index(col, row)];
        numbers.assign(static_cast<std::size_t>(at.rows * at.cols), -1);
        const auto first = static_cast<std::int32_t>(patches_.size());
        Unions unions;
        number_pixels(at, numbers, unions);
        // Numbers of patches in place of those that were joined.
        std::vector<std::int32_t> patch_of(unions.size(), -1);
        for (std::int64_t y = 0; y < at.rows; ++y) {
            const float* values = pixels_.row(at.y0 + y).data() + at.x0;
            std::int32_t* row_numbers = numbers.data() + y * at.cols;
            for (std::int64_t x = 0; x < at.cols; ++x) {
                if (row_numbers[x] < 0) {
                    continue;
                }
                std::int32_t& patch =
                    patch_of[static_cast<std::size_t>(unions.root(row_numbers[x]))];
                if (patch < 0) {
                    patch = static_cast<std::int32_t>(patches_.size());
                    patches_.push_back({0, 0, values[x], values[x], col, row});
                }
                row_numbers[x] = patch;
                const bool is_counted = pairs_.is_in_steps && is_inner(at.y0 + y, at.x0 + x);
                patches_[static_cast<std::size_t>(patch)].add(
                    {1, is_counted ? 1 : 0, values[x], values[x], col, row});
            }
        }
        ends_[index(col, row)] = {first, static_cast<std::int32_t>(patches_.size())};
    }

    /// Connects patches across the borders of all blocks that were added.
    void connect() {
        for (std::int64_t row = pairs_.first_row; row < pairs_.first_row + pairs_.n_rows; ++row) {
            for (std::int64_t col = pairs_.first_col; col < pairs_.first_col + pairs_.n_cols;
                 ++col) {
                connect_with(col, row, 1, 0);
                connect_with(col, row, 0, 1);
            }
        }
        std::ranges::sort(neighbours_);
    }

    /// Blanks those pixels of a block inside `changed` whose patch, as far as the blocks around
    /// this one show it, lies outside the observation.
    void blank(std::int64_t col,
               std::int64_t row,
               const image::MapWindow& changed,
               image::Image& pixels) const {
        const auto [first, end] = ends_[index(col, row)];
        std::vector<bool> is_outside(static_cast<std::size_t>(end - first));
        bool is_any = false;
        for (std::int32_t patch = first; patch < end; ++patch) {
            const bool is = is_outside_patch(patch, col, row);
            is_outside[static_cast<std::size_t>(patch - first)] = is;
            is_any = is_any || is;
        }
        if (!is_any) {
            return;
        }
        const image::ImageWindow at = place(col, row);
        const std::vector<std::int32_t>& numbers = numbers_[index(col, row)];
        for (std::int64_t y = 0; y < at.rows; ++y) {
            for (std::int64_t x = 0; x < at.cols; ++x) {
                const image::ImagePixel here{at.x0 + x, at.y0 + y};
                const std::int32_t patch = numbers[static_cast<std::size_t>(y * at.cols + x)];
                if (patch >= 0 && is_outside[static_cast<std::size_t>(patch - first)] &&
                    changed.contains(image::on_map(here, window_.corner()))) {
                    pixels.at(here.y, here.x) = std::numeric_limits<float>::quiet_NaN();
                }
            }
        }
    }

  private:
    bool has_place(std::int64_t col, std::int64_t row) const {
        return col >= pairs_.first_col && row >= pairs_.first_row &&
               col < pairs_.first_col + pairs_.n_cols && row < pairs_.first_row + pairs_.n_rows;
    }
    std::size_t index(std::int64_t col, std::int64_t row) const {
        return static_cast<std::size_t>((row - pairs_.first_row) * pairs_.n_cols + col -
                                        pairs_.first_col);
    }
    /// Pixels of the image that a block covers.
    image::ImageWindow place(std::int64_t col, std::int64_t row) const {
        const std::int64_t edge = pairs_.block_px;
        const image::MapPixel corner{col * edge, row * edge};
        const image::ImagePixel first = image::in_image(corner, window_.corner());
        const std::int64_t x0 = std::max<std::int64_t>(first.x, 0);
        const std::int64_t y0 = std::max<std::int64_t>(first.y, 0);
        return {x0, y0, std::min(first.x + edge, pixels_.cols) - x0,
                std::min(first.y + edge, pixels_.rows) - y0};
    }

    void number_pixels(const image::ImageWindow& at,
                       std::vector<std::int32_t>& numbers,
                       Unions& unions) const {
        for (std::int64_t y = 0; y < at.rows; ++y) {
            const float* values = pixels_.row(at.y0 + y).data() + at.x0;
            const float* below = values - pixels_.cols;
            std::int32_t* here = numbers.data() + y * at.cols;
            const std::int32_t* numbers_below = here - at.cols;
            for (std::int64_t x = 0; x < at.cols; ++x) {
                // Most pixels of noise are like none of their neighbours: no patch for each.
                if (!std::isfinite(values[x]) || !has_like_neighbour(at.y0 + y, at.x0 + x)) {
                    continue;
                }
                const bool is_as_left = x > 0 && is_near(values[x], values[x - 1]);
                const bool is_as_below = y > 0 && is_near(values[x], below[x]);
                if (is_as_left) {
                    here[x] = here[x - 1];
                    if (is_as_below && here[x] != numbers_below[x]) {
                        unions.unite(here[x], numbers_below[x]);
                    }
                } else {
                    here[x] = is_as_below ? numbers_below[x] : unions.add();
                }
            }
        }
    }

    /// @param dx, dy  1, 0 for the block at the right, 0, 1 for the one above.
    void connect_with(std::int64_t col, std::int64_t row, std::int64_t dx, std::int64_t dy) {
        if (!has_place(col + dx, row + dy)) {
            return;
        }
        const std::vector<std::int32_t>& here = numbers_[index(col, row)];
        const std::vector<std::int32_t>& there = numbers_[index(col + dx, row + dy)];
        if (here.empty() || there.empty()) {
            return;
        }
        const image::ImageWindow at = place(col, row);
        const std::int64_t there_cols = place(col + dx, row + dy).cols;
        for (std::int64_t i = 0; i < (dx == 1 ? at.rows : at.cols); ++i) {
            const std::int64_t x = dx == 1 ? at.cols - 1 : i;
            const std::int64_t y = dx == 1 ? i : at.rows - 1;
            const std::int32_t a = here[static_cast<std::size_t>(y * at.cols + x)];
            const std::int32_t b = there[static_cast<std::size_t>(dx == 1 ? i * there_cols : i)];
            if (a < 0 || b < 0 ||
                !is_near(pixels_.at(at.y0 + y, at.x0 + x),
                         pixels_.at(at.y0 + y + dy, at.x0 + x + dx))) {
                continue;
            }
            if (neighbours_.empty() || neighbours_.back() != std::pair(b, a)) {
                neighbours_.emplace_back(a, b);
                neighbours_.emplace_back(b, a);
            }
        }
    }

    bool is_outside_patch(std::int32_t patch, std::int64_t col, std::int64_t row) const {
        Patch whole = patches_[static_cast<std::size_t>(patch)];
        std::vector<std::int32_t> seen{patch};
        for (std::size_t i = 0; i < seen.size(); ++i) {
            const auto first = std::ranges::lower_bound(neighbours_, std::pair(seen[i], -1));
            for (auto pair = first; pair != neighbours_.end() && pair->first == seen[i]; ++pair) {
                const std::int32_t next = pair->second;
                const Patch& other = patches_[static_cast<std::size_t>(next)];
                if (std::abs(other.col - col) <= 1 && std::abs(other.row - row) <= 1 &&
                    std::ranges::find(seen, next) == seen.end()) {
                    seen.push_back(next);
                    whole.add(other);
                }
            }
        }
        return whole.n_pixels > mesh_.patch_px &&
               (!pairs_.is_in_steps || 2 * whole.n_inner >= whole.n_pixels) &&
               is_near(whole.highest, whole.lowest);
    }

    /// Whether the pixel some way off has the same value; past the image and at blanks it may have.
    bool is_like(std::int64_t y, std::int64_t x, std::int64_t dy, std::int64_t dx) const {
        if (y + dy < 0 || y + dy >= pixels_.rows || x + dx < 0 || x + dx >= pixels_.cols) {
            return true;
        }
        const float other = pixels_.at(y + dy, x + dx);
        return std::isnan(other) || is_near(pixels_.at(y, x), other);
    }
    bool is_inner(std::int64_t y, std::int64_t x) const {
        const std::int64_t far = mesh_.beam_px();
        return is_like(y, x, 0, far) && is_like(y, x, 0, -far) && is_like(y, x, far, 0) &&
               is_like(y, x, -far, 0);
    }
    bool has_like_neighbour(std::int64_t y, std::int64_t x) const {
        const float value = pixels_.at(y, x);
        return (x > 0 && is_near(value, pixels_.at(y, x - 1))) ||
               (x + 1 < pixels_.cols && is_near(value, pixels_.at(y, x + 1))) ||
               (y > 0 && is_near(value, pixels_.at(y - 1, x))) ||
               (y + 1 < pixels_.rows && is_near(value, pixels_.at(y + 1, x)));
    }

    bool is_near(float a, float b) const { return std::fabs(a - b) <= pairs_.tolerance; }

    const image::Image& pixels_;
    const image::MapWindow& window_;
    const NoiseMesh& mesh_;
    const FlatPairs& pairs_;
    /// Of each block the patch of each of its pixels, -1 for blanks; empty: not looked at.
    std::vector<std::vector<std::int32_t>> numbers_;
    std::vector<std::pair<std::int32_t, std::int32_t>> ends_;  ///< of each block's patches
    std::vector<Patch> patches_;
    std::vector<std::pair<std::int32_t, std::int32_t>> neighbours_;  ///< each pair both ways
};

}  // namespace

FlatPairs count_flat_pairs(const image::Image& pixels,
                           const image::MapWindow& window,
                           const NoiseMesh& mesh,
                           const MapNoise& map_noise) {
    FAINTWEB_EXPECTS(pixels.rows == window.rows && pixels.cols == window.cols);
    FlatPairs pairs;
    pairs.tolerance = flat_tolerance_sigma * map_noise.rms;
    pairs.is_in_steps = map_noise.is_in_steps;
    const std::int64_t edge = pairs.block_px = mesh.block_px();
    pairs.first_col = floor_divide(window.x0, edge);
    pairs.first_row = floor_divide(window.y0, edge);
    pairs.n_cols = floor_divide(window.x0 + window.cols - 1, edge) - pairs.first_col + 1;
    pairs.n_rows = floor_divide(window.y0 + window.rows - 1, edge) - pairs.first_row + 1;
    pairs.counts.assign(static_cast<std::size_t>(pairs.n_cols * pairs.n_rows), 0);
    for (std::int64_t y = 0; y < pixels.rows; ++y) {
        const float* row = pixels.row(y).data();
        const image::MapPixel first = image::on_map(image::ImagePixel{0, y}, window.corner());
        std::int32_t* counts =
            pairs.counts.data() + (floor_divide(first.y, edge) - pairs.first_row) * pairs.n_cols;
        for (std::int64_t i = 0; i < pairs.n_cols; ++i) {
            const image::MapPixel corner{(pairs.first_col + i) * edge, first.y};
            const std::int64_t x = image::in_image(corner, window.corner()).x;
            const std::int64_t begin = std::max<std::int64_t>(x, 0);
            // The last pixel of a row has no right neighbour here.
            const std::int64_t end = std::min(x + edge, pixels.cols - 1);
            if (begin < end) {
                counts[i] += count_pairs(row + begin, static_cast<std::size_t>(end - begin),
                                         pairs.tolerance);
            }
        }
    }
    return pairs;
}

void blank_flat_patches(image::Image& pixels,
                        const image::MapWindow& window,
                        const image::MapWindow& changed,
                        const NoiseMesh& mesh,
                        const FlatPairs& pairs) {
    FAINTWEB_EXPECTS(pixels.rows == window.rows && pixels.cols == window.cols);
    // A patch has about as many pairs as pixels; by chance one in a million pixels of noise has
    // one.
    const std::int64_t min_pairs = mesh.patch_px / 4;
    const std::int64_t edge = mesh.block_px();
    std::vector<std::pair<std::int64_t, std::int64_t>> suspects;
    Blocks blocks(pixels, window, mesh, pairs);
    const std::int64_t last_row = floor_divide(changed.y0 + changed.rows - 1, edge);
    const std::int64_t last_col = floor_divide(changed.x0 + changed.cols - 1, edge);
    const auto for_around = [](std::int64_t col, std::int64_t row, const auto& act) {
        for (std::int64_t j = -1; j <= 1; ++j) {
            for (std::int64_t i = -1; i <= 1; ++i) {
                act(col + i, row + j);
            }
        }
    };
    for (std::int64_t row = floor_divide(changed.y0, edge); row <= last_row; ++row) {
        for (std::int64_t col = floor_divide(changed.x0, edge); col <= last_col; ++col) {
            std::int32_t n = 0;
            for_around(col, row, [&](std::int64_t c, std::int64_t r) { n += pairs.count(c, r); });
            if (n >= min_pairs) {
                suspects.emplace_back(col, row);
                for_around(col, row, [&](std::int64_t c, std::int64_t r) { blocks.add(c, r); });
            }
        }
    }
    if (suspects.empty()) {
        return;
    }
    blocks.connect();
    for (const auto& [col, row] : suspects) {
        blocks.blank(col, row, changed, pixels);
    }
}

}  // namespace faintweb::tile
