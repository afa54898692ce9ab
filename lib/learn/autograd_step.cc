// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/autograd_step.h"

#include <algorithm>
#include <utility>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/stopwatch.h"
#include "lib/base/text.h"
#include "lib/learn/training_batch.h"

namespace faintweb::learn {
namespace {

std::vector<float> to_vector(const at::Tensor& flat) {
    const at::Tensor host = flat.to(c10::DeviceType::CPU).contiguous();
    const float* data = host.const_data_ptr<float>();
    return {data, data + host.numel()};
}

at::Tensor as_tensor(const std::vector<float>& values) {
    return at::from_blob(const_cast<float*>(values.data()),
                         {static_cast<std::int64_t>(values.size())});
}

}  // namespace

AutogradStep::AutogradStep(
    const TrainSettings& settings, int tile_px, Device device, int n_threads, Heads heads)
    : settings_(settings),
      network_(find_network(settings.network)),
      info_(network_info(settings.network, tile_px, heads)),
      shapes_(learn::weight_shapes(settings.network, tile_px, heads)),
      device_(torch_device(device)),
      tile_px_(tile_px),
      n_threads_(n_threads),
      place_(device) {
    const std::string factored = network_.factored_layer() + ".weight";
    for (; factored_number_ < shapes_.size(); ++factored_number_) {
        const WeightShape& weight = shapes_[factored_number_];
        if (weight.name == factored) {
            factored_n_ = n_values(weight);
            break;
        }
        factored_first_ += n_values(weight);
    }
}

void AutogradStep::begin() {
    allocate();
    const at::TensorOptions fp32 = at::TensorOptions(c10::ScalarType::Float).device(device_);
    gradients_ = at::zeros({n_gradients()}, fp32);
    n_steps_ = at::zeros({}, fp32);
    make_parameters();
    trunk_gradients_ = gradients_.narrow(0, 0, factored_first_);
    dense_gradients_ = gradients_.narrow(0, factored_first_, gradients_.numel() - factored_first_);
    blocks_ = cut_blocks();
    TrainingStep::Checkpoint start;
    for (const Tensor& tensor :
         random_weights(settings_.network, tile_px_, settings_.seed, info_.heads)) {
        start.weights.insert(start.weights.end(), tensor.values.begin(), tensor.values.end());
    }
    start.first_moment.resize(start.weights.size());
    start.second_moment.resize(start.weights.size());
    restore(start);
}

void AutogradStep::allocate() {
    const at::TensorOptions fp32 = at::TensorOptions(c10::ScalarType::Float).device(device_);
    weights_ = at::empty({info_.n_parameters}, fp32);
    first_moment_ = at::empty({info_.n_parameters}, fp32);
    second_moment_ = at::empty({info_.n_parameters}, fp32);
    if (settings_.precision == Precision::bf16 && factored_n_ > 0) {
        const auto bf16 = fp32.dtype(c10::ScalarType::BFloat16);
        factored_weights_ = at::empty(factored_shape().shape, bf16);
        rounded_gradient_ = at::empty(factored_shape().shape, bf16);
    }
}

void AutogradStep::make_parameters() {
    std::int64_t first_gradient = 0;
    for (const at::Tensor& view : views(weights_, shapes_)) {
        at::Tensor leaf = view.detach();
        leaf.set_requires_grad(true);
        if (parameters_.size() != factored_number_ || has_factored_gradient()) {
            leaf.mutable_grad() =
                gradients_.narrow(0, first_gradient, view.numel()).view(view.sizes());
            first_gradient += view.numel();
        }
        parameters_.push_back(leaf);
    }
    if (settings_.precision == Precision::fp32 && factored_n_ > 0) {
        factored_weights_ = parameters_[factored_number_].detach();
    }
}

std::vector<AutogradStep::Block> AutogradStep::cut_blocks() {
    const std::int64_t n = weights_.numel();
    const std::int64_t most = device_.is_cpu() ? std::int64_t{1} << 18 : n;
    std::vector<Block> blocks;
    for (std::int64_t first = 0; first < n; first += most) {
        const std::int64_t n_here = std::min(most, n - first);
        blocks.push_back({first, n_here, gradients_.narrow(0, first, n_here)});
    }
    return blocks;
}

void AutogradStep::begin_part(std::int64_t, std::int64_t) {}

TrainingStep::Sum AutogradStep::accumulate_chunk(const TrainingBatch& batch,
                                                 std::int64_t global_batch,
                                                 const TrainingStep::OnReady& on_ready) {
    base::Stopwatch watch;
    begin_chunk();
    NamedWeights operands;
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
        operands.add(shapes_[i].name,
                     i == factored_number_ ? factored_weights_ : parameters_[i].to(product_type()));
    }
    const TrainingOutput output = network_.forward(operands, batch);
    times_.forward_s += watch.lap();

