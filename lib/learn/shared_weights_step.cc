// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/shared_weights_step.h"

#include <algorithm>
#include <bit>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>

#include "lib/base/contract.h"
#include "lib/base/stopwatch.h"

namespace faintweb::learn {
namespace {

/// A tensor to be placed in shared memory.
struct Placed {
    at::Tensor& tensor;
    std::vector<std::int64_t> sizes;
    c10::ScalarType type;

    std::size_t n_bytes() const {
        constexpr std::size_t line = 64;
        const auto n = static_cast<std::size_t>(c10::multiply_integers(sizes));
        return (n * c10::elementSize(type) + line - 1) / line * line;
    }
};

}  // namespace

std::unique_ptr<SharedWeightsStep> SharedWeightsStep::make(
    const TrainSettings& settings, int tile_px, int n_threads, Heads heads, SharedMemory& memory) {
    std::unique_ptr<SharedWeightsStep> step(
        new SharedWeightsStep(settings, tile_px, n_threads, heads, memory));
    return step->share() ? std::move(step) : nullptr;
}

SharedWeightsStep::SharedWeightsStep(
    const TrainSettings& settings, int tile_px, int n_threads, Heads heads, SharedMemory& memory)
    : AutogradStep(settings, tile_px, Device{}, n_threads, heads), memory_(memory) {
    const int n_parts = memory.n_parts();
    const std::int64_t max_tiles = (settings.batch_size + n_parts - 1) / n_parts;
    const std::int64_t micro_batch =
        settings.micro_batch > 0 ? std::int64_t{settings.micro_batch} : max_tiles;
    max_chunks_ = (max_tiles + micro_batch - 1) / micro_batch;
    if (factored_n_ > 0) {
        rows_ = batch_part(factored_shape().shape.front(), memory.part(), n_parts);
    }
}

bool SharedWeightsStep::share() {
    constexpr auto fp32 = c10::ScalarType::Float;
    std::vector<Placed> wanted{{weights_, {info_.n_parameters}, fp32},
                               {first_moment_, {info_.n_parameters}, fp32},
                               {second_moment_, {info_.n_parameters}, fp32}};
    if (factored_n_ > 0) {
        const std::vector<std::int64_t>& shape = factored_shape().shape;
        wanted.push_back(
            {pre_activation_grads_, {settings_.batch_size, shape.front()}, product_type()});
        wanted.push_back({features_, {settings_.batch_size, shape.back()}, product_type()});
        if (settings_.precision == Precision::bf16) {
            wanted.push_back({factored_weights_, shape, product_type()});
        }
    }
    wanted.push_back({others_, {memory_.n_parts() * max_chunks_, n_gradients()}, fp32});
    std::size_t n_bytes = 0;
    for (const Placed& each : wanted) {
        n_bytes += each.n_bytes();
    }
    std::span<std::byte> left = memory_.allocate(n_bytes);
    if (left.empty()) {
        return false;
    }
    for (const Placed& each : wanted) {
        each.tensor = at::from_blob(left.data(), each.sizes, each.type);
        left = left.subspan(each.n_bytes());
    }
    return true;
}

std::vector<AutogradStep::Block> SharedWeightsStep::cut_blocks() {
    const std::int64_t n_behind = n_gradients() - factored_first_;
    std::vector<Block> blocks;
    if (memory_.part() == 0) {
        blocks.push_back({0, factored_first_, trunk_gradients_});
        if (n_behind > 0) {
            blocks.push_back({factored_first_ + factored_n_, n_behind, dense_gradients_});
        }
    }
    if (factored_n_ == 0) {
        return blocks;
    }
    // Of a size that divides the rows of up to 16 processes: products of other sizes may be rounded
    // otherwise.
    constexpr std::int64_t most_parts = 16;
    constexpr std::int64_t most = std::int64_t{1} << 18;
    const std::int64_t n_features = factored_shape().shape.back();
    const std::int64_t n_rows = std::max(
        std::int64_t{1},
        std::min(static_cast<std::int64_t>(std::bit_floor(
                     static_cast<std::uint64_t>(std::max(std::int64_t{1}, most / n_features)))),
                 factored_shape().shape.front() / most_parts));
    const at::Tensor scratch = at::empty({n_rows, n_features});
    rounded_gradient_ = at::empty({n_rows, n_features}, product_type());
    const std::int64_t end = rows_.first + rows_.n;
    for (std::int64_t row = rows_.first; row < end; row += n_rows) {
        const std::int64_t n_here = std::min(n_rows, end - row);
        blocks.push_back({factored_first_ + row * n_features, n_here * n_features,
                          scratch.narrow(0, 0, n_here).flatten(),
                          pre_activation_grads_.narrow(1, row, n_here).t()});
    }
    return blocks;
}

void SharedWeightsStep::begin_part(std::int64_t n_tiles, std::int64_t n_batch) {
    const int n_parts = memory_.n_parts();
    const BatchPart part =
        batch_part(n_batch, memory_.part(), n_parts, grain_of(settings_, n_parts));
    FAINTWEB_EXPECTS(n_tiles == part.n && n_batch <= settings_.batch_size);
    n_batch_ = n_batch;
    next_ = part.first;
}

void SharedWeightsStep::begin_chunk() {
    gradients_.zero_();
}

void SharedWeightsStep::take_factors(const at::Tensor& grad, const at::Tensor& features) {
    base::Stopwatch watch;
    const std::int64_t n = grad.size(0);
    pre_activation_grads_.narrow(0, next_, n).copy_(grad);
    features_.narrow(0, next_, n).copy_(features);
    next_ += n;
    times_.sharing_s += watch.lap();
}

void SharedWeightsStep::end_chunk() {
    base::Stopwatch watch;
    FAINTWEB_EXPECTS(n_chunks_ < max_chunks_);
    own_others(n_chunks_++, 1).copy_(gradients_);
    times_.sharing_s += watch.lap();
}

at::Tensor SharedWeightsStep::own_others(std::int64_t first, std::int64_t n) const {
    return others_.narrow(0, memory_.part() * max_chunks_ + first, n);
}

/// When all processes have shared what they have, gradients can be made of it.
void SharedWeightsStep::begin_apply() {
    base::Stopwatch watch;
    own_others(n_chunks_, max_chunks_ - n_chunks_).zero_();
    n_chunks_ = 0;
    memory_.meet();
    if (memory_.part() == 0) {
        // One by one, in the order of the batch: so the sum does not depend on who had what.
        gradients_.zero_();
        for (std::int64_t chunk = 0; chunk < others_.size(0); ++chunk) {
            gradients_.add_(others_.select(0, chunk));
        }
    }
    times_.sharing_s += watch.lap();
}

void SharedWeightsStep::make_gradients(const Block& block) {
    const std::int64_t n_rows = block.pre_activation_grads.size(0);
    at::Tensor exact = block.gradients.view({n_rows, -1});
    const at::Tensor grads = block.pre_activation_grads.narrow(1, 0, n_batch_);
    const at::Tensor features = features_.narrow(0, 0, n_batch_);
    if (settings_.precision == Precision::fp32) {
        at::mm_out(exact, grads, features);
    } else {
        at::Tensor rounded = rounded_gradient_.narrow(0, 0, n_rows);
        exact.copy_(at::mm_out(rounded, grads, features));
    }
}

void SharedWeightsStep::end_apply() {
    base::Stopwatch watch;
    n_batch_ = 0;
    memory_.meet();
    times_.sharing_s += watch.lap();
}

void SharedWeightsStep::begin_restore() {
    memory_.meet();  // nobody reads what is there any more
    n_batch_ = 0;
    n_chunks_ = 0;
}

void SharedWeightsStep::end_restore() {
    memory_.meet();
}

}  // namespace faintweb::learn
