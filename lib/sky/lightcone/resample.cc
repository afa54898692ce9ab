// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/lightcone/resample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"
#include "lib/base/units.h"
#include "lib/base/vector_clones.h"

namespace faintweb::sky {
namespace {

constexpr double largest_sampled_px_arcsec = 15;  // larger pixels are averaged
constexpr std::size_t kernel_taps = 8;
constexpr std::int64_t rows_of_strip = 16;  // of the sky: their box rows fit the cache
constexpr std::int64_t block_px = 64;       // of a box row, known to be empty or not

std::int64_t wrap(std::int64_t place, std::int64_t n) {
    const std::int64_t rest = place % n;
    return rest < 0 ? rest + n : rest;
}

/// How the pixels of one sky axis are made of those of a box axis: pixel s is the sum over t of
/// weights[t][s] * box[first[s] + t], box being periodic.
struct Taps {
    std::vector<std::int64_t> first;
    std::vector<std::vector<float>> weights;  ///< a multiple of kernel_taps, the last may be zeros
    std::int64_t n_taps() const { return static_cast<std::int64_t>(weights.size()); }
};

/// Weights of the pixels -3 .. 4 at 0 <= t < 1: cubic B-splines, whose coefficients are made of
/// five pixels each. With c the cosine of a wave's phase step, a sampled B-spline damps the wave by
/// (2 + c) / 3; the five weights are the first three terms of the inverse in powers of 1 - c, so
/// that a blob of 1.6 pixels rms loses less than 1 % of its peak.
std::array<double, kernel_taps> kernel_weights(double t) {
    constexpr std::array<double, 5> sharpening{1 / 36.0, -10 / 36.0, 54 / 36.0, -10 / 36.0,
                                               1 / 36.0};
    const double u = 1 - t;
    const std::array<double, 4> spline{u * u * u / 6, ((3 * t - 6) * t * t + 4) / 6,
                                       ((3 * u - 6) * u * u + 4) / 6, t * t * t / 6};
    std::array<double, kernel_taps> weights{};
    for (std::size_t i = 0; i < 4; ++i) {
        for (std::size_t j = 0; j < 5; ++j) {
            weights[i + j] += spline[i] * sharpening[j];
        }
    }
    return weights;
}

Taps make_taps(const SkySettings& settings,
               const Slab& slab,
               std::int64_t map_px,
               double shift_mpc,
               bool flip) {
    const double box_px_mpc = slab.box_mpc / static_cast<double>(map_px);
    const double step = sky_px_mpc(settings, slab) / box_px_mpc * (flip ? -1 : 1);
    const double middle = (static_cast<double>(settings.size_px) - 1) / 2;
    // A pixel that is averaged takes samples at most one box pixel apart.
    const int n_samples = settings.pixel_arcsec <= largest_sampled_px_arcsec
                              ? 1
                              : static_cast<int>(std::ceil(std::fabs(step)));
    const double spread = std::fabs(step) * (n_samples - 1) / n_samples;
    const double reach = std::ceil(spread);
    Taps taps;
    const auto n_sky = static_cast<std::size_t>(settings.size_px);
    taps.first.resize(n_sky);
    const std::size_t n_taps = static_cast<std::size_t>(reach) + kernel_taps;
    taps.weights.assign((n_taps + kernel_taps - 1) / kernel_taps * kernel_taps,
                        std::vector<float>(n_sky, 0.0F));
    for (std::size_t s = 0; s < n_sky; ++s) {
        // Box pixel c has its centre at c + 1/2, hence the half.
        const double centre =
            shift_mpc / box_px_mpc + (static_cast<double>(s) - middle) * step - 0.5;
        const double lowest = std::floor(centre - spread / 2);
        for (int i = 0; i < n_samples; ++i) {
            const double place = centre - spread / 2 + spread * i / std::max(1, n_samples - 1);
            const double whole = std::min(std::floor(place), lowest + reach);
            const auto offset = static_cast<std::size_t>(whole - lowest);
            const std::array<double, kernel_taps> weights = kernel_weights(place - whole);
            for (std::size_t t = 0; t < kernel_taps; ++t) {
                taps.weights[offset + t][s] += static_cast<float>(weights[t] / n_samples);
            }
        }
        taps.first[s] = static_cast<std::int64_t>(lowest) - 3;
    }
    return taps;
}

/// sum[i] += the weighted sum of eight rows
FAINTWEB_VECTOR_CLONES
void add_rows(const std::array<const float*, kernel_taps>& rows,
              const std::array<float, kernel_taps>& weights,
              std::int64_t n,
              float* __restrict sum) {
    const auto [a, b, c, d, e, f, g, h] = rows;
    const auto [wa, wb, wc, wd, we, wf, wg, wh] = weights;
    for (std::int64_t i = 0; i < n; ++i) {
        sum[i] += ((wa * a[i] + wb * b[i]) + (wc * c[i] + wd * d[i])) +
                  ((we * e[i] + wf * f[i]) + (wg * g[i] + wh * h[i]));
    }
}

/// sum[s] += the weighted sum of eight neighbours on the line, from first[s] on
FAINTWEB_VECTOR_CLONES
void add_neighbours(const float* __restrict line,
                    const std::int32_t* __restrict first,
                    const std::array<const float*, kernel_taps>& weights,
                    std::int64_t n,
                    float* __restrict sum) {
    const auto [a, b, c, d, e, f, g, h] = weights;
    for (std::int64_t s = 0; s < n; ++s) {
        const float* p = line + first[s];
        sum[s] += ((a[s] * p[0] + b[s] * p[1]) + (c[s] * p[2] + d[s] * p[3])) +
                  ((e[s] * p[4] + f[s] * p[5]) + (g[s] * p[6] + h[s] * p[7]));
    }
}

/// sum[s] += factor * value[s] where that is positive: cubic interpolation swings below zero beside
/// a sharp edge.
FAINTWEB_VECTOR_CLONES
void add_positive(const float* __restrict values,
                  float factor,
                  std::int64_t n,
                  float* __restrict sum) {
    for (std::int64_t s = 0; s < n; ++s) {
        sum[s] += factor * (values[s] > 0.0F ? values[s] : 0.0F);
    }
}

/// Some lines of a coded map, decoded: rows, or columns if transposed. Blocks of pixels that are
/// all zero, as most of a halo layer is, are known as such.
class Lines {
  public:
    Lines(const CodedMap& map, const std::vector<float>& values, bool transpose)
        : map_(map), values_(values), transpose_(transpose) {}

