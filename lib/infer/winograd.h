// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <algorithm>
#include <cstdint>

#include <ATen/core/Tensor.h>

#include "lib/base/vector.h"
#include "lib/infer/vector_kernels.h"

namespace faintweb::infer {

/// A 3x3 convolution without padding of channels-last maps by Winograd's minimal filtering
/// F(4x4, 3x3): 36 products for 4x4 results instead of 144.
///
/// @source Lavin & Gray 2016, arXiv:1509.09308, equations 12-16.
class Winograd {
  public:
    static constexpr std::int64_t block_edge = 4;
    static constexpr std::int64_t input_tile_edge = block_edge + 2;
    static constexpr std::int64_t n_products = input_tile_edge * input_tile_edge;

    /// @param weight  [n_out, n_in, 3, 3] float, contiguous; both multiples of the lanes.
    /// @param bias    [n_out] float.
    Winograd(const at::Tensor& weight, const at::Tensor& bias);

    /// Rows or columns of the maps that are read for as many of the result.
    static std::int64_t read_size(std::int64_t size) { return size + 2; }
    std::int64_t n_in() const { return n_in_; }
    std::int64_t n_out() const { return n_out_; }

    /// Channels-last maps of images that lie a step apart, in values.
    template <typename T>
    struct Images {
        T* at;
        std::int64_t width;
        std::int64_t step = 0;
    };

    /// Convolves images. Blocks lie side by side from the first result of an image on, but the last
    /// block ends with the last result, so that none sees a pixel beyond those that the results are
    /// made of.
    ///
    /// @param maps        [read_size(rows), read_size(cols), n_in] of each image, finite.
    /// @param rows, cols  of the results of an image, at least block_edge.
    /// @param out         [rows, cols, n_out] of each image after ReLU; or, with is_pooled,
    ///                    [rows / 2, cols / 2, n_out] after the maximum over 2x2 too.
    /// @param scratch     any size, kept between calls.
    template <int lanes, bool is_pooled>
    FAINTWEB_INLINE void run(Images<const float> maps,
                             std::int64_t n_images,
                             std::int64_t rows,
                             std::int64_t cols,
                             Images<float> out,
                             base::LineVector<float>& scratch) const {
        constexpr std::int64_t step = is_pooled ? 2 : 1;
        const Blocks blocks{rows / step * step, cols / step * step};
        // Blocks that stay in the cache between the three steps.
        const std::int64_t n_all = n_images * blocks.n_down() * blocks.n_across();
        const std::int64_t n_rows =
            n_out_ % (2 * lanes) == 0 ? max_rows<lanes, 2> : max_rows<lanes, 1>;
        const std::int64_t n_parts = (n_all + n_rows - 1) / n_rows;
        const std::int64_t n_at_once =
            (n_all + n_parts - 1) / n_parts * (max_rows<lanes, 1> / n_rows);
        scratch.resize(static_cast<std::size_t>(n_products * n_at_once * (n_in_ + n_out_)));
        float* inputs = scratch.data();
        float* products = inputs + n_products * n_at_once * n_in_;
        for (std::int64_t first = 0; first < n_all; first += n_at_once) {
            const std::int64_t n = std::min(n_at_once, n_all - first);
            for (std::int64_t i = 0; i < n; ++i) {
                const Block block = blocks[first + i];
                transform_input<lanes>(maps.at + block.image * maps.step +
                                           (block.row * maps.width + block.col) * n_in_,
                                       maps.width, inputs + i * n_in_, n * n_in_);
            }
            for (std::int64_t product = 0; product < n_products; ++product) {
                multiply<lanes>({inputs + product * n * n_in_, n, n_in_, 1, 0, n_in_},
                                {weights_.data() + product * n_in_ * n_out_, n_out_, nullptr},
                                products + product * n * n_out_);
            }
            for (std::int64_t i = 0; i < n; ++i) {
                const Block block = blocks[first + i];
                transform_output<lanes, is_pooled>(
                    products + i * n_out_, n * n_out_,
                    out.at + block.image * out.step +
                        (block.row / step * out.width + block.col / step) * n_out_,
                    out.width);
            }
        }
    }

  private:
    struct Block {
        std::int64_t image;
        std::int64_t row;  ///< of the block's first result
        std::int64_t col;  ///< of the block's first result
    };

    /// The blocks of images of rows x cols results, image by image and row by row.
    struct Blocks {
        std::int64_t rows;
        std::int64_t cols;

        std::int64_t n_down() const { return (rows + block_edge - 1) / block_edge; }
        std::int64_t n_across() const { return (cols + block_edge - 1) / block_edge; }
        Block operator[](std::int64_t i) const {
            return {i / n_across() / n_down(), place_of(i / n_across() % n_down(), rows),
                    place_of(i % n_across(), cols)};
        }
        static std::int64_t place_of(std::int64_t block, std::int64_t size) {
            return std::min(block * block_edge, size - block_edge);
        }
    };

