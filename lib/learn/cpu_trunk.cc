#include "lib/learn/cpu_trunk.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>

#include "lib/base/contract.h"
#include "lib/base/fast_math.h"
#include "lib/learn/torch_network.h"
#include "lib/learn/vector_kernels.h"

namespace faintweb::learn {

Winograd::Winograd(const at::Tensor& weight, const at::Tensor& bias, std::int64_t edge)
    : n_in_(weight.size(1)),
      n_out_(weight.size(0)),
      edge_(edge),
      n_blocks_((edge + block_edge - 1) / block_edge),
      weights_(static_cast<std::size_t>(n_products * n_in_ * n_out_)),
      biases_(bias.const_data_ptr<float>(), bias.const_data_ptr<float>() + n_out_) {
    constexpr double turn[seen_edge][3] = {{1.0 / 4, 0, 0},
                                           {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                           {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                           {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                           {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                           {0, 0, 1}};
    for (std::int64_t out = 0; out < n_out_; ++out) {
        for (std::int64_t in = 0; in < n_in_; ++in) {
            const float* kernel = weight.const_data_ptr<float>() + (out * n_in_ + in) * 9;
            for (std::int64_t product = 0; product < n_products; ++product) {
                double turned = 0;
                for (int k = 0; k < 9; ++k) {
                    turned += turn[product / seen_edge][k / 3] * turn[product % seen_edge][k % 3] *
                              static_cast<double>(kernel[k]);
                }
                weights_[static_cast<std::size_t>((product * n_in_ + in) * n_out_ + out)] =
                    static_cast<float>(turned);
            }
        }
    }
}

namespace {

/// Memory of one thread.
struct Scratch {
    std::vector<float> padded;
    std::vector<float> lines;
    std::vector<std::vector<float>> maps;  ///< that each convolution reads; zeros beyond their edge
    std::vector<float> products;
    std::vector<float> last;   ///< maps that no convolution reads
    std::vector<float> parts;  ///< of the cells
};

#if defined(__x86_64__) && defined(__GNUC__)
#define FAINTWEB_FOR(architecture) __attribute__((target("arch=" architecture)))
#else
#define FAINTWEB_FOR(architecture)
#endif

/// Lanes of the vectors that this processor has registers for.
int lanes_here() {
#if defined(__x86_64__) && defined(__GNUC__)
    if (__builtin_cpu_supports("x86-64-v4")) {
        return 16;
    }
    if (__builtin_cpu_supports("x86-64-v3")) {
        return 8;
    }
#endif
    return 4;
}

/// Rounds to nearest even; the value is not negative.
std::uint16_t bf16_of(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

}  // namespace

struct CpuTrunk::Layers {
    Trunk trunk;
    std::vector<at::Tensor> weights;
    std::int64_t edge_px;
    std::int64_t n_maps;  ///< of the first layer
    int n_lanes = lanes_here();
    at::Tensor first{};  ///< its weights, [rows * cols, n_maps]
    std::vector<Winograd> convolutions{};
    // Of Trunk::cells; n_columns: the thresholds, and zeros to fill a vector.
    std::int64_t n_thresholds = 0;
    at::Tensor cells{};        ///< [n_maps, n_columns]
    at::Tensor cell_biases{};  ///< [n_columns]

    bool is_fp32() const { return weights[2].scalar_type() == at::ScalarType::Float; }
    RightFactor first_factor() const {
        return {first.const_data_ptr<float>(), n_maps, weights[1].const_data_ptr<float>()};
    }
    std::int64_t first_edge() const {
        return trunk == Trunk::cells ? (edge_px - stem_px) / cell_px + 1 : edge_px / 2;
    }

    Scratch make_scratch() const {
        Scratch scratch;
        for (const Winograd& convolution : convolutions) {
            const std::int64_t edge = convolution.read_edge();
            scratch.maps.emplace_back(static_cast<std::size_t>(edge * edge * convolution.n_in()));
        }
        if (trunk == Trunk::cells) {
            const std::int64_t n_cells = convolutions.back().edge() * convolutions.back().edge();
            scratch.last.resize(static_cast<std::size_t>(n_cells * n_maps));
            scratch.parts.resize(static_cast<std::size_t>(n_cells * cell_biases.numel()));
            return scratch;
        }
        scratch.padded.resize(static_cast<std::size_t>((edge_px + 2) * (edge_px + 2)));
        scratch.lines.resize(static_cast<std::size_t>(2 * edge_px * n_maps));
        if (!is_fp32()) {
            scratch.last.resize(static_cast<std::size_t>(first_edge() * first_edge() * n_maps));
        }
        return scratch;
    }

    /// The first layer of the paper's networks.
    ///
    /// @param out  [edge_px / 2, width, n_maps].
    template <int lanes>
    FAINTWEB_INLINE void pool_first(const float* tile,
                                    float* out,
                                    std::int64_t width,
                                    Scratch& scratch) const {
        const std::int64_t padded_width = edge_px + 2;
        for (std::int64_t row = 0; row < edge_px; ++row) {
            std::copy_n(tile + row * edge_px,
                        edge_px,
                        scratch.padded.data() + (row + 1) * padded_width + 1);
        }
        const std::int64_t edge = first_edge();
        const std::int64_t line_size = 2 * edge * n_maps;
        float* lines = scratch.lines.data();
        for (std::int64_t row = 0; row < edge; ++row) {
            for (std::int64_t line = 0; line < 2; ++line) {
                const float* seen = scratch.padded.data() + (2 * row + line) * padded_width;
                multiply<lanes>({seen, 2 * edge, 1, 3, padded_width, 3},
                                first_factor(),
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

    template <int lanes>
    FAINTWEB_INLINE void see_cells(const float* tile, float* given, Scratch& scratch) const {
        const std::int64_t edge = first_edge();
        const std::int64_t width = convolutions.front().read_edge();
        for (std::int64_t row = 0; row < edge; ++row) {
            float* line = scratch.maps.front().data() + row * width * n_maps;
            multiply<lanes>(
                {tile + row * cell_px * edge_px, edge, cell_px, stem_px, edge_px, stem_px},
                first_factor(),
                line);
            for (std::int64_t i = 0; i < edge * n_maps; i += lanes) {
                store<lanes>(larger<lanes>(load<lanes>(line + i), Vector<lanes>{}), line + i);
            }
        }
        for (std::size_t layer = 0; layer < convolutions.size(); ++layer) {
            const bool is_last = layer + 1 == convolutions.size();
            convolutions[layer].run<lanes, false>(
                scratch.maps[layer].data(),
                is_last ? scratch.last.data() : scratch.maps[layer + 1].data(),
                is_last ? convolutions[layer].edge() : convolutions[layer + 1].read_edge(),
                scratch.products);
        }
        give_cells<lanes>(given, scratch);
    }

    /// Mean and maximum of the last maps, and what their cells say.
    template <int lanes>
    FAINTWEB_INLINE void give_cells(float* given, Scratch& scratch) const {
        const std::int64_t n_cells = convolutions.back().edge() * convolutions.back().edge();
        const float* maps = scratch.last.data();
        for (std::int64_t map = 0; map < n_maps; map += lanes) {
            Vector<lanes> sum{};
            Vector<lanes> most{};  // they have been through a ReLU
            for (std::int64_t cell = 0; cell < n_cells; ++cell) {
                const Vector<lanes> value = load<lanes>(maps + cell * n_maps + map);
                sum += value;
                most = larger<lanes>(most, value);
            }
            store<lanes>(sum / static_cast<float>(n_cells), given + map);
            store<lanes>(most, given + n_maps + map);
        }
        const std::int64_t n_columns = cell_biases.numel();
        float* parts = scratch.parts.data();
        multiply<lanes>(
            {maps, n_cells, n_maps, 1, 0, n_maps},
            {cells.const_data_ptr<float>(), n_columns, cell_biases.const_data_ptr<float>()},
            parts);
        constexpr float log2_e = 1.44269504F;
        for (std::int64_t i = 0; i < n_cells * n_columns; ++i) {
            parts[i] = 1 / (1 + base::fast_exp2(-log2_e * parts[i]));
        }
        for (std::int64_t threshold = 0; threshold < n_thresholds; ++threshold) {
            double sum = 0;
            for (std::int64_t cell = 0; cell < n_cells; ++cell) {
                sum += static_cast<double>(parts[cell * n_columns + threshold]);
            }
            const double part = sum / static_cast<double>(n_cells);
            given[2 * n_maps + threshold] = static_cast<float>(part_scale * part);
            given[2 * n_maps + n_thresholds + threshold] =
                static_cast<float>(std::log(part + part_floor));
        }
    }

    /// @param given  of the tile: floats; the first layer's maps as bf16 where that is the
    /// precision.
    template <int lanes>
    FAINTWEB_INLINE void run(const float* tile, void* given, Scratch& scratch) const {
        auto* values = static_cast<float*>(given);
        if (trunk == Trunk::cells) {
            see_cells<lanes>(tile, values, scratch);
            return;
        }
        if (!is_fp32()) {
            pool_first<lanes>(tile, scratch.last.data(), first_edge(), scratch);
            std::transform(scratch.last.begin(),
                           scratch.last.end(),
                           static_cast<std::uint16_t*>(given),
                           bf16_of);
            return;
        }
        const Winograd& convolution = convolutions.front();
        const std::int64_t width = convolution.read_edge();
        float* maps = scratch.maps.front().data();
        // A pixel of zeros around.
        pool_first<lanes>(tile, maps + (width + 1) * n_maps, width, scratch);
        if (trunk == Trunk::flattened) {
            convolution.run<lanes, true>(maps, values, 0, scratch.products);
        } else {
            convolution.run<lanes, false>(maps, values, convolution.edge(), scratch.products);
        }
    }

    FAINTWEB_FOR("x86-64-v4") void run_16(const float* tile, void* given, Scratch& scratch) const {
        run<16>(tile, given, scratch);
    }
    FAINTWEB_FOR("x86-64-v3") void run_8(const float* tile, void* given, Scratch& scratch) const {
        run<8>(tile, given, scratch);
    }
    void run_4(const float* tile, void* given, Scratch& scratch) const {
        run<4>(tile, given, scratch);
    }

    /// @param given  [n, ...], contiguous in its memory format: what run() gives for each tile.
    void run_all(const at::Tensor& tiles, const at::Tensor& given) const {
        const auto run_here = n_lanes == 16  ? &Layers::run_16
                              : n_lanes == 8 ? &Layers::run_8
                                             : &Layers::run_4;
        Scratch scratch = make_scratch();
        const std::int64_t n = tiles.size(0);
        const std::size_t n_bytes = given.nbytes() / static_cast<std::size_t>(n);
        auto* to = static_cast<std::byte*>(given.mutable_data_ptr());
        for (std::int64_t tile = 0; tile < n; ++tile) {
            (this->*run_here)(tiles.const_data_ptr<float>() + tile * edge_px * edge_px,
                              to + static_cast<std::size_t>(tile) * n_bytes,
                              scratch);
        }
    }
};

CpuTrunk::CpuTrunk(Trunk trunk, const std::vector<at::Tensor>& weights, std::int64_t edge_px) {
    Layers layers{.trunk = trunk,
                  .weights = weights,
                  .edge_px = edge_px,
                  .n_maps = weights[0].size(0),
                  .first = weights[0].flatten(1).t().contiguous()};
    FAINTWEB_EXPECTS(layers.n_maps % layers.n_lanes == 0);
    if (layers.is_fp32()) {
        const bool has_cells = trunk == Trunk::cells;
        const std::size_t n_convolutions = has_cells ? n_cell_convolutions : 1;
        std::int64_t edge = layers.first_edge();
        for (std::size_t layer = 1; layer <= n_convolutions; ++layer) {
            edge -= has_cells ? 2 : 0;
            layers.convolutions.emplace_back(weights[2 * layer], weights[2 * layer + 1], edge);
        }
        if (has_cells) {
            const std::size_t last = 2 * (n_convolutions + 1);
            layers.n_thresholds = weights[last].size(0);
            const std::int64_t n_more =
                (layers.n_lanes - layers.n_thresholds % layers.n_lanes) % layers.n_lanes;
            layers.cells =
                at::constant_pad_nd(weights[last].flatten(1).t(), {0, n_more}).contiguous();
            layers.cell_biases = at::constant_pad_nd(weights[last + 1], {0, n_more}).contiguous();
        }
    }
    layers_ = std::make_unique<const Layers>(std::move(layers));
}
CpuTrunk::~CpuTrunk() = default;

at::Tensor CpuTrunk::features(const at::Tensor& tiles) const {
    const Trunk trunk = layers_->trunk;
    const std::int64_t n = tiles.size(0);
    const std::int64_t edge = layers_->first_edge();
    if (!layers_->is_fp32()) {
        if (trunk == Trunk::cells) {
            return features_of(trunk, layers_->weights, tiles);
        }
        const at::Tensor seen = at::empty({n, layers_->n_maps, edge, edge},
                                          tiles.options().dtype(at::ScalarType::BFloat16),
                                          at::MemoryFormat::ChannelsLast);
        layers_->run_all(tiles, seen);
        return features_behind(trunk, layers_->weights, seen);
    }
    const std::int64_t n_out = layers_->convolutions.back().n_out();
    switch (trunk) {
        case Trunk::flattened: {
            const at::Tensor features =
                at::empty({n, edge / 2 * (edge / 2) * n_out}, tiles.options());
            layers_->run_all(tiles, features);
            return features;
        }
        case Trunk::pyramid: {
            const at::Tensor maps =
                at::empty({n, n_out, edge, edge}, tiles.options(), at::MemoryFormat::ChannelsLast);
            layers_->run_all(tiles, maps);
            return pyramid(maps);
        }
        case Trunk::cells:
            break;
    }
    const at::Tensor features =
        at::empty({n, 2 * (n_out + layers_->n_thresholds)}, tiles.options());
    layers_->run_all(tiles, features);
    return features;
}

}  // namespace faintweb::learn