    std::int64_t n_blocks() const { return (map_.n + block_px - 1) / block_px; }

    /// Decodes lines first .. first + n - 1 of the periodic map.
    void load(std::int64_t first, std::int64_t n) {
        first_ = first;
        pixels_.resize(static_cast<std::size_t>(n * map_.n));
        is_lit_.resize(static_cast<std::size_t>(n * n_blocks()));
        const std::int64_t stride = transpose_ ? map_.n : 1;
        // Block by block: the columns of a block share cache lines.
        for (std::int64_t block = 0; block < n_blocks(); ++block) {
            const std::int64_t begin = block * block_px;
            const std::int64_t end = std::min(begin + block_px, map_.n);
            for (std::int64_t i = 0; i < n; ++i) {
                const std::int64_t line = wrap(first + i, map_.n);
                const std::uint16_t* codes =
                    map_.codes.data() + (transpose_ ? line : line * map_.n);
                unsigned any = 0;
                for (std::int64_t j = begin; j < end; ++j) {
                    any |= codes[j * stride];
                }
                is_lit_[static_cast<std::size_t>(i * n_blocks() + block)] = any != 0;
                if (any != 0) {
                    float* out = pixels_.data() + i * map_.n;
                    for (std::int64_t j = begin; j < end; ++j) {
                        out[j] = values_[codes[j * stride]];
                    }
                } else {
                    std::fill_n(pixels_.data() + i * map_.n + begin, end - begin, 0.0F);
                }
            }
        }
    }

