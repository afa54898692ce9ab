// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/tile/local_rms.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "lib/base/contract.h"
#include "lib/base/vector.h"
#include "lib/base/vector_clones.h"
#include "lib/tile/floor_divide.h"
#include "lib/tile/pixel_scaling.h"
#include "lib/tile/row_vectors.h"

namespace faintweb::tile {
namespace {

constexpr int n_lanes = 8;
using Floats = base::Vector<float, n_lanes>;
/// -1 for true.
using Truths = base::Vector<std::int32_t, n_lanes>;

constexpr float clip_sigma = 3;
/// Standard deviation of a unit Gaussian without its values beyond 3.
constexpr float rms_within_clip = 0.98657830F;

/// Number of the last box whose centre lies at a pixel or before it.
std::int64_t box_before(std::int64_t place, std::int64_t box_px) {
    // The centre of box i lies at pixel i box_px + (box_px - 1) / 2.
    return floor_divide(2 * place + 1 - box_px, 2 * box_px);
}

/// Numbers of the boxes whose centres lie around each pixel of first .. first + n - 1.
std::pair<std::int64_t, std::int64_t> boxes_around(std::int64_t first,
                                                   std::int64_t n,
                                                   std::int64_t box_px) {
    return {box_before(first, box_px), box_before(first + n - 1, box_px) + 1};
}

/// Sums over the values between two bounds, as distances from a centre.
struct ClippedTaker {
    float centre;
    float near;
    Floats sum{};
    Floats sum_of_squares{};
    Truths n{};

