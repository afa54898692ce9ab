// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/training_step.h"

#include <cmath>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/learn/autograd_step.h"
#include "lib/learn/shared_weights_step.h"

namespace faintweb::learn {
namespace {

void check_settings(const TrainSettings& settings) {
    const auto refuse = [](const char* what, auto value, const char* range) {
        throw base::UsageError(base::text(what, " ", value, " is out of range (", range,
                                          "); choose a value in that range"));
    };
    if (!(settings.learning_rate > 0 && std::isfinite(settings.learning_rate))) {
        refuse("learning rate", settings.learning_rate, "it must be above 0");
    }
    if (!(settings.dropout_keep > 0 && settings.dropout_keep <= 1)) {
        refuse("the part kept by dropout", settings.dropout_keep, "above 0, at most 1");
    }
}

}  // namespace

void orient_tile(std::span<const float> tile,
                 int tile_px,
                 unsigned orientation,
                 std::span<float> out) {
    const auto n = static_cast<std::size_t>(tile_px);
    FAINTWEB_EXPECTS(tile.size() == n * n && out.size() == n * n && orientation < 8);
    for (std::size_t r = 0; r < n; ++r) {
        const std::size_t row = (orientation & 2U) != 0 ? n - 1 - r : r;
        for (std::size_t c = 0; c < n; ++c) {
            const std::size_t col = (orientation & 1U) != 0 ? n - 1 - c : c;
            const float value = tile[r * n + c];
            out[(orientation & 4U) != 0 ? col * n + row : row * n + col] = value;
        }
    }
}

TrainingStep::TrainingStep(const TrainSettings& settings,
                           int tile_px,
                           Device device,
                           int n_threads,
                           SharedMemory* shared,
                           Heads heads) {
    FAINTWEB_EXPECTS(heads.n_rules <= max_rules);
    FAINTWEB_EXPECTS(shared == nullptr || device.kind == DeviceKind::cpu);
    check_settings(settings);
    n_threads = std::max(1, n_threads);
    if (shared != nullptr) {
        step_ = SharedWeightsStep::make(settings, tile_px, n_threads, heads, *shared);
    }
    if (step_ == nullptr) {
        step_ = std::make_unique<AutogradStep>(settings, tile_px, device, n_threads, heads);
    }
    step_->begin();
}
TrainingStep::~TrainingStep() = default;
TrainingStep::TrainingStep(TrainingStep&&) noexcept = default;
TrainingStep& TrainingStep::operator=(TrainingStep&&) noexcept = default;

TrainingStep::Sum TrainingStep::accumulate(std::span<const float> samples,
                                           std::span<const std::uint8_t> labels,
                                           std::span<const SampleKey> keys,
                                           std::int64_t global_batch,
                                           const OnReady& on_ready) {
    return step_->accumulate(samples, labels, keys, global_batch, on_ready);
}

std::span<float> TrainingStep::gradients() {
    return step_->gradients();
}

Device TrainingStep::device() const {
    return step_->device();
}

void TrainingStep::apply(double learning_rate) {
    step_->apply(learning_rate);
}

bool TrainingStep::is_shared() const {
    return step_->is_shared();
}

StepTimes TrainingStep::times() const {
    return step_->times();
}

std::vector<Tensor> TrainingStep::weights() const {
    return step_->weights();
}

TrainingStep::Checkpoint TrainingStep::checkpoint() const {
    return step_->checkpoint();
}

void TrainingStep::restore(const Checkpoint& checkpoint) {
    step_->restore(checkpoint);
}

}  // namespace faintweb::learn
