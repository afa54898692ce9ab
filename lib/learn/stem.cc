#include "lib/learn/stem.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include <ATen/ops/empty.h>

namespace faintweb::learn {
namespace {

// Scores depend on the kind of processor anyhow (LibTorch's kernels do): sums may be fused here.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FAINTWEB_NETWORK_CLONES \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FAINTWEB_NETWORK_CLONES
#endif

struct Layer {
    std::int64_t edge;
    std::int64_t n_maps;
    const float* weights;  ///< [3, 3, n_maps]
    const float* biases;
};

void put(float value, float& out) {
    out = value;
}
/// Rounds to nearest even; the value is not negative.
void put(float value, std::uint16_t& out) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    out = static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

/// One tile.
///
/// @param padded  [edge + 2, edge + 2], zeros around.
/// @param out     [edge / 2, edge / 2, n_maps].
template <typename Out>
inline __attribute__((always_inline)) void convolve(const Layer& layer,
                                                    const float* padded,
                                                    Out* out) {
    const std::int64_t out_edge = layer.edge / 2;
    const std::int64_t width = layer.edge + 2;
    const std::int64_t n = layer.n_maps;
    for (std::int64_t pixel = 0; pixel < out_edge * out_edge; ++pixel) {
        const float* seen = padded + 2 * (pixel / out_edge) * width + 2 * (pixel % out_edge);
        float values[4][4];
        for (int row = 0; row < 4; ++row) {
            for (int col = 0; col < 4; ++col) {
                values[row][col] = seen[row * width + col];
            }
        }
        Out* of_pixel = out + pixel * n;
#pragma GCC ivdep
        for (std::int64_t map = 0; map < n; ++map) {
            float most = 0;  // ReLU
#pragma GCC unroll 4
            for (int place = 0; place < 4; ++place) {
                float sum = layer.biases[map];
#pragma GCC unroll 9
                for (int k = 0; k < 9; ++k) {
                    sum +=
                        values[place / 2 + k / 3][place % 2 + k % 3] * layer.weights[k * n + map];
                }
                most = sum > most ? sum : most;
            }
            put(most, of_pixel[map]);
        }
    }
}

FAINTWEB_NETWORK_CLONES void convolve_to_float(const Layer& layer,
                                               const float* padded,
                                               float* out) {
    convolve(layer, padded, out);
}

FAINTWEB_NETWORK_CLONES void convolve_to_bf16(const Layer& layer,
                                              const float* padded,
                                              std::uint16_t* out) {
    convolve(layer, padded, out);
}

}  // namespace

at::Tensor stem(const at::Tensor& tiles,
                const at::Tensor& weight,
                const at::Tensor& bias,
                at::ScalarType type) {
    const at::Tensor taps = weight.reshape({weight.size(0), 9}).t().contiguous();
    const Layer layer{
        tiles.size(1), weight.size(0), taps.const_data_ptr<float>(), bias.const_data_ptr<float>()};
    const std::int64_t out_edge = layer.edge / 2;
    at::Tensor maps = at::empty({tiles.size(0), layer.n_maps, out_edge, out_edge},
                                tiles.options().dtype(type),
                                at::MemoryFormat::ChannelsLast);
    const std::int64_t width = layer.edge + 2;
    std::vector<float> padded(static_cast<std::size_t>(width * width), 0.0F);
    for (std::int64_t t = 0; t < tiles.size(0); ++t) {
        const float* tile = tiles.const_data_ptr<float>() + t * layer.edge * layer.edge;
        for (std::int64_t row = 0; row < layer.edge; ++row) {
            std::copy_n(tile + row * layer.edge, layer.edge, padded.data() + (row + 1) * width + 1);
        }
        const std::int64_t place = t * out_edge * out_edge * layer.n_maps;
        if (type == at::ScalarType::Float) {
            convolve_to_float(layer, padded.data(), maps.mutable_data_ptr<float>() + place);
        } else {
            convolve_to_bf16(
                layer, padded.data(), static_cast<std::uint16_t*>(maps.mutable_data_ptr()) + place);
        }
    }
    return maps;
}

}  // namespace faintweb::learn
