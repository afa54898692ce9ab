// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/cosmodeep/amx_convolution.h"

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#define FAINTWEB_AMX __attribute__((target("arch=x86-64-v4,amx-tile,amx-bf16")))
#endif

#include "lib/base/contract.h"
#include "lib/infer/vector_kernels.h"

namespace faintweb::infer::cosmodeep {
namespace {

// A register has 16 rows of 32 maps of a pixel, or of 16 sums; of weights, 16 pairs of maps read by
// 16 maps written. Four are summed up at once: 32 pixels by 32 maps.
constexpr std::int64_t half = 16;
constexpr std::int64_t whole = 2 * half;
constexpr std::int64_t n_taps = 9;

/// Pixels that are given: rows, and what is beside them, behind one another, in whole registers.
std::int64_t n_pixels(std::int64_t edge) {
    return (edge * (edge + 2) + whole - 1) / whole * whole;
}

}  // namespace

std::int64_t AmxConvolution::n_read(std::int64_t edge) const {
    return (n_pixels(edge) + 2 * (edge + 2) + 2) * n_in_;
}

AmxConvolution::AmxConvolution(const at::Tensor& weight, const at::Tensor& bias)
    : n_in_(weight.size(1)),
      n_out_(weight.size(0)),
      weights_(static_cast<std::size_t>(n_out_ * n_taps * n_in_)) {
    FAINTWEB_EXPECTS(n_out_ % whole == 0 && n_in_ % whole == 0 &&
                     weight.scalar_type() == at::ScalarType::BFloat16);
    const at::Tensor rows = weight.permute({0, 2, 3, 1}).contiguous();
    const auto* bits = static_cast<const std::uint16_t*>(rows.const_data_ptr());
    const std::int64_t n_inputs = n_taps * n_in_;
    for (std::int64_t out = 0; out < n_out_; ++out) {
        for (std::int64_t in = 0; in < n_inputs; ++in) {
            const std::int64_t pair = (out / whole * n_inputs + in) / whole * whole +
                                      out % whole / half * half + in % whole / 2;
            weights_[static_cast<std::size_t>((pair * half + out % half) * 2 + in % 2)] =
                bits[out * n_inputs + in];
        }
    }
    const at::Tensor floats = bias.to(at::ScalarType::Float).contiguous();
    biases_.assign(floats.const_data_ptr<float>(), floats.const_data_ptr<float>() + n_out_);
}

#ifdef FAINTWEB_AMX

namespace {

constexpr std::int64_t register_size = half * whole;  ///< in bf16

/// Gives the registers of this thread their shape for as long as it lives; LibTorch uses them with
/// others in between.
class Registers {
  public:
    FAINTWEB_AMX Registers() { _tile_loadconfig(&shapes); }
    FAINTWEB_AMX ~Registers() { _tile_release(); }
    Registers(const Registers&) = delete;
    Registers& operator=(const Registers&) = delete;

  private:
    struct alignas(64) Shapes {
        std::uint8_t palette = 1;
        std::uint8_t start_row = 0;
        std::uint8_t reserved[14] = {};
        std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
        std::uint8_t n_rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    };
    static const Shapes shapes;
};
const Registers::Shapes Registers::shapes{};

/// The sums of 32 pixels for 32 maps.
///
/// @param inputs   the first of the pixels' neighbours.
/// @param weights  packed, of those maps.
/// @param sums     [32, 32] of rows of n_out.
FAINTWEB_AMX void add_up(const std::uint16_t* inputs,
                         std::int64_t n_in,
                         std::int64_t width,
                         const std::uint16_t* weights,
                         float* sums,
                         std::int64_t n_out) {
    const auto pixel_bytes = static_cast<std::size_t>(n_in) * sizeof(std::uint16_t);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (std::int64_t row = 0; row < 3; ++row) {
        // The maps of three pixels are behind one another.
        for (std::int64_t in = 0; in < 3 * n_in; in += whole) {
            const std::uint16_t* pixels = inputs + row * width * n_in + in;
            _tile_loadd(4, pixels, pixel_bytes);
            _tile_loadd(6, weights, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(7, weights + register_size, 64);
            _tile_dpbf16ps(1, 4, 7);
            _tile_loadd(5, pixels + half * n_in, pixel_bytes);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
            weights += 2 * register_size;
        }
    }
    const auto sum_bytes = static_cast<std::size_t>(n_out) * sizeof(float);
    _tile_stored(0, sums, sum_bytes);
    _tile_stored(1, sums + half, sum_bytes);
    _tile_stored(2, sums + half * n_out, sum_bytes);
    _tile_stored(3, sums + half * n_out + half, sum_bytes);
}

/// @param sums  [edge, width, n_out].
FAINTWEB_AMX void pool(const float* sums,
                       std::int64_t width,
                       const base::LineVector<float>& biases,
                       std::int64_t edge,
                       std::uint16_t* out) {
    constexpr int lanes = 16;
    const auto n_out = std::ssize(biases);
    for (std::int64_t row = 0; row < edge / 2; ++row) {
        for (std::int64_t col = 0; col < edge / 2; ++col) {
            const float* top = sums + (2 * row * width + 2 * col) * n_out;
            const float* low = top + width * n_out;
            for (std::int64_t map = 0; map < n_out; map += lanes) {
                const Vector<lanes> most = larger<lanes>(
                    larger<lanes>(load<lanes>(top + map), load<lanes>(top + n_out + map)),
                    larger<lanes>(load<lanes>(low + map), load<lanes>(low + n_out + map)));
                store<lanes>(
                    larger<lanes>(most + load<lanes>(biases.data() + map), Vector<lanes>{}),
                    out + (row * (edge / 2) + col) * n_out + map);
            }
        }
    }
}

}  // namespace

void AmxConvolution::run(const std::uint16_t* maps,
                         std::int64_t edge,
                         std::uint16_t* out,
                         base::LineVector<float>& scratch) const {
    const std::int64_t width = edge + 2;
    scratch.resize(static_cast<std::size_t>(n_pixels(edge) * n_out_));
    {
        // What was written before has to be in memory: the compiler is not told that registers are
        // loaded from there.
        asm volatile("" ::: "memory");
        const Registers registers;
        for (std::int64_t pixel = 0; pixel < n_pixels(edge); pixel += whole) {
            for (std::int64_t map = 0; map < n_out_; map += whole) {
                add_up(maps + pixel * n_in_, n_in_, width, weights_.data() + map * n_taps * n_in_,
                       scratch.data() + pixel * n_out_ + map, n_out_);
            }
        }
    }
    pool(scratch.data(), width, biases_, edge, out);
}

#else

void AmxConvolution::run(const std::uint16_t* /*maps*/,
                         std::int64_t /*edge*/,
                         std::uint16_t* /*out*/,
                         base::LineVector<float>& /*scratch*/) const {
    FAINTWEB_EXPECTS(false);
}

#endif

}  // namespace faintweb::infer::cosmodeep
