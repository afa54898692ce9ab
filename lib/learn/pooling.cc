// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/pooling.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

namespace faintweb::learn {
namespace {

/// Rows of pooled maps, and where what they are made of is.
struct Pooled {
    std::int64_t n_rows, cols, channels;   ///< of all images
    std::int64_t rows_per_image, cols_in;  ///< pooled rows; columns before
    std::int64_t rows_in;

    /// First of the four values behind (row, col, channel 0); the others are `channels` and a row
    /// of `cols_in * channels` further.
    std::int64_t from(std::int64_t row, std::int64_t col) const {
        const std::int64_t row_in = row / rows_per_image * rows_in + 2 * (row % rows_per_image);
        return (row_in * cols_in + 2 * col) * channels;
    }
};

Pooled pooled_of(const at::Tensor& maps) {
    const std::int64_t rows = maps.size(2) / 2;
    return {.n_rows = maps.size(0) * rows,
            .cols = maps.size(3) / 2,
            .channels = maps.size(1),
            .rows_per_image = rows,
            .cols_in = maps.size(3),
            .rows_in = maps.size(2)};
}

/// Bits of floats above 0 compare as whole numbers do, those of others are below 0: all that is
/// needed for the largest above 0. What is no number is taken as positive, and so is the largest.
template <typename Bits>
Bits comparable(Bits value) {
    using Unsigned = std::make_unsigned_t<Bits>;
    constexpr auto minus_infinity =
        static_cast<Unsigned>(sizeof(Bits) == 2 ? 0xFF80U : 0xFF800000U);
    return static_cast<Unsigned>(value) > minus_infinity
               ? static_cast<Bits>(value & std::numeric_limits<Bits>::max())
               : value;
}

template <typename Bits>
void pool(const Pooled& pooled, const Bits* maps, Bits* out) {
    const std::int64_t channels = pooled.channels;
    at::parallel_for(0, pooled.n_rows, 64, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t i = first * pooled.cols; i < last * pooled.cols; ++i) {
            const Bits* top = maps + pooled.from(i / pooled.cols, i % pooled.cols);
            const Bits* low = top + pooled.cols_in * channels;
            Bits* largest = out + i * channels;
#pragma GCC ivdep
            for (std::int64_t c = 0; c < channels; ++c) {
                const Bits of_top = std::max(comparable(top[c]), comparable(top[c + channels]));
                const Bits of_low = std::max(comparable(low[c]), comparable(low[c + channels]));
                largest[c] = std::max(std::max(of_top, of_low), Bits{0});
            }
        }
    });
}

/// All bits or none: without branches the compiler takes many channels at once.
template <typename Bits>
Bits all_if(bool condition) {
    return static_cast<Bits>(-static_cast<Bits>(condition));
}
template <typename Bits>
Bits take(Bits& left, bool is_taken) {
    const Bits taken = static_cast<Bits>(left & all_if<Bits>(is_taken));
    left = static_cast<Bits>(left & ~all_if<Bits>(is_taken));
    return taken;
}

template <typename Bits>
void spread(const Pooled& pooled, const Bits* maps, const Bits* out, const Bits* grad, Bits* to) {
    const std::int64_t channels = pooled.channels;
    const std::int64_t below = pooled.cols_in * channels;
    at::parallel_for(0, pooled.n_rows, 64, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t i = first * pooled.cols; i < last * pooled.cols; ++i) {
            const std::int64_t from = pooled.from(i / pooled.cols, i % pooled.cols);
            const Bits* values = maps + from;
            const Bits* largest = out + i * channels;
            const Bits* given = grad + i * channels;
            Bits* taken = to + from;
#pragma GCC ivdep
            for (std::int64_t c = 0; c < channels; ++c) {
                const Bits most = largest[c];
                auto left = static_cast<Bits>(given[c] & all_if<Bits>(most > 0));
                taken[c] = take(left, values[c] == most);
                taken[c + channels] = take(left, values[c + channels] == most);
                taken[c + below] = take(left, values[c + below] == most);
                taken[c + below + channels] = take(left, values[c + below + channels] == most);
            }
        }
    });
}

template <typename Bits>
const Bits* bits_of(const at::Tensor& values) {
    return static_cast<const Bits*>(values.const_data_ptr());
}
template <typename Bits>
Bits* bits_of_mutable(const at::Tensor& values) {
    return static_cast<Bits*>(values.mutable_data_ptr());
}

struct PoolAndRelu : torch::autograd::Function<PoolAndRelu> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& maps) {
        const Pooled pooled = pooled_of(maps);
        const at::Tensor out =
            at::empty({maps.size(0), pooled.channels, pooled.rows_per_image, pooled.cols},
                      maps.options(), at::MemoryFormat::ChannelsLast);
        if (maps.scalar_type() == at::ScalarType::Float) {
            pool(pooled, bits_of<std::int32_t>(maps), bits_of_mutable<std::int32_t>(out));
        } else {
            pool(pooled, bits_of<std::int16_t>(maps), bits_of_mutable<std::int16_t>(out));
        }
        context->save_for_backward({maps, out});
        return out;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   const torch::autograd::variable_list& grads) {
        const torch::autograd::variable_list saved = context->get_saved_variables();
        const at::Tensor& maps = saved[0];
        const at::Tensor& out = saved[1];
        const Pooled pooled = pooled_of(maps);
        const at::Tensor grad = grads[0].contiguous(at::MemoryFormat::ChannelsLast);
        const bool is_odd = maps.size(2) % 2 != 0 || maps.size(3) % 2 != 0;
        const at::Tensor to = is_odd ? at::zeros_like(maps) : at::empty_like(maps);
        if (maps.scalar_type() == at::ScalarType::Float) {
            spread(pooled, bits_of<std::int32_t>(maps), bits_of<std::int32_t>(out),
                   bits_of<std::int32_t>(grad), bits_of_mutable<std::int32_t>(to));
        } else {
            spread(pooled, bits_of<std::int16_t>(maps), bits_of<std::int16_t>(out),
                   bits_of<std::int16_t>(grad), bits_of_mutable<std::int16_t>(to));
        }
        return {to};
    }
};

}  // namespace

at::Tensor pool_and_relu(const at::Tensor& maps) {
    const bool is_known = maps.scalar_type() == at::ScalarType::Float ||
                          maps.scalar_type() == at::ScalarType::BFloat16;
    return maps.is_cpu() && is_known && maps.is_contiguous(at::MemoryFormat::ChannelsLast)
               ? PoolAndRelu::apply(maps)
               : at::max_pool2d(maps, 2).relu();
}

}  // namespace faintweb::learn
