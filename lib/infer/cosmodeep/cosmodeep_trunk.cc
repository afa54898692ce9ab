// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/cosmodeep/cosmodeep_trunk.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <ATen/ops/empty.h>

#include "lib/base/contract.h"
#include "lib/base/vector.h"
#include "lib/infer/cosmodeep/amx_convolution.h"
#include "lib/infer/precision.h"
#include "lib/infer/scratch_pool.h"
#include "lib/infer/vector_kernels.h"
#include "lib/infer/winograd.h"

namespace faintweb::infer::cosmodeep {
namespace {

/// Memory of one thread.
struct Scratch {
    Region region{};
    base::LineVector<float> padded{};
    base::LineVector<float> lines{};
    base::LineVector<float> maps{};               ///< of the first layer, with zeros around
    base::LineVector<std::uint16_t> bf16_maps{};  ///< the first layer's in bf16, with zeros around
    base::LineVector<float> products{};
};

}  // namespace

struct CosmodeepTrunk::Layers {
    const learn::Cosmodeep& network;
    learn::NamedWeights weights;
    std::int64_t edge_px;
    std::int64_t n_maps;  ///< of the first layer
    int n_lanes;
    at::Tensor first;                       ///< its weights, [rows * cols, n_maps]
    std::optional<Winograd> convolution{};  ///< of fp32
    std::optional<AmxConvolution> amx{};    ///< of bf16, in place of LibTorch's
    std::unique_ptr<ScratchPool<Scratch>> scratches = std::make_unique<ScratchPool<Scratch>>();

    RightFactor first_factor() const {
        return {first.const_data_ptr<float>(), n_maps,
                weights["conv1.bias"].const_data_ptr<float>()};
    }
    /// Edge of the first layer's maps.
    std::int64_t pooled_px() const { return edge_px / 2; }

    Scratch make_scratch(Region region) const {
        Scratch scratch{.region = region};
        scratch.padded.resize(static_cast<std::size_t>((edge_px + 2) * (edge_px + 2)));
        scratch.lines.resize(static_cast<std::size_t>(2 * edge_px * n_maps));
        const std::int64_t read_px = Winograd::read_size(pooled_px());
        if (convolution) {
            scratch.maps.resize(static_cast<std::size_t>(read_px * read_px * n_maps));
        }
        if (amx) {
            scratch.bf16_maps.resize(static_cast<std::size_t>(amx->n_read(pooled_px())));
        }
        return scratch;
    }

    /// The first layer.
    ///
    /// @param out  [edge_px / 2, width, n_maps], fp32 or bf16.
    template <int lanes, typename Out>
    FAINTWEB_INLINE void pool_first(const float* tile,
                                    Out* out,
                                    std::int64_t width,
                                    Scratch& scratch) const {
        const std::int64_t padded_width = edge_px + 2;
        for (std::int64_t row = 0; row < edge_px; ++row) {
            std::copy_n(tile + row * edge_px, edge_px,
                        scratch.padded.data() + (row + 1) * padded_width + 1);
        }
        const std::int64_t edge = pooled_px();
        const std::int64_t line_size = 2 * edge * n_maps;
        float* lines = scratch.lines.data();
        for (std::int64_t row = 0; row < edge; ++row) {
            for (std::int64_t line = 0; line < 2; ++line) {
                const float* rows = scratch.padded.data() + (2 * row + line) * padded_width;
                multiply<lanes>({rows, 2 * edge, 1, 3, padded_width, 3}, first_factor(),
                                lines + line * line_size);
            }
            for (std::int64_t col = 0; col < edge; ++col) {
                for (std::int64_t map = 0; map < n_maps; map += lanes) {
                    const float* here = lines + 2 * col * n_maps + map;
                    const Vector<lanes> upper =
                        larger<lanes>(load<lanes>(here), load<lanes>(here + n_maps));
                    const Vector<lanes> lower = larger<lanes>(
                        load<lanes>(here + line_size), load<lanes>(here + line_size + n_maps));
                    store<lanes>(larger<lanes>(larger<lanes>(upper, lower), Vector<lanes>{}),
                                 out + (row * width + col) * n_maps + map);
                }
            }
        }
    }

