#include "lib/infer/cpu_trunk.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>
#include <utility>

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>

#include "lib/base/contract.h"
#include "lib/base/fast_math.h"
#include "lib/base/vector.h"
#include "lib/infer/amx_convolution.h"
#include "lib/infer/vector_kernels.h"
#include "lib/learn/torch_network.h"

namespace faintweb::infer {

Winograd::Winograd(const at::Tensor& weight, const at::Tensor& bias)
    : n_in_(weight.size(1)),
      n_out_(weight.size(0)),
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
    Region region{};
    base::LineVector<float> padded{};
    base::LineVector<float> lines{};
    /// That each convolution reads; zeros around those of the paper's networks.
    std::vector<base::LineVector<float>> maps{};
    base::LineVector<std::uint16_t> bf16_maps{};  ///< the same in bf16
    base::LineVector<float> products{};
    base::LineVector<float> last{};   ///< maps that no convolution reads
    base::LineVector<float> told{};   ///< [cells, n_columns] by them
    base::LineVector<float> parts{};  ///< [n_thresholds, cells]
};

/// Lends it, so that it need not be cleared each time; keeps no more than were lent at the same
/// time.
class ScratchPool {
  public:
    template <typename Make>
    Scratch take(Region region, const Make& make) {
        {
            const std::lock_guard lock(mutex_);
            const auto found = std::ranges::find(free_, region, &Scratch::region);
            if (found != free_.end()) {
                Scratch scratch = std::move(*found);
                free_.erase(found);
                return scratch;
            }
            if (!free_.empty()) {
                free_.pop_back();  // for another region, in whose place this one comes
            }
        }
        return make(region);
    }
    void give_back(Scratch scratch) {
        const std::lock_guard lock(mutex_);
        free_.push_back(std::move(scratch));
    }

  private:
    std::mutex mutex_;
    std::vector<Scratch> free_;
};

/// Lanes of the widest vectors that this processor has registers for and n_maps fill.
int lanes_for(std::int64_t n_maps, int max_lanes) {
    int lanes = std::min(max_lanes, base::widest_lanes());
    while (lanes > 4 && n_maps % lanes != 0) {
        lanes /= 2;
    }
    return lanes;
}

/// What the tiles of a region share: what the stem gives and what the first convolution does.
constexpr std::size_t n_shared_maps = 2;
// Of tiles that are a multiple of blocks wide the first convolution then gives one: it ends none of
// its blocks early, within those of another tile.
static_assert(2 * (learn::n_cell_convolutions - 1) % Winograd::block_edge == 0);
static_assert(learn::n_cell_convolutions >= 2);

}  // namespace

struct CpuTrunk::Layers {
    learn::Trunk trunk;
    std::vector<at::Tensor> weights;
    std::int64_t edge_px;
    std::int64_t n_maps;  ///< of the first layer
    int n_lanes;
    at::Tensor first{};  ///< its weights, [rows * cols, n_maps]
    std::vector<Winograd> convolutions{};
    std::optional<AmxConvolution> amx{};  ///< of bf16, in place of LibTorch's layers
    // Of Trunk::cells; n_columns: the thresholds, and zeros to fill a vector.
    std::int64_t n_thresholds = 0;
    at::Tensor cells{};        ///< [n_maps, n_columns]
    at::Tensor cell_biases{};  ///< [n_columns]
    std::unique_ptr<ScratchPool> scratches = std::make_unique<ScratchPool>();

    bool is_fp32() const { return weights[2].scalar_type() == at::ScalarType::Float; }
    RightFactor first_factor() const {
        return {first.const_data_ptr<float>(), n_maps, weights[1].const_data_ptr<float>()};
    }
    std::int64_t tile_px() const {
        return trunk == learn::Trunk::cells ? edge_px - (learn::stem_px - learn::cell_px) -
                                                  2 * learn::cell_px * learn::n_cell_convolutions
                                            : edge_px;
    }
    /// Along an edge of a tile.
    std::int64_t n_cells() const { return tile_px() / learn::cell_px; }
    bool can_share_margins() const {
        return trunk == learn::Trunk::cells && is_fp32() &&
               tile_px() % (learn::cell_px * Winograd::block_edge) == 0;
    }
    std::int64_t region_px(std::int64_t n_tiles) const {
        return edge_px + (n_tiles - 1) * tile_px();
    }
    std::int64_t n_features() const {
        return weights[learn::hidden_weight(weights.size())].size(1);
    }
    /// Size of what a layer gives, the first being 0, of as many tiles side by side; before pooling
    /// but that of the first.
    std::int64_t size_of(std::int64_t layer, std::int64_t n_tiles) const {
        return trunk == learn::Trunk::cells
                   ? n_tiles * n_cells() + 2 * (learn::n_cell_convolutions - layer)
                   : edge_px / 2;
    }

