// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/classifier.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <utility>

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"
#include "lib/base/stopwatch.h"
#ifdef FAINTWEB_CUDA
#include "lib/infer/cuda/gpu_fields.h"
#endif
#include "lib/infer/forward_pass.h"
#include "lib/learn/torch_network.h"

namespace faintweb::infer {
namespace {

/// Tiles that go through the dense layers at once: their weights are read once for all of them.
constexpr std::int64_t cpu_group = 500;
/// Edge of what tiles that share their margins cover together: large beside the margins, but its
/// activations stay in the cache.
constexpr std::int64_t region_px = 200;
/// Enough to fill a GPU.
constexpr std::int64_t gpu_group = 2500;
/// All of these are for tiles of this size; of larger ones so many that they take as much memory.
constexpr std::int64_t usual_px = 40;

std::int64_t at_most(std::int64_t n, std::int64_t tile_px) {
    return std::clamp<std::int64_t>(n * usual_px * usual_px / (tile_px * tile_px), 1, n);
}

}  // namespace

float score_of_logit(float logit) {
    return static_cast<float>(1 / (1 + std::exp(-static_cast<double>(logit))));
}

std::vector<float> scores_of_logits(std::span<const float> logits) {
    std::vector<float> scores(logits.size());
    std::transform(logits.begin(), logits.end(), scores.begin(), score_of_logit);
    return scores;
}

struct Classifier::State {
    tile::Scaling scaling;
    std::int64_t n_channels;
    std::int64_t margin_px;
    std::int64_t edge_px;  ///< of a tile with its margin
    learn::Device device;
    int n_threads;
    learn::Precision precision;
    std::int64_t n_rules;
    std::unique_ptr<const ForwardPass> pass{};
#ifdef FAINTWEB_CUDA
    std::unique_ptr<cuda::GpuFields> gpu{};
#endif

    std::int64_t tile_px() const {
        return edge_px - 2 * margin_px;
    }
    /// Numbers of a tile with its margin.
    std::int64_t tile_size() const {
        return n_channels * edge_px * edge_px;
    }
    std::int64_t group_size() const {
        return at_most(device.kind == learn::DeviceKind::cpu ? cpu_group : gpu_group, tile_px());
    }
    std::int64_t n_groups(std::int64_t n_tiles) const {
        return (n_tiles + group_size() - 1) / group_size();
    }
    at::Tensor empty_tiles(std::int64_t n) const {
        return at::empty({n, n_channels, edge_px, edge_px});
    }

    /// Puts tiles, from the first on, into memory.
    using Take = std::function<void(std::int64_t first, std::span<float> tiles)>;

    /// Logits of tiles first .. first + n - 1 of a group, and anything for the others.
    at::Tensor score(std::int64_t first, std::int64_t n, const Take& take) const {
        const auto take_some = [&](std::int64_t done, const at::Tensor& tiles) {
            const std::int64_t n_some = std::clamp<std::int64_t>(n - done, 0, tiles.size(0));
            tiles.slice(0, n_some).zero_();
            take(first + done,
                 {tiles.mutable_data_ptr<float>(), static_cast<std::size_t>(n_some * tile_size())});
        };
        if (device.kind != learn::DeviceKind::cpu) {
            const at::Tensor tiles = empty_tiles(group_size());
            take_some(0, tiles);
            return pass->logits(pass->features(tiles.to(learn::torch_device(device))));
        }
        const std::int64_t batch = std::min(pass->batch_size(), group_size());
        const at::Tensor tiles = empty_tiles(batch);
        const at::Tensor features = pass->empty_features(group_size());
        std::int64_t done = 0;
        for (; done < n; done += batch) {
            const std::int64_t here = std::min(batch, group_size() - done);
            take_some(done, tiles.narrow(0, 0, here));
            features.narrow(0, done, here).copy_(pass->features(tiles.narrow(0, 0, here)));
        }
        features.slice(0, std::min(done, group_size())).zero_();
        return pass->logits(features);
    }