    const float* line(std::int64_t number) const {
        return pixels_.data() + (number - first_) * map_.n;
    }
    bool is_lit(std::int64_t number, std::int64_t block) const {
        return is_lit_[static_cast<std::size_t>((number - first_) * n_blocks() + block)] != 0;
    }

  private:
    const CodedMap& map_;
    const std::vector<float>& values_;
    bool transpose_;
    std::int64_t first_ = 0;
    std::vector<float> pixels_;
    std::vector<std::uint8_t> is_lit_;
};

/// One line of a box, interpolated between its lines, with its first pixels repeated at the end.
class Line {
  public:
    Line(std::int64_t n, std::int64_t n_taps, std::int64_t n_blocks)
        : n_(n),
          pixels_(static_cast<std::size_t>(n + n_taps)),
          n_lit_(static_cast<std::size_t>(n_blocks) + 1) {}

    /// Pixel `row` of the sky axis that `taps` describe.
    void interpolate(const Lines& lines, const Taps& taps, std::size_t row) {
        for (std::int64_t block = 0; block < lines.n_blocks(); ++block) {
            const std::int64_t begin = block * block_px;
            const std::int64_t length = std::min(block_px, n_ - begin);
            float* out = pixels_.data() + begin;
            std::fill_n(out, length, 0.0F);
            bool lit = false;
            for (std::size_t group = 0; group < taps.weights.size(); group += kernel_taps) {
                std::array<const float*, kernel_taps> rows{};
                std::array<float, kernel_taps> weights{};
                bool any = false;
                for (std::size_t t = 0; t < kernel_taps; ++t) {
                    const std::int64_t number =
                        taps.first[row] + static_cast<std::int64_t>(group + t);
                    rows[t] = lines.line(number) + begin;
                    weights[t] = taps.weights[group + t][row];
                    any = any || lines.is_lit(number, block);
                }
                if (any) {
                    add_rows(rows, weights, length, out);
                }
                lit = lit || any;
            }
            const auto i = static_cast<std::size_t>(block);
            n_lit_[i + 1] = n_lit_[i] + (lit ? 1 : 0);
        }
        for (std::size_t i = static_cast<std::size_t>(n_); i < pixels_.size(); ++i) {
            pixels_[i] = pixels_[i - static_cast<std::size_t>(n_)];
        }
    }

    /// Whether pixels first .. first + length - 1 of the periodic line are all zero.
    bool is_dark(std::int64_t first, std::int64_t length) const {
        if (length >= n_) {
            return n_lit_.back() == 0;
        }
        const std::int64_t begin = wrap(first, n_);
        const std::int64_t end = begin + length;
        return n_lit_between(begin, std::min(end, n_)) + n_lit_between(0, end - n_) == 0;
    }
    const float* pixels() const { return pixels_.data(); }

  private:
    int n_lit_between(std::int64_t begin, std::int64_t end) const {
        if (end <= begin) {
            return 0;
        }
        const std::int64_t after = (end + block_px - 1) / block_px;
        return n_lit_[static_cast<std::size_t>(after)] -
               n_lit_[static_cast<std::size_t>(begin / block_px)];
    }

