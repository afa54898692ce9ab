// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/cells/cells_trunk.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>

#include "lib/base/contract.h"
#include "lib/base/fast_math.h"
#include "lib/base/text.h"
#include "lib/base/vector.h"
#include "lib/infer/scratch_pool.h"
#include "lib/infer/vector_kernels.h"
#include "lib/infer/winograd.h"
#include "lib/learn/cells_network.h"

namespace faintweb::infer::cells {
namespace {

/// Memory of one thread.
struct Scratch {
    Region region{};
    /// What each convolution reads.
    std::vector<base::LineVector<float>> maps{};
    base::LineVector<float> products{};
    base::LineVector<float> last{};            ///< maps that no convolution reads
    base::LineVector<float> cell_logits{};     ///< [cells, n_columns]
    base::LineVector<float> cell_fractions{};  ///< [n_thresholds, cells]
};

/// What the tiles of a region share: what the stem gives and what the first convolution does.
constexpr std::size_t n_shared_maps = 2;
// Of tiles that are a multiple of blocks wide the first convolution then gives one: it ends none of
// its blocks early, within those of another tile.
static_assert(2 * (learn::n_cell_convolutions - 1) % Winograd::block_edge == 0);
static_assert(learn::n_cell_convolutions >= 2);

}  // namespace

struct CellsTrunk::Layers {
    std::int64_t edge_px;
    std::int64_t n_maps;
    int n_lanes;
    at::Tensor stem;  ///< [rows * cols, n_maps]
    at::Tensor stem_biases;
    std::vector<Winograd> convolutions{};
    // n_columns: the thresholds, and zeros to fill a vector.
    std::int64_t n_thresholds = 0;
    at::Tensor cells{};        ///< [n_maps, n_columns]
    at::Tensor cell_biases{};  ///< [n_columns]
    std::unique_ptr<ScratchPool<Scratch>> scratches = std::make_unique<ScratchPool<Scratch>>();

    RightFactor stem_factor() const {
        return {stem.const_data_ptr<float>(), n_maps, stem_biases.const_data_ptr<float>()};
    }
    std::int64_t tile_px() const {
        return edge_px - (learn::stem_px - learn::cell_px) -
               2 * learn::cell_px * learn::n_cell_convolutions;
    }
    /// Along an edge of a tile.
    std::int64_t n_cells() const { return tile_px() / learn::cell_px; }
    bool can_share_margins() const {
        return tile_px() % (learn::cell_px * Winograd::block_edge) == 0;
    }
    std::int64_t region_px(std::int64_t n_tiles) const {
        return edge_px + (n_tiles - 1) * tile_px();
    }
    std::int64_t n_features() const { return 2 * n_maps + 2 * n_thresholds; }
    /// Size of what a layer gives, the first being 0, of as many tiles side by side.
    std::int64_t size_of(std::int64_t layer, std::int64_t n_tiles) const {
        return n_tiles * n_cells() + 2 * (learn::n_cell_convolutions - layer);
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
        const std::int64_t n_all = region.n_rows * region.n_cols * n_cells() * n_cells();
        scratch.last.resize(static_cast<std::size_t>(n_all * n_maps));
        scratch.cell_logits.resize(static_cast<std::size_t>(n_all * cell_biases.numel()));
        scratch.cell_fractions.resize(static_cast<std::size_t>(n_all * n_thresholds));
        return scratch;
    }

    /// @param features  [tiles of the region, n_features].
    template <int lanes>
    FAINTWEB_INLINE void forward(const float* pixels, float* features, Scratch& scratch) const {
        const Region region = scratch.region;
        const std::int64_t row_px = region_px(region.n_cols);
        const std::int64_t n_cols = size_of(0, region.n_cols);
        for (std::int64_t row = 0; row < size_of(0, region.n_rows); ++row) {
            float* line = scratch.maps.front().data() + row * read_size(0, region.n_cols) * n_maps;
            multiply<lanes>({pixels + row * learn::cell_px * row_px, n_cols, learn::cell_px,
                             learn::stem_px, row_px, learn::stem_px},
                            stem_factor(), line);
            for (std::int64_t i = 0; i < n_cols * n_maps; i += lanes) {
                store<lanes>(larger<lanes>(load<lanes>(line + i), Vector<lanes>{}), line + i);
            }
        }
        convolutions[0].run<lanes, false>({scratch.maps[0].data(), read_size(0, region.n_cols)}, 1,
                                          size_of(1, region.n_rows), size_of(1, region.n_cols),
                                          {scratch.maps[1].data(), read_size(1, region.n_cols)},
                                          scratch.products);
        for (std::int64_t row = 0; row < region.n_rows; ++row) {
            convolve_tiles<lanes>(row, scratch);
        }
        find_cell_fractions<lanes>(scratch);
        const std::int64_t width = region.n_cols * n_cells();
        for (std::int64_t tile = 0; tile < region.n_rows * region.n_cols; ++tile) {
            const std::int64_t row = tile / region.n_cols * n_cells();
            const std::int64_t col = tile % region.n_cols * n_cells();
            pool_cells<lanes>(row * width + col, width, features + tile * n_features(), scratch);
        }
    }

    /// The convolutions behind the first of a row of tiles, each tile for itself: their blocks
    /// would see beyond its margin.
    template <int lanes>
    FAINTWEB_INLINE void convolve_tiles(std::int64_t row, Scratch& scratch) const {
        const Region region = scratch.region;
        const std::int64_t tile_step = n_cells() * n_maps;
        const std::int64_t shared_width = read_size(1, region.n_cols);
        Winograd::Images<const float> input{scratch.maps[1].data() + row * shared_width * tile_step,
                                            shared_width, tile_step};
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
            convolutions[i].run<lanes, false>(input, region.n_cols, size, size, out,
                                              scratch.products);
            input = {out.at, out.width, out.step};
        }
    }