    const auto n_global = static_cast<double>(global_batch);
    const at::Tensor cell_loss =
        output.cell_loss.defined() ? output.cell_loss.div(n_global) : at::Tensor();
    at::Tensor feature_grad;
    if (factored_n_ > 0) {
        backward_to_factors(output, n_global, on_ready);
        watch.lap();
        feature_grad = at::mm(output.pre_activation.grad(), factored_weights_);
    }
    TrainingStep::Sum sum{output.label_loss.item<double>(), output.n_right.item<std::int64_t>()};
    if (feature_grad.defined() && !cell_loss.defined()) {
        output.features.backward(feature_grad);
    } else {
        // One pass for both: the sum over the features has feature_grad as its gradient.
        const at::Tensor loss = feature_grad.defined() ? output.features.mul(feature_grad).sum()
                                                       : output.label_loss.div(n_global);
        (cell_loss.defined() ? loss.add(cell_loss) : loss).backward();
        is_applied_ = false;
    }
    if (output.cell_loss.defined()) {
        sum.loss += output.cell_loss.item<double>();
    }
    times_.backward_s += watch.lap();
    end_chunk();
    report(trunk_gradients_, on_ready);
    return sum;
}

void AutogradStep::backward_to_factors(const TrainingOutput& output,
                                       double n_global,
                                       const TrainingStep::OnReady& on_ready) {
    base::Stopwatch watch;
    output.label_loss.div(n_global).backward();
    const at::Tensor& grad = output.pre_activation.grad();
    parameters_[factored_number_ + 1].mutable_grad().add_(
        at::sum(grad, {0}, /*keepdim=*/false, c10::ScalarType::Float));
    times_.backward_s += watch.lap();
    take_factors(grad, output.features.detach());
    is_applied_ = false;
    report(dense_gradients_, on_ready);
}

void AutogradStep::take_factors(const at::Tensor& grad, const at::Tensor& features) {
    base::Stopwatch watch;
    const at::NoGradGuard no_graph;
    at::Tensor& weight_gradient = parameters_[factored_number_].mutable_grad();
    if (!is_applied_) {
        weight_gradient.add_(at::mm(grad.t(), features));
    } else if (settings_.precision == Precision::fp32) {
        at::mm_out(weight_gradient, grad.t(), features);
    } else {
        weight_gradient.copy_(at::mm_out(rounded_gradient_, grad.t(), features));
    }
    times_.backward_s += watch.lap();
}

void AutogradStep::report(const at::Tensor& piece, const TrainingStep::OnReady& on_ready) const {
    if (on_ready && !is_shared() && piece.numel() > 0) {
        on_ready({piece.data_ptr<float>(), static_cast<std::size_t>(piece.numel())});
    }
}

void AutogradStep::round_factored_weights(const Block& block) {
    const std::int64_t first = std::max(block.first, factored_first_);
    const std::int64_t n = std::min(block.first + block.n, factored_first_ + factored_n_) - first;
    if (settings_.precision == Precision::bf16 && n > 0) {
        factored_weights_.flatten()
            .narrow(0, first - factored_first_, n)
            .copy_(weights_.narrow(0, first, n));
    }
}

