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
    std::int64_t edge_px;  ///< of a tile with its margin
    Device device;
    c10::Device torch_device;
    int n_threads;
    std::vector<at::Tensor> weights;
    std::int64_t n_rules = 0;

    std::int64_t batch_size() const {
        return device.kind == DeviceKind::cpu ? cpu_batch : gpu_batch;
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
        const at::Tensor output =
            forward(trunk, weights, batch.to(torch_device)).view({batch_size(), n_rules, 2});
        const at::Tensor odds =
            output.select(2, 1).sub(output.select(2, 0)).to(c10::DeviceType::CPU).contiguous();
        std::copy_n(odds.const_data_ptr<float>(), n * n_rules, logits.data());
    }
};

Classifier::Classifier(const Model& model, Device device, int n_threads)
    : state_(new State{trunk_of(model.network),
                       model.tile_px + 2 * network_info(model.network, model.tile_px).margin_px,
                       device,
                       torch_device(device),
                       device.kind == DeviceKind::cpu ? std::max(1, n_threads) : 1,
                       {}}) {
    for (const Tensor& tensor : model.tensors) {
        state_->weights.push_back(
            at::from_blob(const_cast<float*>(tensor.values.data()), tensor.shape)
                .clone()
                .to(state_->torch_device));
    }
    state_->n_rules = model.tensors.back().shape.front() / 2;
}
Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;

std::vector<float> Classifier::logits(std::span<const float> tiles) const {
    const auto tile_size = static_cast<std::size_t>(state_->edge_px * state_->edge_px);
    FAINTWEB_EXPECTS(tiles.size() % tile_size == 0);
    const std::size_t n_tiles = tiles.size() / tile_size;
    const auto batch = static_cast<std::size_t>(state_->batch_size());
    const auto n_rules = static_cast<std::size_t>(state_->n_rules);
    std::vector<float> logits(n_tiles * n_rules);
    base::parallel_for(state_->n_threads, (n_tiles + batch - 1) / batch, [&](std::size_t b) {
        const std::size_t first = b * batch;
        const std::size_t n = std::min(batch, n_tiles - first);
        state_->classify_batch(tiles.subspan(first * tile_size, n * tile_size),
                               std::span(logits).subspan(first * n_rules, n * n_rules));
    });
    return logits;
}

std::vector<float> Classifier::scores(std::span<const float> tiles) const {
    return scores_of_logits(logits(tiles));
}

Device Classifier::device() const {
    return state_->device;
}

}  // namespace faintweb::learn