    FAINTWEB_INLINE void take(const float* values) {
        const Floats offset = base::load<float, n_lanes>(values) - centre;
        const Truths is_in = (offset <= near) & (offset >= -near);
        const Floats kept = is_in ? offset : Floats{};
        sum += kept;
        sum_of_squares += kept * kept;
        n -= is_in;
    }
};

struct Moments {
    std::int64_t n = 0;
    float mean = 0;
    float rms = 0;
};

FAINTWEB_VECTOR_CLONES Moments clipped_moments(const float* values,
                                               std::size_t n_values,
                                               float centre,
                                               float near) {
    ClippedTaker taker{centre, near};
    take_row<n_lanes>(values, n_values, taker);
    float sum = 0;
    float sum_of_squares = 0;
    Moments moments;
    for (int lane = 0; lane < n_lanes; ++lane) {
        sum += taker.sum[lane];
        sum_of_squares += taker.sum_of_squares[lane];
        moments.n += taker.n[lane];
    }
    if (moments.n > 0) {
        const float mean = sum / static_cast<float>(moments.n);
        const float variance = sum_of_squares / static_cast<float>(moments.n) - mean * mean;
        moments.mean = centre + mean;
        moments.rms = std::sqrt(std::max(variance, 0.0F));
    }
    return moments;
}

/// Values in units of the map's rms; blanks stay.
FAINTWEB_VECTOR_CLONES void to_sigma(const float* values,
                                     std::size_t n,
                                     const InSigma& in_sigma,
                                     float* out) {
    const InSigma here = in_sigma;
    for (std::size_t i = 0; i < n; ++i) {
        const bool is_finite = std::fabs(values[i]) <= largest_float;
        out[i] = is_finite ? here(values[i]) : std::numeric_limits<float>::quiet_NaN();
    }
}

FAINTWEB_VECTOR_CLONES std::int32_t count_equal_pairs(const float* row, std::size_t n) {
    std::int32_t count = 0;
    for (std::size_t i = 0; i + 1 < n; ++i) {
        count += std::fabs(row[i + 1] - row[i]) <= flat_tolerance_sigma ? 1 : 0;
    }
    return count;
}

/// Blanks runs of equal values: they lie outside the observation. In a map in steps short ones do
/// not, but at the ends of the row, where the rest of a run may be in the next box.
///
/// @param row  with the pixel before it and the one behind it.
void blank_runs(std::span<float> row, bool is_in_steps) {
    if (count_equal_pairs(row.data(), row.size()) == 0) {
        return;
    }
    for (std::size_t first = 0; first < row.size();) {
        std::size_t end = first + 1;
        while (end < row.size() && std::fabs(row[end] - row[end - 1]) <= flat_tolerance_sigma) {
            ++end;
        }
        const bool is_at_end = first == 0 || end == row.size();
        const std::size_t shortest_run = is_in_steps && !is_at_end ? 8 : 2;
        if (end - first >= shortest_run) {
            std::fill(row.begin() + static_cast<std::ptrdiff_t>(first),
                      row.begin() + static_cast<std::ptrdiff_t>(end),
                      std::numeric_limits<float>::quiet_NaN());
        }
        first = end;
    }
}

float median_of(std::span<float> values) {
    const auto middle = values.begin() + std::ssize(values) / 2;
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Clipped rms of one box in units of the map's, 0 if it has none.
///
/// @param values  of the whole box, blanks NaN.
/// @param sample  memory to work in.
float rms_of_box(std::span<const float> values,
                 std::int64_t box_px,
                 std::int64_t n_finite,
                 std::vector<float>& sample) {
    // About one pixel per beam tells where to begin.
    constexpr std::int64_t n_across = 12;
    const std::int64_t step = box_px / n_across;
    const auto take_sample = [&](std::int64_t step_px) {
        sample.clear();
        for (std::int64_t y = step_px / 2; y < box_px; y += step_px) {
            for (std::int64_t x = step_px / 2; x < box_px; x += step_px) {
                const float value = values[static_cast<std::size_t>(y * box_px + x)];
                if (!std::isnan(value)) {
                    sample.push_back(value);
                }
            }
        }
    };
    take_sample(step);
    constexpr std::size_t n_enough = 64;
    if (sample.size() < n_enough) {
        take_sample(1);
    }
    float centre = median_of(sample);
    for (float& value : sample) {
        value = std::fabs(value - centre);
    }
    float rms = rms_per_mad * median_of(sample);
    std::int64_t n_before = -1;
    constexpr int max_rounds = 20;
    for (int round = 0; round < max_rounds; ++round) {
        const Moments moments =
            clipped_moments(values.data(), values.size(), centre, clip_sigma * rms);
        centre = moments.mean;
        rms = moments.rms / rms_within_clip;
        if (moments.n == n_before) {
            break;
        }
        n_before = moments.n;
    }
    return 2 * n_before >= n_finite && std::isfinite(rms) ? rms : 0.0F;
}

/// The second lowest of a box's own rms and the geometric means of opposite neighbours, or the
/// lowest of three or fewer, as emission only raises them; 0 if none has one.
float rms_among_neighbours(const float* own, std::int64_t stride) {
    std::array<float, 5> candidates{};
    std::size_t n = 0;
    if (*own > 0) {
        candidates[n++] = *own;
    }
    for (const std::int64_t step : {std::int64_t{1}, stride - 1, stride, stride + 1}) {
        if (own[step] > 0 && own[-step] > 0) {
            // Apart, as a product of tiny numbers would be 0.
            candidates[n++] = std::sqrt(own[step]) * std::sqrt(own[-step]);
        }
    }
    if (n == 0) {
        return 0;
    }
    const auto chosen = candidates.begin() + (n > 3 ? 1 : 0);
    std::nth_element(candidates.begin(), chosen,
                     candidates.begin() + static_cast<std::ptrdiff_t>(n));
    return *chosen;
}

}  // namespace

LocalRms::LocalRms(const NoiseMesh& mesh,
                   const image::BoxWindow& boxes,
                   std::vector<float> rms,
                   float rms_of_map)
    : mesh_(mesh), boxes_(boxes), rms_(std::move(rms)), rms_of_map_(rms_of_map) {
    FAINTWEB_EXPECTS(std::ssize(rms_) == boxes.rows * boxes.cols);
}

float LocalRms::at(const image::MapPixel& pixel) const {
    float rms = 0;
    row(pixel, {&rms, 1});
    return rms;
}

void LocalRms::row(const image::MapPixel& first_pixel, std::span<float> rms) const {
    const auto [x, y] = first_pixel;
    const std::int64_t edge = mesh_.box_px;
    // How far from the centre of the box before it towards that of the next.
    const auto part_of = [edge](std::int64_t place, std::int64_t box) {
        return static_cast<float>(2 * place + 1 - edge - 2 * edge * box) /
               static_cast<float>(2 * edge);
    };
    const std::int64_t below = box_before(y, edge);
    const float up = part_of(y, below);
    const std::int64_t row0 = below - boxes_.y0;
    FAINTWEB_EXPECTS(row0 >= 0 && row0 + 1 < boxes_.rows);
    for (std::size_t done = 0; done < rms.size();) {
        const std::int64_t first = x + static_cast<std::int64_t>(done);
        const std::int64_t left = box_before(first, edge);
        const std::int64_t col0 = left - boxes_.x0;
        FAINTWEB_EXPECTS(col0 >= 0 && col0 + 1 < boxes_.cols);
        const std::int64_t end = (left + 1) * edge + edge / 2;
        const auto n = std::min(rms.size() - done, static_cast<std::size_t>(end - first));
        const std::array corners{box(col0, row0), box(col0 + 1, row0), box(col0, row0 + 1),
                                 box(col0 + 1, row0 + 1)};
        const auto n_without = std::ranges::count(corners, 0.0F);
        const std::span<float> here = rms.subspan(done, n);
        if (n_without == 0) {
            const float at_left = corners[0] + (corners[2] - corners[0]) * up;
            const float at_right = corners[1] + (corners[3] - corners[1]) * up;
            const float slope = at_right - at_left;
            for (std::size_t i = 0; i < n; ++i) {
                here[i] = at_left + slope * part_of(first + static_cast<std::int64_t>(i), left);
            }
        } else if (n_without == 4) {
            std::ranges::fill(here, rms_of_map_);
        } else {
            // So that a box counts at the centre of one that has no rms.
            constexpr float least = 1e-3F;
            for (std::size_t i = 0; i < n; ++i) {
                const float right = part_of(first + static_cast<std::int64_t>(i), left);
                const std::array weights{(1 - right) * (1 - up) + least, right * (1 - up) + least,
                                         (1 - right) * up + least, right * up + least};
                float sum = 0;
                float sum_of_weights = 0;
                for (std::size_t k = 0; k < 4; ++k) {
                    const bool has_rms = corners[k] != 0;
                    sum += has_rms ? weights[k] * corners[k] : 0.0F;
                    sum_of_weights += has_rms ? weights[k] : 0.0F;
                }
                here[i] = sum / sum_of_weights;
            }
        }
        done += n;
    }
}

LocalRms measure_local_rms(const image::Image& pixels,
                           const image::MapWindow& window,
                           const image::MapWindow& part,
                           const NoiseMesh& mesh,
                           const MapNoise& map_noise) {
    FAINTWEB_EXPECTS(pixels.rows == window.rows && pixels.cols == window.cols);
    const std::int64_t edge = mesh.box_px;
    const auto [first_col, last_col] = boxes_around(part.x0, part.cols, edge);
    const auto [first_row, last_row] = boxes_around(part.y0, part.rows, edge);
    const image::BoxWindow boxes{first_col, first_row, last_col - first_col + 1,
                                 last_row - first_row + 1};
    const image::BoxWindow measured = image::widened(boxes, 1);
    const InSigma in_sigma = in_sigma_of({map_noise.level, map_noise.rms});
    std::vector<float> own(static_cast<std::size_t>(measured.rows * measured.cols), 0.0F);
    std::vector<float> values(static_cast<std::size_t>(edge * edge));
    std::vector<float> line(static_cast<std::size_t>(edge + 2));
    std::vector<float> sample;
    for (std::int64_t row = 0; row < measured.rows; ++row) {
        for (std::int64_t col = 0; col < measured.cols; ++col) {
            const image::MapPixel corner{(measured.x0 + col) * edge, (measured.y0 + row) * edge};
            const auto [x0, y0] = image::in_image(corner, window.corner());
            // What lies past the window lies past the map. Boxes are always whole, so that their
            // sums are the same however far the window reaches.
            const std::int64_t first = std::clamp<std::int64_t>(-x0, -1, edge + 1);
            const std::int64_t end = std::clamp<std::int64_t>(pixels.cols - x0, first, edge + 1);
            std::int64_t n_finite = 0;
            for (std::int64_t i = 0; i < edge; ++i) {
                std::ranges::fill(line, std::numeric_limits<float>::quiet_NaN());
                if (y0 + i >= 0 && y0 + i < pixels.rows && end > first) {
                    to_sigma(pixels.row(y0 + i).data() + x0 + first,
                             static_cast<std::size_t>(end - first), in_sigma,
                             line.data() + 1 + first);
                    blank_runs(line, map_noise.is_in_steps);
                }
                for (std::int64_t x = 0; x < edge; ++x) {
                    const float value = line[static_cast<std::size_t>(x + 1)];
                    values[static_cast<std::size_t>(i * edge + x)] = value;
                    n_finite += std::isnan(value) ? 0 : 1;
                }
            }
            if (16 * n_finite > edge * edge) {
                own[static_cast<std::size_t>(row * measured.cols + col)] =
                    rms_of_box(values, edge, n_finite, sample) * map_noise.rms;
            }
        }
    }
    std::vector<float> rms;
    for (std::int64_t row = 1; row + 1 < measured.rows; ++row) {
        for (std::int64_t col = 1; col + 1 < measured.cols; ++col) {
            rms.push_back(
                rms_among_neighbours(own.data() + row * measured.cols + col, measured.cols));
        }
    }
    return {mesh, boxes, std::move(rms), map_noise.rms};
}

}  // namespace faintweb::tile