    /// The part of each cell of the last maps above each threshold.
    template <int lanes>
    FAINTWEB_INLINE void find_cell_fractions(Scratch& scratch) const {
        const std::int64_t n_all = std::ssize(scratch.last) / n_maps;
        multiply<lanes>({scratch.last.data(), n_all, n_maps, 1, 0, n_maps},
                        {cells.const_data_ptr<float>(), cell_biases.numel(),
                         cell_biases.const_data_ptr<float>()},
                        scratch.cell_logits.data());
        const std::int64_t n_columns = cell_biases.numel();
        constexpr float log2_e = 1.44269504F;
        for (std::int64_t threshold = 0; threshold < n_thresholds; ++threshold) {
            const float* logits = scratch.cell_logits.data() + threshold;
            float* fractions = scratch.cell_fractions.data() + threshold * n_all;
            for (std::int64_t cell = 0; cell < n_all; ++cell) {
                fractions[cell] = 1 / (1 + base::fast_exp2(-log2_e * logits[cell * n_columns]));
            }
        }
    }

    /// Mean and maximum of the last maps over a tile, and what its cells tell.
    ///
    /// @param first_cell  of the tile; rows of cells are `width` apart.
    template <int lanes>
    FAINTWEB_INLINE void pool_cells(std::int64_t first_cell,
                                    std::int64_t width,
                                    float* features,
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
            store<lanes>(sum / n_all, features + map);
            store<lanes>(most, features + n_maps + map);
        }
        for (std::int64_t threshold = 0; threshold < n_thresholds; ++threshold) {
            const float* fractions = scratch.cell_fractions.data() +
                                     threshold * std::ssize(scratch.cell_fractions) / n_thresholds;
            double sum = 0;
            for (std::int64_t row = 0; row < n; ++row) {
                for (std::int64_t col = 0; col < n; ++col) {
                    sum += static_cast<double>(fractions[first_cell + row * width + col]);
                }
            }
            const double part = sum / static_cast<double>(n_all);
            features[2 * n_maps + threshold] = static_cast<float>(learn::part_scale * part);
            features[2 * n_maps + n_thresholds + threshold] =
                static_cast<float>(std::log(part + learn::part_floor));
        }
    }

    FAINTWEB_FOR("x86-64-v4")
    void forward_16(const float* pixels, float* features, Scratch& scratch) const {
        forward<16>(pixels, features, scratch);
    }
    FAINTWEB_FOR("x86-64-v3")
    void forward_8(const float* pixels, float* features, Scratch& scratch) const {
        forward<8>(pixels, features, scratch);
    }
    void forward_4(const float* pixels, float* features, Scratch& scratch) const {
        forward<4>(pixels, features, scratch);
    }
};

CellsTrunk::CellsTrunk(const learn::NamedWeights& weights, std::int64_t edge_px, int max_lanes) {
    const at::Tensor& stem = weights["stem.weight"];
    Layers layers{.edge_px = edge_px,
                  .n_maps = stem.size(0),
                  .n_lanes = lanes_for(stem.size(0), max_lanes),
                  .stem = stem.flatten(1).t().contiguous(),
                  .stem_biases = weights["stem.bias"]};
    FAINTWEB_EXPECTS(layers.n_maps % layers.n_lanes == 0);
    for (int i = 1; i <= learn::n_cell_convolutions; ++i) {
        const std::string layer = base::text("conv", i);
        layers.convolutions.emplace_back(weights[layer + ".weight"], weights[layer + ".bias"]);
    }
    const at::Tensor& cells = weights["cells.weight"];
    layers.n_thresholds = cells.size(0);
    const std::int64_t n_more =
        (layers.n_lanes - layers.n_thresholds % layers.n_lanes) % layers.n_lanes;
    layers.cells = at::constant_pad_nd(cells.flatten(1).t(), {0, n_more}).contiguous();
    layers.cell_biases = at::constant_pad_nd(weights["cells.bias"], {0, n_more}).contiguous();
    layers_ = std::make_unique<const Layers>(std::move(layers));
}
CellsTrunk::~CellsTrunk() = default;

bool CellsTrunk::can_share_margins() const {
    return layers_->can_share_margins();
}

at::Tensor CellsTrunk::features(const at::Tensor& pixels, Region region) const {
    const Layers& layers = *layers_;
    FAINTWEB_EXPECTS(region == Region{} || can_share_margins());
    FAINTWEB_EXPECTS(pixels.size(2) == layers.region_px(region.n_rows) &&
                     pixels.size(3) == layers.region_px(region.n_cols));
    const auto forward_here = layers.n_lanes == 16  ? &Layers::forward_16
                              : layers.n_lanes == 8 ? &Layers::forward_8
                                                    : &Layers::forward_4;
    const at::Tensor features = at::empty(
        {pixels.size(0) * region.n_rows * region.n_cols, layers.n_features()}, pixels.options());
    Scratch scratch =
        layers.scratches->take(region, [&](Region wanted) { return layers.make_scratch(wanted); });
    for_each_region(pixels, features, [&](const float* from, void* to) {
        (layers.*forward_here)(from, static_cast<float*>(to), scratch);
    });
    layers.scratches->give_back(std::move(scratch));
    return features;
}

}  // namespace faintweb::infer::cells