    /// Size of the maps that a convolution reads.
    std::int64_t read_size(std::size_t convolution, std::int64_t n_tiles) const {
        return Winograd::read_size(size_of(static_cast<std::int64_t>(convolution) + 1, n_tiles));
    }

    Scratch make_scratch(Region region) const {
        Scratch scratch{.region = region};
        for (std::size_t i = 0; i < convolutions.size(); ++i) {
            const std::int64_t n_values =
                i < n_shared_maps ? read_size(i, region.n_rows) * read_size(i, region.n_cols)
                                  : region.n_cols * read_size(i, 1) * read_size(i, 1);
            scratch.maps.emplace_back(static_cast<std::size_t>(n_values * convolutions[i].n_in()));
        }
        if (trunk == learn::Trunk::cells) {
            const std::int64_t n_all = region.n_rows * region.n_cols * n_cells() * n_cells();
            scratch.last.resize(static_cast<std::size_t>(n_all * n_maps));
            scratch.told.resize(static_cast<std::size_t>(n_all * cell_biases.numel()));
            scratch.parts.resize(static_cast<std::size_t>(n_all * n_thresholds));
            return scratch;
        }
        scratch.padded.resize(static_cast<std::size_t>((edge_px + 2) * (edge_px + 2)));
        scratch.lines.resize(static_cast<std::size_t>(2 * edge_px * n_maps));
        if (amx) {
            scratch.bf16_maps.resize(static_cast<std::size_t>(amx->n_read(size_of(0, 1))));
        }
        return scratch;
    }

