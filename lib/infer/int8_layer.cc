#include "lib/infer/int8_layer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

#include <ATen/ops/empty.h>

#include "lib/base/contract.h"
#include "lib/base/vector_clones.h"

namespace faintweb::infer {
namespace {

constexpr std::int64_t n_dot = 4;  ///< products that a 32-bit sum takes at once
constexpr std::int64_t panel_width = 16;
constexpr float largest = 127;
/// Runs of n_dot features whose weights, a panel wide, stay in the fastest cache.
constexpr std::int64_t runs_at_once = 256;

/// Adds the products of n runs of n_dot to the sums of as many tiles as there are rows.
///
/// @param left   of the first tile; tiles are row_step apart.
/// @param right  [n, panel_width, n_dot].
/// @param sums   of the first tile, panel_width; tiles are sum_step apart.
using AddProducts = void (*)(const std::uint8_t* left,
                             std::int64_t row_step,
                             const std::int8_t* right,
                             std::int64_t n,
                             std::int32_t* sums,
                             std::int64_t sum_step);

// Kernels for up to max_rows tiles at once, which is as many as there are registers for.

struct Plain {
    static constexpr int max_rows = 1;

    template <int n_rows>
    static void add(const std::uint8_t* left,
                    std::int64_t row_step,
                    const std::int8_t* right,
                    std::int64_t n,
                    std::int32_t* sums,
                    std::int64_t sum_step) {
        for (std::int64_t row = 0; row < n_rows; ++row) {
            for (std::int64_t i = 0; i < n; ++i) {
                for (std::int64_t col = 0; col < panel_width; ++col) {
                    for (std::int64_t k = 0; k < n_dot; ++k) {
                        sums[row * sum_step + col] += left[row * row_step + n_dot * i + k] *
                                                      right[(i * panel_width + col) * n_dot + k];
                    }
                }
            }
        }
    }
};

#if defined(__x86_64__) && defined(__GNUC__)

struct Avx2 {
    static constexpr int max_rows = 6;

    template <int n_rows>
    __attribute__((target("avx2"))) static void add(const std::uint8_t* left,
                                                    std::int64_t row_step,
                                                    const std::int8_t* right,
                                                    std::int64_t n,
                                                    std::int32_t* sums,
                                                    std::int64_t sum_step) {
        const __m256i ones = _mm256_set1_epi16(1);
        __m256i all[n_rows][2] = {};
        for (std::int64_t i = 0; i < n; ++i) {
            const auto* weights = reinterpret_cast<const __m256i*>(right + i * panel_width * n_dot);
#pragma GCC unroll 6
            for (int row = 0; row < n_rows; ++row) {
                std::int32_t bytes = 0;
                std::memcpy(&bytes, left + row * row_step + n_dot * i, sizeof bytes);
#pragma GCC unroll 2
                for (int v = 0; v < 2; ++v) {
                    const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi32(bytes),
                                                               _mm256_loadu_si256(weights + v));
                    all[row][v] = _mm256_add_epi32(all[row][v], _mm256_madd_epi16(pairs, ones));
                }
            }
        }
#pragma GCC unroll 6
        for (int row = 0; row < n_rows; ++row) {
            auto* to = reinterpret_cast<__m256i*>(sums + row * sum_step);
#pragma GCC unroll 2
            for (int v = 0; v < 2; ++v) {
                _mm256_storeu_si256(to + v,
                                    _mm256_add_epi32(_mm256_loadu_si256(to + v), all[row][v]));
            }
        }
    }
};

struct Vnni {
    static constexpr int max_rows = 12;

    template <int n_rows>
    __attribute__((target("avx512f,avx512vnni"))) static void add(const std::uint8_t* left,
                                                                  std::int64_t row_step,
                                                                  const std::int8_t* right,
                                                                  std::int64_t n,
                                                                  std::int32_t* sums,
                                                                  std::int64_t sum_step) {
        __m512i all[n_rows] = {};
        for (std::int64_t i = 0; i < n; ++i) {
            const __m512i weights = _mm512_loadu_si512(right + i * panel_width * n_dot);
#pragma GCC unroll 12
            for (int row = 0; row < n_rows; ++row) {
                std::int32_t bytes = 0;
                std::memcpy(&bytes, left + row * row_step + n_dot * i, sizeof bytes);
                all[row] = _mm512_dpbusd_epi32(all[row], _mm512_set1_epi32(bytes), weights);
            }
        }
#pragma GCC unroll 12
        for (int row = 0; row < n_rows; ++row) {
            std::int32_t* to = sums + row * sum_step;
            _mm512_storeu_si512(to, _mm512_add_epi32(_mm512_loadu_si512(to), all[row]));
        }
    }
};

#endif

/// For 1, 2, ... tiles at once.
using Kernels = std::vector<AddProducts>;

template <typename Instructions, int... i>
Kernels kernels_with(std::integer_sequence<int, i...> /*rows*/) {
    return {Instructions::template add<i + 1>...};
}
template <typename Instructions>
Kernels kernels_with() {
    return kernels_with<Instructions>(std::make_integer_sequence<int, Instructions::max_rows>());
}

Kernels kernels_here(int max_vector_bytes) {
#if defined(__x86_64__) && defined(__GNUC__)
    if (__builtin_cpu_supports("avx512vnni") && max_vector_bytes >= 64) {
        return kernels_with<Vnni>();
    }
    if (__builtin_cpu_supports("avx2") && max_vector_bytes >= 32) {
        return kernels_with<Avx2>();
    }
#endif
    return kernels_with<Plain>();
}

/// What brings numbers up to `most` to 0 .. 127; those too small for that become 0.
float factor_for(float most) {
    return most >= 1e-30F ? largest / most : 0;
}

/// Not negative and finite, which makes their order that of their bits.
FAINTWEB_VECTOR_CLONES float largest_of(const float* values, std::int64_t n) {
    std::int32_t bits = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        bits = std::max(bits, std::bit_cast<std::int32_t>(values[i]));
    }
    return std::bit_cast<float>(bits);
}