    /// Does something with each of n things; n_at_once at the same time.
    static void for_all(int n_at_once,
                        std::int64_t n,
                        const std::function<void(std::int64_t i)>& work) {
        base::parallel_for(n_at_once, static_cast<std::size_t>(n), [&](std::size_t i) {
            // Of the calling thread: LibTorch's operations must not share their work with others.
            at::set_num_threads(1);
            const c10::InferenceMode inference;
            work(static_cast<std::int64_t>(i));
        });
    }

    /// @param score_group  gives the logits of a group.
    std::vector<float> logits_of_groups(
        std::int64_t n_tiles,
        int n_at_once,
        const std::function<at::Tensor(std::int64_t first, std::int64_t n)>& score_group) const {
        std::vector<float> all(static_cast<std::size_t>(n_tiles * n_rules));
        for_all(n_at_once, n_groups(n_tiles), [&](std::int64_t group) {
            const std::int64_t first = group * group_size();
            const std::int64_t n = std::min(group_size(), n_tiles - first);
            const at::Tensor some = score_group(first, n).to(c10::DeviceType::CPU);
            std::copy_n(some.const_data_ptr<float>(), n * n_rules, all.data() + first * n_rules);
        });
        return all;
    }

    std::vector<float> logits(std::int64_t n_tiles, int n_at_once, const Take& take) const {
        return logits_of_groups(n_tiles, n_at_once, [&](std::int64_t first, std::int64_t n) {
            return score(first, n, take);
        });
    }

    /// Tiles side by side.
    struct PlacedRegion {
        std::int64_t row;
        std::int64_t col;
        Region size;
    };

    /// Cuts an edge of a grid into pieces of tiles that lie side by side; the last tile may overlap
    /// the one before it and then stands alone.
    ///
    /// @return  first tile of each piece, and where the last ends.
    std::vector<std::int64_t> cut_edge(std::int64_t n_tiles, bool is_last_moved) const {
        const std::int64_t across = std::max<std::int64_t>(1, region_px / tile_px());
        const std::int64_t n_regular = n_tiles - (is_last_moved ? 1 : 0);
        std::vector<std::int64_t> cuts;
        for (std::int64_t first = 0; first < n_regular; first += across) {
            cuts.push_back(first);
        }
        if (is_last_moved) {
            cuts.push_back(n_regular);
        }
        cuts.push_back(n_tiles);
        return cuts;
    }

    std::vector<PlacedRegion> regions_of(const tile::TileGrid& grid) const {
        const std::vector<std::int64_t> rows =
            cut_edge(grid.n_rows(), grid.is_moved(grid.tile(grid.n_rows() - 1, 0)));
        const std::vector<std::int64_t> cols =
            cut_edge(grid.n_cols(), grid.is_moved(grid.tile(0, grid.n_cols() - 1)));
        std::vector<PlacedRegion> regions;
        for (std::size_t j = 0; j + 1 < rows.size(); ++j) {
            for (std::size_t i = 0; i + 1 < cols.size(); ++i) {
                regions.push_back(
                    {rows[j], cols[i], {rows[j + 1] - rows[j], cols[i + 1] - cols[i]}});
            }
        }
        return regions;
    }