    /// Transforms six inputs, a step apart, for the products.
    template <int lanes, int step>
    FAINTWEB_INLINE static void transform_input_line(const Vector<lanes>* d, Vector<lanes>* t) {
        const Vector<lanes> even = d[4 * step] - 4.0F * d[2 * step];
        const Vector<lanes> odd = d[3 * step] - 4.0F * d[step];
        const Vector<lanes> even2 = d[4 * step] - d[2 * step];
        const Vector<lanes> odd2 = 2.0F * (d[3 * step] - d[step]);
        t[0] = 4.0F * d[0] - 5.0F * d[2 * step] + d[4 * step];
        t[1] = even + odd;
        t[2] = even - odd;
        t[3] = even2 + odd2;
        t[4] = even2 - odd2;
        t[5] = 4.0F * d[step] - 5.0F * d[3 * step] + d[5 * step];
    }

    /// Transforms six products, a step apart, to four results.
    template <int lanes, int step>
    FAINTWEB_INLINE static void transform_output_line(const Vector<lanes>* m, Vector<lanes>* y) {
        const Vector<lanes> sum = m[step] + m[2 * step];
        const Vector<lanes> difference = m[step] - m[2 * step];
        const Vector<lanes> sum2 = m[3 * step] + m[4 * step];
        const Vector<lanes> difference2 = m[3 * step] - m[4 * step];
        y[0] = m[0] + sum + sum2;
        y[1] = difference + 2.0F * difference2;
        y[2] = sum + 4.0F * sum2;
        y[3] = difference + 8.0F * difference2 + m[5 * step];
    }

    /// Loads six values of a column, a step apart.
    template <int lanes>
    FAINTWEB_INLINE static void load_line(const float* from,
                                          std::int64_t step,
                                          Vector<lanes>* line) {
#pragma GCC unroll 6
        for (int row = 0; row < input_tile_edge; ++row) {
            line[row] = load<lanes>(from + row * step);
        }
    }

    /// Transforms the 6x6 pixels that a block sees into the left factors of its products.
    template <int lanes>
    FAINTWEB_INLINE void transform_input(const float* maps,
                                         std::int64_t read_width,
                                         float* inputs,
                                         std::int64_t product_step) const {
        for (std::int64_t channel = 0; channel < n_in_; channel += lanes) {
            Vector<lanes> half[input_tile_edge][input_tile_edge];  // [col][row]
            for (int col = 0; col < input_tile_edge; ++col) {
                Vector<lanes> line[input_tile_edge];
                load_line<lanes>(maps + col * n_in_ + channel, read_width * n_in_, line);
                transform_input_line<lanes, 1>(line, half[col]);
            }
            for (int row = 0; row < input_tile_edge; ++row) {
                Vector<lanes> transformed[input_tile_edge];
                transform_input_line<lanes, input_tile_edge>(&half[0][row], transformed);
#pragma GCC unroll 6
                for (int col = 0; col < input_tile_edge; ++col) {
                    store<lanes>(transformed[col],
                                 inputs + (row * input_tile_edge + col) * product_step + channel);
                }
            }
        }
    }

    /// Transforms products back to the 4x4 results of a block.
    ///
    /// @param width  of a row of out, pixel.
    template <int lanes, bool is_pooled>
    FAINTWEB_INLINE void transform_output(const float* products,
                                          std::int64_t product_step,
                                          float* out,
                                          std::int64_t width) const {
        for (std::int64_t channel = 0; channel < n_out_; channel += lanes) {
            Vector<lanes> half[input_tile_edge][block_edge];  // [col][row]
            for (int col = 0; col < input_tile_edge; ++col) {
                Vector<lanes> line[input_tile_edge];
                load_line<lanes>(products + col * product_step + channel,
                                 input_tile_edge * product_step, line);
                transform_output_line<lanes, 1>(line, half[col]);
            }
            const Vector<lanes> bias = load<lanes>(biases_.data() + channel);
            Vector<lanes> values[block_edge][block_edge];
            for (int row = 0; row < block_edge; ++row) {
                transform_output_line<lanes, block_edge>(&half[0][row], values[row]);
#pragma GCC unroll 4
                for (int col = 0; col < block_edge; ++col) {
                    values[row][col] = larger<lanes>(values[row][col] + bias, Vector<lanes>{});
                }
            }
            constexpr int step = is_pooled ? 2 : 1;
            for (int row = 0; row < block_edge; row += step) {
                for (int col = 0; col < block_edge; col += step) {
                    Vector<lanes> value = values[row][col];
                    if constexpr (is_pooled) {
                        value = larger<lanes>(
                            larger<lanes>(value, values[row][col + 1]),
                            larger<lanes>(values[row + 1][col], values[row + 1][col + 1]));
                    }
                    store<lanes>(value, out + (row / step * width + col / step) * n_out_ + channel);
                }
            }
        }
    }

    std::int64_t n_in_;
    std::int64_t n_out_;
    base::LineVector<float> weights_;  ///< [36, n_in, n_out]
    base::LineVector<float> biases_;   ///< [n_out]
};

}  // namespace faintweb::infer