    /// @param out  of a tile: floats; in bf16 bits, of the first layer's maps where LibTorch has
    ///             the other layer.
    template <int lanes>
    FAINTWEB_INLINE void forward(const float* tile, void* out, Scratch& scratch) const {
        const std::int64_t edge = pooled_px();
        auto* values = static_cast<float*>(out);
        auto* bits = static_cast<std::uint16_t*>(out);
        const std::int64_t width = edge + 2;
        // A pixel of zeros around.
        const std::int64_t corner = (width + 1) * n_maps;
        if (amx) {
            std::uint16_t* maps = scratch.bf16_maps.data();
            pool_first<lanes>(tile, maps + corner, width, scratch);
            amx->run(maps, edge, bits, scratch.products);
            return;
        }
        if (!convolution) {
            pool_first<lanes>(tile, bits, edge, scratch);
            return;
        }
        float* maps = scratch.maps.data();
        pool_first<lanes>(tile, maps + corner, width, scratch);
        if (network.is_pyramid()) {
            convolution->run<lanes, false>({maps, width}, 1, edge, edge, {values, edge},
                                           scratch.products);
        } else {
            convolution->run<lanes, true>({maps, width}, 1, edge, edge, {values, edge / 2},
                                          scratch.products);
        }
    }

    FAINTWEB_FOR("x86-64-v4")
    void forward_16(const float* tile, void* out, Scratch& scratch) const {
        forward<16>(tile, out, scratch);
    }
    FAINTWEB_FOR("x86-64-v3")
    void forward_8(const float* tile, void* out, Scratch& scratch) const {
        forward<8>(tile, out, scratch);
    }
    void forward_4(const float* tile, void* out, Scratch& scratch) const {
        forward<4>(tile, out, scratch);
    }

    /// @param out  of each tile what forward() gives, contiguous in its memory format.
    void forward_all(const at::Tensor& tiles, const at::Tensor& out) const {
        const auto forward_here = n_lanes == 16  ? &Layers::forward_16
                                  : n_lanes == 8 ? &Layers::forward_8
                                                 : &Layers::forward_4;
        Scratch scratch = scratches->take({}, [&](Region region) { return make_scratch(region); });
        for_each_region(tiles, out, [&](const float* from, void* to) {
            (this->*forward_here)(from, to, scratch);
        });
        scratches->give_back(std::move(scratch));
    }
};

CosmodeepTrunk::CosmodeepTrunk(const learn::Cosmodeep& network,
                               const learn::NamedWeights& weights,
                               std::int64_t edge_px,
                               int max_lanes) {
    const at::Tensor& first = weights["conv1.weight"];
    const at::Tensor& second = weights["conv2.weight"];
    Layers layers{.network = network,
                  .weights = weights,
                  .edge_px = edge_px,
                  .n_maps = first.size(0),
                  .n_lanes = lanes_for(first.size(0), max_lanes),
                  .first = first.flatten(1).t().contiguous()};
    FAINTWEB_EXPECTS(layers.n_maps % layers.n_lanes == 0);
    if (second.scalar_type() == at::ScalarType::Float) {
        layers.convolution.emplace(second, weights["conv2.bias"]);
    } else if (!network.is_pyramid() && layers.n_lanes == 16 && has_matrix_registers()) {
        layers.amx.emplace(second, weights["conv2.bias"]);
    }
    layers_ = std::make_unique<const Layers>(std::move(layers));
}
CosmodeepTrunk::~CosmodeepTrunk() = default;

at::Tensor CosmodeepTrunk::features(const at::Tensor& tiles) const {
    const Layers& layers = *layers_;
    FAINTWEB_EXPECTS(tiles.size(2) == layers.edge_px && tiles.size(3) == layers.edge_px);
    const std::int64_t n = tiles.size(0);
    const std::int64_t edge = layers.pooled_px();
    const auto empty_maps = [&](std::int64_t n_maps, at::ScalarType type) {
        return at::empty({n, n_maps, edge, edge}, tiles.options().dtype(type),
                         at::MemoryFormat::ChannelsLast);
    };
    if (!layers.convolution && !layers.amx) {
        const at::Tensor maps = empty_maps(layers.n_maps, at::ScalarType::BFloat16);
        layers.forward_all(tiles, maps);
        return layers.network.features_behind(layers.weights, maps);
    }
    if (layers.network.is_pyramid()) {
        const at::Tensor maps = empty_maps(layers.convolution->n_out(), at::ScalarType::Float);
        layers.forward_all(tiles, maps);
        return learn::pyramid(maps);
    }
    const at::Tensor& hidden = layers.weights["hidden.weight"];
    const at::Tensor features = at::empty({n, hidden.size(1)}, hidden.options());
    layers.forward_all(tiles, features);
    return features;
}

}  // namespace faintweb::infer::cosmodeep