    /// Of a field whose tiles share their margins.
    ///
    /// @param scale  a window of the field with its margin.
    std::vector<float> logits_of_regions(
        const tile::TileGrid& grid,
        int n_at_once,
        const std::function<void(const image::WideWindow& window, std::span<float> pixels)>& scale)
        const {
        const at::Tensor features = pass->empty_features(n_groups(grid.count()) * group_size());
        features.slice(0, grid.count()).zero_();
        const std::vector<PlacedRegion> regions = regions_of(grid);
        for_all(n_at_once, std::ssize(regions), [&](std::int64_t i) {
            const PlacedRegion& region = regions[static_cast<std::size_t>(i)];
            const image::FieldWindow covered{.x0 = grid.first_col(region.col),
                                             .y0 = grid.first_row(region.row),
                                             .cols = region.size.n_cols * tile_px(),
                                             .rows = region.size.n_rows * tile_px()};
            const image::WideWindow window = image::with_margin(covered, margin_px);
            const at::Tensor pixels = at::empty({1, 1, window.rows, window.cols});
            scale(window,
                  {pixels.mutable_data_ptr<float>(), static_cast<std::size_t>(pixels.numel())});
            const at::Tensor some = pass->features(pixels, region.size);
            for (std::int64_t down = 0; down < region.size.n_rows; ++down) {
                features
                    .narrow(0, grid.tile(region.row + down, region.col).value(), region.size.n_cols)
                    .copy_(some.narrow(0, down * region.size.n_cols, region.size.n_cols));
            }
        });
        return logits_of_groups(grid.count(), n_at_once, [&](std::int64_t first, std::int64_t) {
            return pass->logits(features.narrow(0, first, group_size()));
        });
    }
};

Classifier::Classifier(const learn::Model& model,
                       learn::Device device,
                       int n_threads,
                       learn::Precision precision) {
    const learn::Network& network = learn::find_network(model.network);
    const learn::SampleLayout layout = network.sample_layout(model.tile_px);
    state_.reset(
        new State{.scaling = model.scaling,
                  .n_channels = layout.n_channels,
                  .margin_px = layout.margin_px,
                  .edge_px = model.tile_px + 2 * layout.margin_px,
                  .device = device,
                  .n_threads = device.kind == learn::DeviceKind::cpu ? std::max(1, n_threads) : 1,
                  .precision = precision,
                  .n_rules = network.n_rules(model.tensors)});
    state_->pass = make_forward_pass(network, model.tensors,
                                     {.device = device,
                                      .precision = precision,
                                      .tile_px = model.tile_px,
                                      .group_size = state_->group_size()});
#ifdef FAINTWEB_CUDA
    if (device.kind == learn::DeviceKind::cuda) {
        state_->gpu = std::make_unique<cuda::GpuFields>(
            cuda::GpuFields::Settings{.scaling = model.scaling,
                                      .margin_px = layout.margin_px,
                                      .tile_px = model.tile_px,
                                      .batch_size = state_->group_size(),
                                      .gpu = device.index},
            *state_->pass);
    }
#endif
}
Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;

std::vector<float> Classifier::logits(std::span<const float> tiles) const {
    const std::int64_t tile_size = state_->tile_size();
    FAINTWEB_EXPECTS(std::ssize(tiles) % tile_size == 0);
    return state_->logits(std::ssize(tiles) / tile_size, state_->n_threads,
                          [&](std::int64_t first, std::span<float> some) {
                              std::copy_n(tiles.data() + first * tile_size, some.size(),
                                          some.data());
                          });
}

FieldAnswer Classifier::classify(const image::Image& wide,
                                 const tile::TileGrid& grid,
                                 const tile::LocalNoise& noise,
                                 int n_threads) const {
    FAINTWEB_EXPECTS(state_->n_channels == 1);
    const std::int64_t margin_px = state_->margin_px;
    base::Stopwatch stopwatch;
    tile::FieldNumbers numbers = tile::field_numbers(wide, grid, margin_px);
    tile::FieldStatistics& statistics = numbers.statistics;
    statistics.noise = noise;
    FieldAnswer answer;
    answer.robust = statistics.robust;
    answer.sums = std::move(numbers.sums);
    answer.numbers_s = stopwatch.lap();
#ifdef FAINTWEB_CUDA
    if (state_->gpu != nullptr) {
        answer.logits = state_->gpu->logits(wide, grid, statistics);
        answer.network_s = stopwatch.lap();
        return answer;
    }
#endif
    if (state_->pass->can_share_margins()) {
        answer.logits = state_->logits_of_regions(
            grid, n_threads, [&](const image::WideWindow& window, std::span<float> pixels) {
                tile::scale_window(wide, window, state_->scaling, statistics, pixels);
            });
    } else {
        answer.logits = state_->logits(
            grid.count(), n_threads, [&](std::int64_t first, std::span<float> tiles) {
                tile::scale_tiles(wide, grid, margin_px, state_->scaling, statistics,
                                  tile::TileId(first), tiles);
            });
    }
    answer.network_s = stopwatch.lap();
    return answer;
}

std::vector<float> Classifier::scores(std::span<const float> tiles) const {
    return scores_of_logits(logits(tiles));
}

learn::Device Classifier::device() const {
    return state_->device;
}

learn::Precision Classifier::precision() const {
    return state_->precision;
}

}  // namespace faintweb::infer