TrainingStep::Sum AutogradStep::accumulate(std::span<const float> samples,
                                           std::span<const std::uint8_t> labels,
                                           std::span<const SampleKey> keys,
                                           std::int64_t global_batch,
                                           const TrainingStep::OnReady& on_ready) {
    const auto sample_size = static_cast<std::size_t>(info_.n_sample_values);
    FAINTWEB_EXPECTS(samples.size() == labels.size() * sample_size && keys.size() == labels.size());
    FAINTWEB_EXPECTS(global_batch >= 1);
    at::set_num_threads(n_threads_);
    begin_part(std::ssize(labels), global_batch);
    TrainingStep::Sum sum;
    if (labels.empty()) {
        gradients();  // made zero if they were applied
        report(dense_gradients_, on_ready);
        report(trunk_gradients_, on_ready);
        return sum;
    }
    if (is_applied_) {
        for (std::size_t i = 0; i < parameters_.size(); ++i) {
            if (i != factored_number_) {
                parameters_[i].mutable_grad().zero_();
            }
        }
    }
    const std::size_t micro_batch =
        settings_.micro_batch > 0 ? static_cast<std::size_t>(settings_.micro_batch) : labels.size();
    for (std::size_t first = 0; first < labels.size(); first += micro_batch) {
        const std::size_t n = std::min(micro_batch, labels.size() - first);
        base::Stopwatch watch;
        const TrainingBatch batch =
            make_training_batch(info_, tile_px_, settings_,
                                {.values = samples.subspan(first * sample_size, n * sample_size),
                                 .labels = labels.subspan(first, n),
                                 .keys = keys.subspan(first, n)},
                                place_, n_threads_);
        times_.data_s += watch.lap();
        const bool is_last = first + n == labels.size();
        const TrainingStep::Sum part =
            accumulate_chunk(batch, global_batch, is_last ? on_ready : TrainingStep::OnReady());
        sum.loss += part.loss;
        sum.n_right += part.n_right;
    }
    return sum;
}

std::span<float> AutogradStep::gradients() {
    if (std::exchange(is_applied_, false)) {
        gradients_.zero_();
    }
    if (is_shared()) {
        return {};
    }
    return {gradients_.data_ptr<float>(), static_cast<std::size_t>(gradients_.numel())};
}

void AutogradStep::apply(double learning_rate) {
    at::set_num_threads(n_threads_);
    gradients();  // made zero if they were applied
    n_steps_.add_(1);
    begin_apply();
    base::Stopwatch watch;
    for (const Block& block : blocks_) {
        if (block.pre_activation_grads.defined()) {
            make_gradients(block);
            times_.backward_s += watch.lap();
        }
        at::_fused_adam_({block.of(weights_)}, {block.gradients}, {block.of(first_moment_)},
                         {block.of(second_moment_)}, {}, {n_steps_}, learning_rate, 0.9, 0.999,
                         /*weight_decay=*/0,
                         /*eps=*/1e-8,
                         /*amsgrad=*/false,
                         /*maximize=*/false);
        round_factored_weights(block);
        times_.optimiser_s += watch.lap();
    }
    is_applied_ = true;
    end_apply();
}

std::vector<Tensor> AutogradStep::weights() const {
    std::vector<Tensor> tensors;
    for (const WeightShape& weight : shapes_) {
        const at::Tensor& parameter = parameters_[tensors.size()];
        tensors.push_back({weight.name, weight.shape, to_vector(parameter.detach().flatten())});
    }
    return tensors;
}

TrainingStep::Checkpoint AutogradStep::checkpoint() const {
    return {to_vector(weights_), to_vector(first_moment_), to_vector(second_moment_),
            static_cast<std::int64_t>(n_steps_.item<double>())};
}

void AutogradStep::restore(const TrainingStep::Checkpoint& checkpoint) {
    const auto n = static_cast<std::size_t>(weights_.numel());
    if (checkpoint.weights.size() != n || checkpoint.first_moment.size() != n ||
        checkpoint.second_moment.size() != n) {
        throw base::UsageError(base::text("the checkpoint is of another network (it has ",
                                          checkpoint.weights.size(), " parameters, ",
                                          settings_.network, " has ", n,
                                          "); remove it to train from the start"));
    }
    begin_restore();
    for (const Block& block : blocks_) {
        block.of(weights_).copy_(block.of(as_tensor(checkpoint.weights)));
        block.of(first_moment_).copy_(block.of(as_tensor(checkpoint.first_moment)));
        block.of(second_moment_).copy_(block.of(as_tensor(checkpoint.second_moment)));
        round_factored_weights(block);
    }
    n_steps_.fill_(static_cast<double>(checkpoint.n_steps));
    is_applied_ = true;
    end_restore();
}

}  // namespace faintweb::learn
