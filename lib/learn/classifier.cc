#include "lib/learn/classifier.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"
#include "lib/base/stopwatch.h"
#include "lib/learn/cpu_trunk.h"
#ifdef FAINTWEB_CUDA
#include "lib/learn/cuda/gpu_fields.h"
#endif
#include "lib/learn/torch_network.h"

namespace faintweb::learn {
namespace {

/// Tiles that go through the convolutions at once on a CPU: what was fastest per core, activations
/// of more leave the cache.
constexpr std::int64_t cpu_batch = 125;
/// Tiles that go through the connected layers at once: their weights are read once for all of them.
constexpr std::int64_t cpu_group = 4 * cpu_batch;
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
    Trunk trunk;
    tile::Scaling scaling;
    std::int64_t margin_px;
    std::int64_t edge_px;  ///< of a tile with its margin
    Device device;
    c10::Device torch_device;
    int n_threads;
    Precision precision;
    std::int64_t n_rules;
    std::vector<at::Tensor> weights{};
    std::unique_ptr<CpuTrunk> cpu_trunk{};
#ifdef FAINTWEB_CUDA
    std::unique_ptr<cuda::GpuFields> gpu{};
#endif

    std::int64_t group_size() const {
        return at_most(device.kind == DeviceKind::cpu ? cpu_group : gpu_group,
                       edge_px - 2 * margin_px);
    }

    /// Class scores of the first n tiles of a group, and anything for the others.
    at::Tensor score(const at::Tensor& tiles, std::int64_t n) const {
#ifdef FAINTWEB_CUDA
        if (gpu != nullptr) {
            return gpu->forward(tiles.to(torch_device));
        }
#endif
        const std::int64_t batch = std::min(cpu_batch, group_size());
        at::Tensor features;
        for (std::int64_t first = 0; first < n; first += batch) {
            const std::int64_t here = std::min(batch, group_size() - first);
            const at::Tensor some = cpu_trunk->features(tiles.narrow(0, first, here));
            if (!features.defined()) {
                features = at::empty({group_size(), some.size(1)}, some.options());
            }
            features.narrow(0, first, here).copy_(some);
        }
        features.slice(0, std::min(group_size(), (n + batch - 1) / batch * batch)).zero_();
        return connect(weights, features);
    }

    /// @param take  puts tiles, from the first on, into memory.
    std::vector<float> logits(
        std::int64_t n_tiles,
        int n_at_once,
        const std::function<void(std::int64_t first, std::span<float> tiles)>& take) const {
        std::vector<float> all(static_cast<std::size_t>(n_tiles * n_rules));
        const std::int64_t n_groups = (n_tiles + group_size() - 1) / group_size();
        base::parallel_for(n_at_once, static_cast<std::size_t>(n_groups), [&](std::size_t group) {
            // Of the calling thread: the operations below must not share their work with others.
            at::set_num_threads(1);
            const c10::InferenceMode inference;
            const std::int64_t first = static_cast<std::int64_t>(group) * group_size();
            const std::int64_t n = std::min(group_size(), n_tiles - first);
            // A group is always whole: another size may take another kernel, with other rounding.
            const at::Tensor tiles = at::empty({group_size(), edge_px, edge_px});
            tiles.slice(0, n).zero_();
            take(
                first,
                {tiles.mutable_data_ptr<float>(), static_cast<std::size_t>(n * edge_px * edge_px)});
            const at::Tensor odds = odds_of(score(tiles, n)).to(c10::DeviceType::CPU);
            std::copy_n(odds.const_data_ptr<float>(), n * n_rules, all.data() + first * n_rules);
        });
        return all;
    }
};

Classifier::Classifier(const Model& model, Device device, int n_threads, Precision precision) {
    const std::int64_t margin_px = network_info(model.network, model.tile_px).margin_px;
    state_.reset(new State{
        .trunk = trunk_of(model.network),
        .scaling = model.scaling,
        .margin_px = margin_px,
        .edge_px = model.tile_px + 2 * margin_px,
        .device = device,
        .torch_device = torch_device(device),
        .n_threads = device.kind == DeviceKind::cpu ? std::max(1, n_threads) : 1,
        .precision = precision,
        .n_rules = model.tensors.back().shape.front() / 2,
        .weights =
            weights_on(torch_device(device), trunk_of(model.network), model.tensors, precision)});
    if (device.kind == DeviceKind::cpu) {
        state_->cpu_trunk =
            std::make_unique<CpuTrunk>(state_->trunk, state_->weights, state_->edge_px);
    }
#ifdef FAINTWEB_CUDA
    if (device.kind == DeviceKind::cuda) {
        state_->gpu = std::make_unique<cuda::GpuFields>(
            cuda::GpuFields::Settings{.trunk = state_->trunk,
                                      .scaling = model.scaling,
                                      .margin_px = margin_px,
                                      .tile_px = model.tile_px,
                                      .batch_size = state_->group_size(),
                                      .gpu = device.index},
            state_->weights);
    }
#endif
}
Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;

std::vector<float> Classifier::logits(std::span<const float> tiles) const {
    const std::int64_t tile_size = state_->edge_px * state_->edge_px;
    FAINTWEB_EXPECTS(std::ssize(tiles) % tile_size == 0);
    return state_->logits(std::ssize(tiles) / tile_size,
                          state_->n_threads,
                          [&](std::int64_t first, std::span<float> some) {
                              std::copy_n(
                                  tiles.data() + first * tile_size, some.size(), some.data());
                          });
}

FieldAnswer Classifier::classify(const image::Image& wide,
                                 const tile::TileGrid& grid,
                                 int n_threads) const {
#ifdef FAINTWEB_CUDA
    if (state_->gpu != nullptr) {
        base::Stopwatch stopwatch;
        FieldAnswer answer = state_->gpu->classify(wide, grid);
        answer.network_s = stopwatch.lap();
        return answer;
    }
#endif
    const std::int64_t margin_px = state_->margin_px;
    base::Stopwatch stopwatch;
    const tile::FieldStatistics statistics = tile::field_statistics(wide, margin_px);
    FieldAnswer answer;
    answer.robust = statistics.robust;
    answer.statistics_s = stopwatch.lap();
    answer.logits =
        state_->logits(grid.count(), n_threads, [&](std::int64_t first, std::span<float> tiles) {
            tile::scale_tiles(wide, grid, margin_px, state_->scaling, statistics, first, tiles);
        });
    answer.network_s = stopwatch.lap();
    answer.sums = tile::sum_tiles(wide, grid, margin_px);
    answer.sums_s = stopwatch.lap();
    return answer;
}

std::vector<float> Classifier::scores(std::span<const float> tiles) const {
    return scores_of_logits(logits(tiles));
}

Device Classifier::device() const {
    return state_->device;
}

Precision Classifier::precision() const {
    return state_->precision;
}

}  // namespace faintweb::learn