    /// The first layer of the paper's networks.
    ///
    /// @param out  [edge_px / 2, width, n_maps], fp32 or bf16.
    template <int lanes, typename Out>
    FAINTWEB_INLINE void pool_first(const float* tile,
                                    Out* out,
                                    std::int64_t width,
                                    Scratch& scratch) const {
        const std::int64_t padded_width = edge_px + 2;
        for (std::int64_t row = 0; row < edge_px; ++row) {
            std::copy_n(tile + row * edge_px,
                        edge_px,
                        scratch.padded.data() + (row + 1) * padded_width + 1);
        }
        const std::int64_t edge = size_of(0, 1);
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

    /// @param given  [tiles of the region, n_features].
    template <int lanes>
    FAINTWEB_INLINE void see_cells(const float* pixels, float* given, Scratch& scratch) const {
        const Region region = scratch.region;
        const std::int64_t row_px = region_px(region.n_cols);
        const std::int64_t n_cols = size_of(0, region.n_cols);
        for (std::int64_t row = 0; row < size_of(0, region.n_rows); ++row) {
            float* line = scratch.maps.front().data() + row * read_size(0, region.n_cols) * n_maps;
            multiply<lanes>({pixels + row * learn::cell_px * row_px,
                             n_cols,
                             learn::cell_px,
                             learn::stem_px,
                             row_px,
                             learn::stem_px},
                            first_factor(),
                            line);
            for (std::int64_t i = 0; i < n_cols * n_maps; i += lanes) {
                store<lanes>(larger<lanes>(load<lanes>(line + i), Vector<lanes>{}), line + i);
            }
        }
        convolutions[0].run<lanes, false>({scratch.maps[0].data(), read_size(0, region.n_cols)},
                                          1,
                                          size_of(1, region.n_rows),
                                          size_of(1, region.n_cols),
                                          {scratch.maps[1].data(), read_size(1, region.n_cols)},
                                          scratch.products);
        for (std::int64_t row = 0; row < region.n_rows; ++row) {
            convolve_tiles<lanes>(row, scratch);
        }
        tell_cells<lanes>(scratch);
        const std::int64_t width = region.n_cols * n_cells();
        for (std::int64_t tile = 0; tile < region.n_rows * region.n_cols; ++tile) {
            const std::int64_t row = tile / region.n_cols * n_cells();
            const std::int64_t col = tile % region.n_cols * n_cells();
            give_cells<lanes>(row * width + col, width, given + tile * n_features(), scratch);
        }
    }

    /// The convolutions behind the first of a row of tiles, each tile for itself: their blocks
    /// would see beyond its margin.
    template <int lanes>
    FAINTWEB_INLINE void convolve_tiles(std::int64_t row, Scratch& scratch) const {
        const Region region = scratch.region;
        const std::int64_t tile_step = n_cells() * n_maps;
        const std::int64_t shared_width = read_size(1, region.n_cols);
        Winograd::Images<const float> seen{
            scratch.maps[1].data() + row * shared_width * tile_step, shared_width, tile_step};
        for (std::size_t i = 1; i < convolutions.size(); ++i) {
            const std::int64_t size = size_of(static_cast<std::int64_t>(i) + 1, 1);
            Winograd::Images<float> out{};
            if (i + 1 < convolutions.size()) {
                const std::int64_t width = read_size(i + 1, 1);
                out = {scratch.maps[i + 1].data(), width, width * width * n_maps};
            } else {
                const std::int64_t width = region.n_cols * n_cells();
                out = {scratch.last.data() + row * width * tile_step, width, tile_step};
            }
            convolutions[i].run<lanes, false>(
                seen, region.n_cols, size, size, out, scratch.products);
            seen = {out.at, out.width, out.step};
        }
    }

    /// The part of each cell of the last maps above each threshold.
    template <int lanes>
    FAINTWEB_INLINE void tell_cells(Scratch& scratch) const {
        const std::int64_t n_all = std::ssize(scratch.last) / n_maps;
        multiply<lanes>({scratch.last.data(), n_all, n_maps, 1, 0, n_maps},
                        {cells.const_data_ptr<float>(),
                         cell_biases.numel(),
                         cell_biases.const_data_ptr<float>()},
                        scratch.told.data());
        const std::int64_t n_columns = cell_biases.numel();
        constexpr float log2_e = 1.44269504F;
        for (std::int64_t threshold = 0; threshold < n_thresholds; ++threshold) {
            const float* told = scratch.told.data() + threshold;
            float* parts = scratch.parts.data() + threshold * n_all;
            for (std::int64_t cell = 0; cell < n_all; ++cell) {
                parts[cell] = 1 / (1 + base::fast_exp2(-log2_e * told[cell * n_columns]));
            }
        }
    }

    /// Mean and maximum of the last maps over a tile, and what its cells tell.
    ///
    /// @param first_cell  of the tile; rows of cells are `width` apart.
    template <int lanes>
    FAINTWEB_INLINE void give_cells(std::int64_t first_cell,
                                    std::int64_t width,
                                    float* given,
                                    const Scratch& scratch) const {
        const std::int64_t n = n_cells();
        const auto n_all = static_cast<float>(n * n);
        for (std::int64_t map = 0; map < n_maps; map += lanes) {
            Vector<lanes> sum{};
            Vector<lanes> most{};  // they have been through a ReLU
            for (std::int64_t row = 0; row < n; ++row) {
                const float* maps = scratch.last.data() + (first_cell + row * width) * n_maps + map;
                for (std::int64_t col = 0; col < n; ++col) {
                    const Vector<lanes> value = load<lanes>(maps + col * n_maps);
                    sum += value;
                    most = larger<lanes>(most, value);
                }
            }
            store<lanes>(sum / n_all, given + map);
            store<lanes>(most, given + n_maps + map);
        }
        for (std::int64_t threshold = 0; threshold < n_thresholds; ++threshold) {
            const float* parts =
                scratch.parts.data() + threshold * std::ssize(scratch.parts) / n_thresholds;
            double sum = 0;
            for (std::int64_t row = 0; row < n; ++row) {
                for (std::int64_t col = 0; col < n; ++col) {
                    sum += static_cast<double>(parts[first_cell + row * width + col]);
                }
            }
            const double part = sum / static_cast<double>(n_all);
            given[2 * n_maps + threshold] = static_cast<float>(learn::part_scale * part);
            given[2 * n_maps + n_thresholds + threshold] =
                static_cast<float>(std::log(part + learn::part_floor));
        }
    }

    /// @param given  of the tiles: floats; in bf16 bits, of the first layer's maps where LibTorch
    /// has the others.
    template <int lanes>
    FAINTWEB_INLINE void run(const float* pixels, void* given, Scratch& scratch) const {
        auto* values = static_cast<float*>(given);
        if (trunk == learn::Trunk::cells) {
            see_cells<lanes>(pixels, values, scratch);
            return;
        }
        const std::int64_t edge = size_of(0, 1);
        auto* bits = static_cast<std::uint16_t*>(given);
        if (!is_fp32() && !amx) {
            pool_first<lanes>(pixels, bits, edge, scratch);
            return;
        }
        const std::int64_t width = edge + 2;
        // A pixel of zeros around.
        const std::int64_t corner = (width + 1) * n_maps;
        if (amx) {
            std::uint16_t* maps = scratch.bf16_maps.data();
            pool_first<lanes>(pixels, maps + corner, width, scratch);
            amx->run(maps, edge, bits, scratch.products);
            return;
        }
        const Winograd& convolution = convolutions.front();
        float* maps = scratch.maps.front().data();
        pool_first<lanes>(pixels, maps + corner, width, scratch);
        if (trunk == learn::Trunk::flattened) {
            convolution.run<lanes, true>(
                {maps, width}, 1, edge, edge, {values, edge / 2}, scratch.products);
        } else {
            convolution.run<lanes, false>(
                {maps, width}, 1, edge, edge, {values, edge}, scratch.products);
        }
    }

    FAINTWEB_FOR("x86-64-v4")
    void run_16(const float* pixels, void* given, Scratch& scratch) const {
        run<16>(pixels, given, scratch);
    }
    FAINTWEB_FOR("x86-64-v3") void run_8(const float* pixels, void* given, Scratch& scratch) const {
        run<8>(pixels, given, scratch);
    }
    void run_4(const float* pixels, void* given, Scratch& scratch) const {
        run<4>(pixels, given, scratch);
    }

    /// @param given  of each region what run() gives, contiguous in its memory format.
    void run_all(const at::Tensor& pixels, Region region, const at::Tensor& given) const {
        const auto run_here = n_lanes == 16  ? &Layers::run_16
                              : n_lanes == 8 ? &Layers::run_8
                                             : &Layers::run_4;
        Scratch scratch =
            scratches->take(region, [&](Region wanted) { return make_scratch(wanted); });
        const std::int64_t n = pixels.size(0);
        const std::int64_t n_values = pixels.size(1) * pixels.size(2);
        const std::size_t n_bytes = given.nbytes() / static_cast<std::size_t>(n);
        auto* to = static_cast<std::byte*>(given.mutable_data_ptr());
        for (std::int64_t i = 0; i < n; ++i) {
            (this->*run_here)(pixels.const_data_ptr<float>() + i * n_values,
                              to + static_cast<std::size_t>(i) * n_bytes,
                              scratch);
        }
        scratches->give_back(std::move(scratch));
    }
};

CpuTrunk::CpuTrunk(learn::Trunk trunk,
                   const std::vector<at::Tensor>& weights,
                   std::int64_t edge_px,
                   int max_lanes) {
    Layers layers{.trunk = trunk,
                  .weights = weights,
                  .edge_px = edge_px,
                  .n_maps = weights[0].size(0),
                  .n_lanes = lanes_for(weights[0].size(0), max_lanes),
                  .first = weights[0].flatten(1).t().contiguous()};
    FAINTWEB_EXPECTS(layers.n_maps % layers.n_lanes == 0);
    if (layers.is_fp32()) {
        const bool has_cells = trunk == learn::Trunk::cells;
        const std::size_t n_convolutions = has_cells ? learn::n_cell_convolutions : 1;
        for (std::size_t layer = 1; layer <= n_convolutions; ++layer) {
            layers.convolutions.emplace_back(weights[2 * layer], weights[2 * layer + 1]);
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
    if (!layers.is_fp32() && trunk == learn::Trunk::flattened && layers.n_lanes == 16 &&
        has_matrix_registers()) {
        layers.amx.emplace(weights[2], weights[3]);
    }
    layers_ = std::make_unique<const Layers>(std::move(layers));
}
CpuTrunk::~CpuTrunk() = default;

bool CpuTrunk::can_share_margins() const {
    return layers_->can_share_margins();
}

at::Tensor CpuTrunk::features(const at::Tensor& pixels, Region region) const {
    FAINTWEB_EXPECTS(region == Region{} || can_share_margins());
    FAINTWEB_EXPECTS(pixels.size(1) == layers_->region_px(region.n_rows) &&
                     pixels.size(2) == layers_->region_px(region.n_cols));
    const learn::Trunk trunk = layers_->trunk;
    const std::int64_t n = pixels.size(0);
    const std::int64_t edge = layers_->size_of(0, 1);
    if (!layers_->is_fp32() && !layers_->amx) {
        if (trunk == learn::Trunk::cells) {
            return learn::features_of(trunk, layers_->weights, pixels);
        }
        const at::Tensor seen = at::empty({n, layers_->n_maps, edge, edge},
                                          pixels.options().dtype(at::ScalarType::BFloat16),
                                          at::MemoryFormat::ChannelsLast);
        layers_->run_all(pixels, region, seen);
        return learn::features_behind(trunk, layers_->weights, seen);
    }
    if (trunk == learn::Trunk::pyramid) {
        const at::Tensor maps = at::empty({n, layers_->convolutions.back().n_out(), edge, edge},
                                          pixels.options(),
                                          at::MemoryFormat::ChannelsLast);
        layers_->run_all(pixels, region, maps);
        return learn::pyramid(maps);
    }
    const at::Tensor features =
        at::empty({n * region.n_rows * region.n_cols, layers_->n_features()},
                  pixels.options().dtype(layers_->weights[2].scalar_type()));
    layers_->run_all(pixels, region, features);
    return features;
}

}  // namespace faintweb::infer
