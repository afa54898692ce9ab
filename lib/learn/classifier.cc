#include "lib/learn/classifier.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"
#include "lib/base/stopwatch.h"
#ifdef FAINTWEB_CUDA
#include "lib/learn/cuda/gpu_fields.h"
#endif
#include "lib/learn/torch_network.h"

namespace faintweb::learn {
namespace {

/// Tiles per batch: on a CPU what was fastest per core (activations of larger batches leave the
/// cache), on a GPU enough to fill it.
constexpr std::int64_t cpu_batch = 125;
constexpr std::int64_t gpu_batch = 2500;

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
#ifdef FAINTWEB_CUDA
    std::unique_ptr<cuda::GpuFields> gpu{};
#endif

    std::int64_t batch_size() const {
        return device.kind == DeviceKind::cpu ? cpu_batch : gpu_batch;
    }

    at::Tensor score(const at::Tensor& tiles) const {
#ifdef FAINTWEB_CUDA
        if (gpu != nullptr) {
            return gpu->forward(tiles);
        }
#endif
        return forward(trunk, weights, tiles);
    }

    /// @param tiles   [n, tile_px, tile_px], 1 <= n <= batch_size().
    /// @param logits  [n, n_rules].
    void classify_batch(std::span<const float> tiles, std::span<float> logits) const {
        // Of the calling thread: the operations below must not share their work with others.
        at::set_num_threads(1);
        const c10::InferenceMode inference;
        const std::int64_t n = std::ssize(logits) / n_rules;
        at::Tensor batch = at::from_blob(const_cast<float*>(tiles.data()), {n, edge_px, edge_px});
        if (n < batch_size()) {
            // Another batch size may take another kernel, with other rounding.
            at::Tensor padded = at::zeros({batch_size(), edge_px, edge_px});
            padded.narrow(0, 0, n).copy_(batch);
            batch = padded;
        }
        const at::Tensor odds = odds_of(score(batch.to(torch_device))).to(c10::DeviceType::CPU);
        std::copy_n(odds.const_data_ptr<float>(), n * n_rules, logits.data());
    }

    std::vector<float> logits(std::span<const float> tiles, int n_at_once) const {
        const auto tile_size = static_cast<std::size_t>(edge_px * edge_px);
        FAINTWEB_EXPECTS(tiles.size() % tile_size == 0);
        const std::size_t n_tiles = tiles.size() / tile_size;
        const auto batch = static_cast<std::size_t>(batch_size());
        const auto n_answers = static_cast<std::size_t>(n_rules);
        std::vector<float> logits(n_tiles * n_answers);
        base::parallel_for(n_at_once, (n_tiles + batch - 1) / batch, [&](std::size_t b) {
            const std::size_t first = b * batch;
            const std::size_t n = std::min(batch, n_tiles - first);
            classify_batch(tiles.subspan(first * tile_size, n * tile_size),
                           std::span(logits).subspan(first * n_answers, n * n_answers));
        });
        return logits;
    }
};

Classifier::Classifier(const Model& model, Device device, int n_threads, Precision precision) {
    const std::int64_t margin_px = network_info(model.network, model.tile_px).margin_px;
    state_.reset(new State{.trunk = trunk_of(model.network),
                           .scaling = model.scaling,
                           .margin_px = margin_px,
                           .edge_px = model.tile_px + 2 * margin_px,
                           .device = device,
                           .torch_device = torch_device(device),
                           .n_threads = device.kind == DeviceKind::cpu ? std::max(1, n_threads) : 1,
                           .precision = precision,
                           .n_rules = model.tensors.back().shape.front() / 2,
                           .weights = weights_on(torch_device(device), model.tensors, precision)});
#ifdef FAINTWEB_CUDA
    if (device.kind == DeviceKind::cuda) {
        state_->gpu = std::make_unique<cuda::GpuFields>(
            cuda::GpuFields::Settings{.trunk = state_->trunk,
                                      .scaling = model.scaling,
                                      .margin_px = margin_px,
                                      .tile_px = model.tile_px,
                                      .batch_size = state_->batch_size(),
                                      .gpu = device.index},
            state_->weights);
    }
#endif
}
Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;

std::vector<float> Classifier::logits(std::span<const float> tiles) const {
    return state_->logits(tiles, state_->n_threads);
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
    const tile::ScaledField scaled = tile::scale_field(wide, state_->scaling, statistics);
    const std::vector<float> tiles =
        tile::cut_tiles(scaled.pixels, grid, scaled.blank_value, margin_px);
    answer.scaling_s = stopwatch.lap();
    answer.logits = state_->logits(tiles, n_threads);
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