    std::int64_t n_;
    std::vector<float> pixels_;
    std::vector<int> n_lit_;  ///< of the blocks before each
};

/// Adds factor times the pixels of a line to a row of the sky.
///
/// @param columns  of the row; `wrapped` are their first pixels, within the box.
/// @param sampled  [block_px], is written over.
/// @param layer    may be null.
void add_row(const Line& line,
             const Taps& columns,
             const std::vector<std::int32_t>& wrapped,
             float factor,
             std::vector<float>& sampled,
             float* sum,
             float* layer) {
    const auto size = static_cast<std::int64_t>(wrapped.size());
    for (std::int64_t col = 0; col < size; col += block_px) {
        const std::int64_t n = std::min(block_px, size - col);
        const auto [left, right] =
            std::minmax(columns.first[static_cast<std::size_t>(col)],
                        columns.first[static_cast<std::size_t>(col + n - 1)]);
        if (line.is_dark(left, right - left + columns.n_taps())) {
            continue;
        }
        std::fill_n(sampled.data(), n, 0.0F);
        for (std::size_t group = 0; group < columns.weights.size(); group += kernel_taps) {
            std::array<const float*, kernel_taps> weights{};
            for (std::size_t t = 0; t < kernel_taps; ++t) {
                weights[t] = columns.weights[group + t].data() + col;
            }
            add_neighbours(line.pixels() + group, wrapped.data() + col, weights, n, sampled.data());
        }
        add_positive(sampled.data(), factor, n, sum + col);
        if (layer != nullptr) {
            add_positive(sampled.data(), factor, n, layer + col);
        }
    }
}

}  // namespace

double sky_px_mpc(const SkySettings& settings, const Slab& slab) {
    return settings.pixel_arcsec / base::arcsec_per_rad * slab.middle_mpc;
}

void add_map(const SkySettings& settings,
             const PlacedMap& placed,
             float factor,
             image::Image& sum,
             image::Image* layer,
             int n_threads) {
    const CodedMap& map = placed.map;
    const SlabView& view = placed.view;
    FAINTWEB_EXPECTS(map.n > 0 && map.codes.size() == static_cast<std::size_t>(map.n) *
                                                          static_cast<std::size_t>(map.n));
    if (map.low == 0) {
        return;
    }
    const std::vector<float> values = code_values(map);
    const Taps columns =
        make_taps(settings, placed.slab, map.n, view.shift_columns_mpc, view.flip_columns);
    const Taps rows = make_taps(settings, placed.slab, map.n, view.shift_rows_mpc, view.flip_rows);
    std::vector<std::int32_t> wrapped(columns.first.size());
    std::transform(columns.first.begin(), columns.first.end(), wrapped.begin(),
                   [&](auto first) { return static_cast<std::int32_t>(wrap(first, map.n)); });

    const std::int64_t size = settings.size_px;
    const std::int64_t n_strips = (size + rows_of_strip - 1) / rows_of_strip;
    // Few long bands, because each allocates its buffers; which thread takes one changes no bit.
    const std::int64_t n_bands = std::min<std::int64_t>(n_strips, std::int64_t{8} * n_threads);
    base::parallel_for(n_threads, static_cast<std::size_t>(n_bands), [&](std::size_t band) {
        Lines lines(map, values, view.transpose);
        Line line(map.n, columns.n_taps(), lines.n_blocks());
        std::vector<float> sampled(static_cast<std::size_t>(block_px));
        const auto b = static_cast<std::int64_t>(band);
        for (std::int64_t strip = n_strips * b / n_bands; strip < n_strips * (b + 1) / n_bands;
             ++strip) {
            const std::int64_t begin = strip * rows_of_strip;
            const std::int64_t end = std::min(begin + rows_of_strip, size);
            const auto [lowest, highest] =
                std::minmax(rows.first[static_cast<std::size_t>(begin)],
                            rows.first[static_cast<std::size_t>(end - 1)]);
            lines.load(lowest, highest - lowest + rows.n_taps());
            for (std::int64_t row = begin; row < end; ++row) {
                line.interpolate(lines, rows, static_cast<std::size_t>(row));
                add_row(line, columns, wrapped, factor, sampled, sum.row(row).data(),
                        layer == nullptr ? nullptr : layer->row(row).data());
            }
        }
    });
}

}  // namespace faintweb::sky