/// @param factor  that brings the values to 0 .. 127.
FAINTWEB_VECTOR_CLONES void to_integers(const float* values,
                                        std::int64_t n,
                                        float factor,
                                        std::uint8_t* integers) {
    for (std::int64_t i = 0; i < n; ++i) {
        integers[i] =
            static_cast<std::uint8_t>(static_cast<std::int32_t>(values[i] * factor + 0.5F));
    }
}

}  // namespace

Int8Layer::Int8Layer(const at::Tensor& weight, const at::Tensor& bias, int max_vector_bytes)
    : max_vector_bytes_(max_vector_bytes),
      n_in_(weight.size(1)),
      n_out_(weight.size(0)),
      n_runs_((n_in_ + n_dot - 1) / n_dot),
      n_panels_((n_out_ + panel_width - 1) / panel_width),
      weights_(static_cast<std::size_t>(n_panels_ * n_runs_ * panel_width * n_dot)),
      biases_(bias.const_data_ptr<float>(), bias.const_data_ptr<float>() + n_out_) {
    FAINTWEB_EXPECTS(n_in_ <= max_inputs);
    for (std::int64_t out = 0; out < n_out_; ++out) {
        const float* values = weight.const_data_ptr<float>() + out * n_in_;
        float most = 0;
        for (std::int64_t in = 0; in < n_in_; ++in) {
            most = std::max(most, std::fabs(values[in]));
        }
        steps_.push_back(most / largest);
        const float factor = factor_for(most);
        std::int8_t* panel = weights_.data() + out / panel_width * n_runs_ * panel_width * n_dot;
        for (std::int64_t in = 0; in < n_in_; ++in) {
            panel[(in / n_dot * panel_width + out % panel_width) * n_dot + in % n_dot] =
                static_cast<std::int8_t>(std::lround(values[in] * factor));
        }
    }
}

at::Tensor Int8Layer::operator()(const at::Tensor& features) const {
    const Kernels kernels = kernels_here(max_vector_bytes_);
    const std::int64_t n_tiles = features.size(0);
    const std::int64_t row_step = n_runs_ * n_dot;
    std::vector<std::uint8_t> integers(static_cast<std::size_t>(n_tiles * row_step));
    std::vector<float> steps;
    for (std::int64_t tile = 0; tile < n_tiles; ++tile) {
        const float* values = features.const_data_ptr<float>() + tile * n_in_;
        const float most = largest_of(values, n_in_);
        to_integers(values, n_in_, factor_for(most), integers.data() + tile * row_step);
        steps.push_back(most / largest);
    }

    const std::int64_t sum_step = n_panels_ * panel_width;
    std::vector<std::int32_t> sums(static_cast<std::size_t>(n_tiles * sum_step));
    for (std::int64_t first = 0; first < n_runs_; first += runs_at_once) {
        const std::int64_t n = std::min(runs_at_once, n_runs_ - first);
        for (std::int64_t panel = 0; panel < n_panels_; ++panel) {
            const std::int8_t* right =
                weights_.data() + (panel * n_runs_ + first) * panel_width * n_dot;
            for (std::int64_t tile = 0; tile < n_tiles;) {
                const std::int64_t n_rows = std::min(std::ssize(kernels), n_tiles - tile);
                kernels[static_cast<std::size_t>(n_rows - 1)](
                    integers.data() + tile * row_step + first * n_dot,
                    row_step,
                    right,
                    n,
                    sums.data() + tile * sum_step + panel * panel_width,
                    sum_step);
                tile += n_rows;
            }
        }
    }

    const at::Tensor given = at::empty({n_tiles, n_out_}, features.options());
    auto* out = given.mutable_data_ptr<float>();
    for (std::int64_t tile = 0; tile < n_tiles; ++tile) {
        for (std::int64_t col = 0; col < n_out_; ++col) {
            const auto i = static_cast<std::size_t>(col);
            const auto sum =
                static_cast<float>(sums[static_cast<std::size_t>(tile * sum_step + col)]);
            out[tile * n_out_ + col] = std::max(
                0.0F, sum * (steps[static_cast<std::size_t>(tile)] * steps_[i]) + biases_[i]);
        }
    }
    return given;
}

}  // namespace faintweb::infer
