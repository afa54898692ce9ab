// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/training_batch.h"

#include <algorithm>

#include <ATen/ops/empty.h>

#include "lib/base/parallel.h"
#include "lib/base/random.h"

namespace faintweb::learn {
namespace {

/// [n_dropout] of 0 and 1 / keep, so that the mean of the layer stays what it is without dropout.
void draw_dropout(const SampleKey& key, double keep, std::span<float> mask) {
    base::RandomStream stream(key.seed, base::Purpose::dropout, key.sample, key.epoch);
    for (float& factor : mask) {
        factor = stream.uniform() < static_cast<float>(keep) ? static_cast<float>(1 / keep) : 0.0F;
    }
}

}  // namespace

TrainingBatch make_training_batch(const NetworkInfo& info,
                                  int tile_px,
                                  const TrainSettings& settings,
                                  const Samples& samples,
                                  Device device,
                                  int n_threads) {
    const c10::Device place = torch_device(device);
    const auto type =
        settings.precision == Precision::bf16 ? c10::ScalarType::BFloat16 : c10::ScalarType::Float;
    const int edge_px = tile_px + 2 * info.margin_px;
    const auto n = static_cast<std::int64_t>(samples.labels.size());
    const at::Tensor input = at::empty({n, info.n_channels, edge_px, edge_px});
    const std::int64_t n_rules = info.heads.n_rules;
    const at::Tensor cells = at::empty({n, info.heads.n_thresholds, info.n_cells, info.n_cells});
    const at::Tensor target = at::empty({n, n_rules}, c10::ScalarType::Long);
    at::Tensor mask;
    if (info.n_dropout > 0 && settings.dropout_keep < 1) {
        mask = at::empty({n, info.n_dropout});
    }
    const auto sample_size = static_cast<std::size_t>(info.n_sample_values);
    const auto prepare_one = [&](std::size_t i) {
        unsigned orientation = 0;
        if (settings.augment) {
            base::RandomStream stream(samples.keys[i].seed, base::Purpose::augmentation,
                                      samples.keys[i].sample, samples.keys[i].epoch);
            orientation = stream.next_uint32() & 7U;
        }
        const std::span<const float> sample = samples.values.subspan(i * sample_size, sample_size);
        const auto orient = [&](std::size_t from, std::int64_t edge, std::int64_t n_images,
                                float* to) {
            const auto size = static_cast<std::size_t>(edge * edge);
            for (std::size_t image = 0; image < static_cast<std::size_t>(n_images); ++image) {
                orient_tile(sample.subspan(from + image * size, size), static_cast<int>(edge),
                            orientation, {to + image * size, size});
            }
        };
        const auto tile_size = static_cast<std::size_t>(info.n_tile_values());
        const std::size_t cells_size = sample_size - tile_size;
        orient(0, edge_px, info.n_channels, input.data_ptr<float>() + i * tile_size);
        orient(tile_size, info.n_cells, info.heads.n_thresholds,
               cells.data_ptr<float>() + i * cells_size);
        for (std::int64_t r = 0; r < n_rules; ++r) {
            target.data_ptr<std::int64_t>()[static_cast<std::int64_t>(i) * n_rules + r] =
                (samples.labels[i] >> r) & 1;
        }
        if (mask.defined()) {
            const auto size = static_cast<std::size_t>(info.n_dropout);
            draw_dropout(samples.keys[i], settings.dropout_keep,
                         {mask.data_ptr<float>() + i * size, size});
        }
    };
    // On a CPU it is little beside the rest, on a GPU it would be more.
    constexpr std::size_t n_together = 16;
    const int n_preparing = device.kind == DeviceKind::cpu ? 1 : n_threads;
    base::parallel_for(
        n_preparing, (samples.labels.size() + n_together - 1) / n_together, [&](std::size_t part) {
            const std::size_t end = std::min((part + 1) * n_together, samples.labels.size());
            for (std::size_t i = part * n_together; i < end; ++i) {
                prepare_one(i);
            }
        });
    return {.tiles = input.to(place, type),
            .labels = target.flatten().to(place),
            .cells = cells.to(place),
            .dropout_mask = mask.defined() ? mask.to(place) : mask,
            .cells_weight = settings.cells_weight,
            .n_rules = n_rules};
}

}  // namespace faintweb::learn
