#include "lib/learn/training_step.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/base/stopwatch.h"
#include "lib/base/text.h"
#include "lib/learn/torch_network.h"

namespace faintweb::learn {
namespace {

void check_settings(const TrainSettings& settings) {
    const auto refuse = [](const char* what, auto value, const char* range) {
        throw base::UsageError(base::text(
            what, " ", value, " is out of range (", range, "); choose a value in that range"));
    };
    if (!(settings.learning_rate > 0 && std::isfinite(settings.learning_rate))) {
        refuse("learning rate", settings.learning_rate, "it must be above 0");
    }
    if (!(settings.dropout_keep > 0 && settings.dropout_keep <= 1)) {
        refuse("the part kept by dropout", settings.dropout_keep, "above 0, at most 1");
    }
}

/// [n_hidden] of 0 and 1 / keep, so that the mean of the layer stays what it is without dropout.
void draw_dropout(const SampleKey& key, double keep, std::span<float> mask) {
    base::RandomStream stream(key.seed, base::Purpose::dropout, key.sample, key.epoch);
    for (float& factor : mask) {
        factor = stream.uniform() < static_cast<float>(keep) ? static_cast<float>(1 / keep) : 0.0F;
    }
}

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

struct TrainingStep::State {
    TrainSettings settings;
    NetworkInfo info;
    int edge_px;  ///< of a tile with its margin
    int n_threads;
    Trunk trunk;
    Device place;
    c10::Device device;
    std::vector<WeightShape> shapes;
    std::size_t hidden_number;  ///< place of the hidden layer's weights in `shapes`
    /// All flat, [n_parameters], in the order of `shapes`.
    at::Tensor weights{}, gradients{}, first_moment{}, second_moment{};
    at::Tensor n_steps{};  ///< scalar, as the fused Adam wants it
    /// The weights' pieces as autograd leaves; their .grad are the pieces of `gradients`.
    std::vector<at::Tensor> parameters{};
    /// Pieces of `gradients` that are ready together.
    at::Tensor connected_gradients{}, convolution_gradients{};
    /// The hidden layer's weights in the precision of its products: rounded once per step.
    at::Tensor hidden_weights{};
    at::Tensor rounded_hidden_gradient{};  ///< kept, as memory is dear to get; for bf16 only
    /// What is in `gradients` was applied: they count as zero, and are overwritten.
    bool is_applied = true;
    StepTimes times{};

    /// Parts of the flat buffers that the optimiser takes one after another: what is read twice is
    /// then still in the cache.
    struct Block {
        at::Tensor weights, gradients, first_moment, second_moment;
    };
    std::vector<Block> blocks{};

    c10::ScalarType product_type() const {
        return settings.precision == Precision::bf16 ? c10::ScalarType::BFloat16
                                                     : c10::ScalarType::Float;
    }

    /// Tiles as the network wants them, their truth ([n * n_rules]) and dropout factors, on the
    /// device.
    struct Batch {
        at::Tensor tiles, truth, cells, mask;
    };
    Batch prepare(std::span<const float> samples,
                  std::span<const std::uint8_t> labels,
                  std::span<const SampleKey> keys) const {
        const auto n = static_cast<std::int64_t>(labels.size());
        const at::Tensor input = at::empty({n, edge_px, edge_px});
        const std::int64_t n_rules = info.questions.n_rules;
        const std::int64_t n_thresholds = info.questions.n_thresholds;
        const at::Tensor cells = at::empty({n, n_thresholds, info.n_cells, info.n_cells});
        const at::Tensor target = at::empty({n, n_rules}, c10::ScalarType::Long);
        at::Tensor mask;
        if (info.has_dropout && settings.dropout_keep < 1) {
            mask = at::empty({n, info.n_hidden});
        }
        const auto sample_size = static_cast<std::size_t>(info.n_sample_values);
        const auto tile_size = static_cast<std::size_t>(info.n_tile_values());
        const auto cells_size = static_cast<std::size_t>(info.n_cells * info.n_cells);
        for (std::size_t i = 0; i < labels.size(); ++i) {
            unsigned orientation = 0;
            if (settings.augment) {
                base::RandomStream stream(
                    keys[i].seed, base::Purpose::augmentation, keys[i].sample, keys[i].epoch);
                orientation = stream.next_uint32() & 7U;
            }
            orient_tile(samples.subspan(i * sample_size, tile_size),
                        edge_px,
                        orientation,
                        {input.data_ptr<float>() + i * tile_size, tile_size});
            for (std::size_t k = 0; k < static_cast<std::size_t>(n_thresholds); ++k) {
                const std::size_t number = i * static_cast<std::size_t>(n_thresholds) + k;
                orient_tile(
                    samples.subspan(i * sample_size + tile_size + k * cells_size, cells_size),
                    static_cast<int>(info.n_cells),
                    orientation,
                    {cells.data_ptr<float>() + number * cells_size, cells_size});
            }
            for (std::int64_t r = 0; r < n_rules; ++r) {
                target.data_ptr<std::int64_t>()[static_cast<std::int64_t>(i) * n_rules + r] =
                    (labels[i] >> r) & 1;
            }
            if (mask.defined()) {
                draw_dropout(keys[i],
                             settings.dropout_keep,
                             {mask.data_ptr<float>() + static_cast<std::int64_t>(i) * info.n_hidden,
                              static_cast<std::size_t>(info.n_hidden)});
            }
        }
        return {input.to(device, product_type()),
                target.flatten().to(device),
                cells.to(device),
                mask.defined() ? mask.to(device) : mask};
    }

    /// Backward goes through the hidden layer by hand: autograd would add its gradient, nearly all
    /// of the bytes, to a buffer of zeros instead of writing it, and would not say when it is
    /// there.
    Sum accumulate_chunk(const Batch& batch, std::int64_t global_batch, const OnReady& on_ready) {
        base::Stopwatch watch;
        std::vector<at::Tensor> operands;
        for (const at::Tensor& parameter : parameters) {
            operands.push_back(operands.size() == hidden_number ? hidden_weights
                                                                : parameter.to(product_type()));
        }
        const Seen seen = see(trunk, operands, batch.tiles);
        const at::Tensor features = seen.features.detach();
        at::Tensor excitation =
            at::linear(features, hidden_weights, operands[hidden_number + 1].detach());
        excitation.set_requires_grad(true);
        at::Tensor hidden = excitation.relu();
        if (batch.mask.defined()) {
            hidden = hidden.mul(batch.mask).to(product_type());
        }
        const at::Tensor output =
            at::linear(hidden, operands[hidden_number + 2], operands[hidden_number + 3])
                .to(c10::ScalarType::Float)
                .view({-1, 2});
        const at::Tensor loss = at::cross_entropy_loss(output, batch.truth, {}, at::Reduction::Sum)
                                    .div(static_cast<double>(info.questions.n_rules));
        at::Tensor loss_of_cells;
        if (seen.cells.defined()) {
            loss_of_cells = at::binary_cross_entropy_with_logits(
                                seen.cells, batch.cells, {}, {}, at::Reduction::None)
                                .mean({1, 2, 3})
                                .sum();
        }
        times.forward_s += watch.lap();

        const auto n_global = static_cast<double>(global_batch);
        loss.div(n_global).backward();
        const at::Tensor slope = excitation.grad();
        add_hidden_gradient(slope, features);
        times.backward_s += watch.lap();
        report(connected_gradients, on_ready);
        watch.lap();
        const at::Tensor feature_slope = at::mm(slope, hidden_weights);
        Sum sum{loss.item<double>(), output.argmax(1).eq(batch.truth).sum().item<std::int64_t>()};
        if (loss_of_cells.defined()) {
            // One pass for both: the sum has feature_slope as its gradient.
            seen.features.mul(feature_slope).sum().add(loss_of_cells.div(n_global)).backward();
            sum.loss += loss_of_cells.item<double>();
        } else {
            seen.features.backward(feature_slope);
        }
        times.backward_s += watch.lap();
        report(convolution_gradients, on_ready);
        return sum;
    }

    void add_hidden_gradient(const at::Tensor& slope, const at::Tensor& features) {
        const at::NoGradGuard no_graph;
        at::Tensor& weight_gradient = parameters[hidden_number].mutable_grad();
        if (!is_applied) {
            weight_gradient.add_(at::mm(slope.t(), features));
        } else if (settings.precision == Precision::fp32) {
            at::mm_out(weight_gradient, slope.t(), features);
        } else {
            weight_gradient.copy_(at::mm_out(rounded_hidden_gradient, slope.t(), features));
        }
        is_applied = false;
        parameters[hidden_number + 1].mutable_grad().add_(
            at::sum(slope, {0}, /*keepdim=*/false, c10::ScalarType::Float));
    }

    static void report(const at::Tensor& piece, const OnReady& on_ready) {
        if (on_ready) {
            on_ready({piece.data_ptr<float>(), static_cast<std::size_t>(piece.numel())});
        }
    }

    void round_hidden_weights() {
        const at::NoGradGuard no_graph;
        const at::Tensor exact = parameters[hidden_number].detach();
        if (settings.precision == Precision::fp32) {
            hidden_weights = exact;
        } else {
            hidden_weights.copy_(exact);
        }
    }
};

TrainingStep::TrainingStep(
    const TrainSettings& settings, int tile_px, Device device, int n_threads, Questions questions) {
    FAINTWEB_EXPECTS(questions.n_rules <= 8);
    check_settings(settings);
    const c10::Device place = torch_device(device);
    const NetworkInfo info = network_info(settings.network, tile_px, questions);
    const std::vector<WeightShape> shapes = weight_shapes(settings.network, tile_px, questions);
    state_.reset(new State{.settings = settings,
                           .info = info,
                           .edge_px = tile_px + 2 * info.margin_px,
                           .n_threads = std::max(1, n_threads),
                           .trunk = trunk_of(settings.network),
                           .place = device,
                           .device = place,
                           .shapes = shapes,
                           .hidden_number = shapes.size() - n_connected_weights});
    std::vector<float> first_weights;
    for (const Tensor& tensor :
         random_weights(settings.network, tile_px, settings.seed, questions)) {
        first_weights.insert(first_weights.end(), tensor.values.begin(), tensor.values.end());
    }
    State& state = *state_;
    state.weights = as_tensor(first_weights).clone().to(place);
    state.gradients = at::zeros_like(state.weights);
    state.first_moment = at::zeros_like(state.weights);
    state.second_moment = at::zeros_like(state.weights);
    state.n_steps = at::zeros({}, state.weights.options());
    const std::vector<at::Tensor> gradient_pieces = pieces(state.gradients, state.shapes);
    for (const at::Tensor& piece : pieces(state.weights, state.shapes)) {
        at::Tensor leaf = piece.detach();
        leaf.set_requires_grad(true);
        leaf.mutable_grad() = gradient_pieces[state.parameters.size()];
        state.parameters.push_back(leaf);
    }
    std::int64_t n_convolution = 0;
    for (std::size_t i = 0; i < state.hidden_number; ++i) {
        n_convolution += n_values(state.shapes[i]);
    }
    const std::int64_t n = state.weights.numel();
    state.convolution_gradients = state.gradients.narrow(0, 0, n_convolution);
    state.connected_gradients = state.gradients.narrow(0, n_convolution, n - n_convolution);
    const std::int64_t block = place.is_cpu() ? std::int64_t{1} << 18 : n;
    for (std::int64_t first = 0; first < n; first += block) {
        const auto part = [&](const at::Tensor& flat) {
            return flat.narrow(0, first, std::min(block, n - first));
        };
        state.blocks.push_back({part(state.weights),
                                part(state.gradients),
                                part(state.first_moment),
                                part(state.second_moment)});
    }
    if (settings.precision == Precision::bf16) {
        const at::Tensor& exact = state.parameters[state.hidden_number];
        const auto bf16 = exact.options().dtype(c10::ScalarType::BFloat16).requires_grad(false);
        state.hidden_weights = at::empty(exact.sizes(), bf16);
        state.rounded_hidden_gradient = at::empty(exact.sizes(), bf16);
    }
    state.round_hidden_weights();
}
TrainingStep::~TrainingStep() = default;
TrainingStep::TrainingStep(TrainingStep&&) noexcept = default;
TrainingStep& TrainingStep::operator=(TrainingStep&&) noexcept = default;

TrainingStep::Sum TrainingStep::accumulate(std::span<const float> samples,
                                           std::span<const std::uint8_t> labels,
                                           std::span<const SampleKey> keys,
                                           std::int64_t global_batch,
                                           const OnReady& on_ready) {
    State& state = *state_;
    const auto sample_size = static_cast<std::size_t>(state.info.n_sample_values);
    FAINTWEB_EXPECTS(samples.size() == labels.size() * sample_size && keys.size() == labels.size());
    FAINTWEB_EXPECTS(global_batch >= 1);
    at::set_num_threads(state.n_threads);
    Sum sum;
    if (labels.empty()) {
        gradients();  // made zero if they were applied
        State::report(state.connected_gradients, on_ready);
        State::report(state.convolution_gradients, on_ready);
        return sum;
    }
    if (state.is_applied) {
        for (std::size_t i = 0; i < state.parameters.size(); ++i) {
            if (i != state.hidden_number) {
                state.parameters[i].mutable_grad().zero_();
            }
        }
    }
    const std::size_t micro_batch = state.settings.micro_batch > 0
                                        ? static_cast<std::size_t>(state.settings.micro_batch)
                                        : labels.size();
    for (std::size_t first = 0; first < labels.size(); first += micro_batch) {
        const std::size_t n = std::min(micro_batch, labels.size() - first);
        base::Stopwatch watch;
        const State::Batch batch =
            state.prepare(samples.subspan(first * sample_size, n * sample_size),
                          labels.subspan(first, n),
                          keys.subspan(first, n));
        state.times.data_s += watch.lap();
        const bool is_last = first + n == labels.size();
        const Sum part =
            state.accumulate_chunk(batch, global_batch, is_last ? on_ready : OnReady());
        sum.loss += part.loss;
        sum.n_right += part.n_right;
    }
    return sum;
}

std::span<float> TrainingStep::gradients() {
    State& state = *state_;
    if (std::exchange(state.is_applied, false)) {
        state.gradients.zero_();
    }
    return {state.gradients.data_ptr<float>(), static_cast<std::size_t>(state.gradients.numel())};
}

Device TrainingStep::device() const {
    return state_->place;
}

StepTimes TrainingStep::times() const {
    return state_->times;
}

void TrainingStep::apply(double learning_rate) {
    State& state = *state_;
    at::set_num_threads(state.n_threads);
    base::Stopwatch watch;
    gradients();  // made zero if they were applied
    state.n_steps.add_(1);
    for (const State::Block& block : state.blocks) {
        at::_fused_adam_({block.weights},
                         {block.gradients},
                         {block.first_moment},
                         {block.second_moment},
                         {},
                         {state.n_steps},
                         learning_rate,
                         0.9,
                         0.999,
                         /*weight_decay=*/0,
                         /*eps=*/1e-8,
                         /*amsgrad=*/false,
                         /*maximize=*/false);
    }
    state.round_hidden_weights();
    state.is_applied = true;
    state.times.optimiser_s += watch.lap();
}

std::vector<Tensor> TrainingStep::weights() const {
    std::vector<Tensor> tensors;
    for (const WeightShape& weight : state_->shapes) {
        const at::Tensor& parameter = state_->parameters[tensors.size()];
        tensors.push_back({weight.name, weight.shape, to_vector(parameter.detach().flatten())});
    }
    return tensors;
}

TrainingStep::Checkpoint TrainingStep::checkpoint() const {
    return {to_vector(state_->weights),
            to_vector(state_->first_moment),
            to_vector(state_->second_moment),
            static_cast<std::int64_t>(state_->n_steps.item<double>())};
}

void TrainingStep::restore(const Checkpoint& checkpoint) {
    State& state = *state_;
    const auto n = static_cast<std::size_t>(state.weights.numel());
    if (checkpoint.weights.size() != n || checkpoint.first_moment.size() != n ||
        checkpoint.second_moment.size() != n) {
        throw base::UsageError(base::text("the checkpoint is of another network (it has ",
                                          checkpoint.weights.size(),
                                          " parameters, ",
                                          state.settings.network,
                                          " has ",
                                          n,
                                          "); remove it to train from the start"));
    }
    state.weights.copy_(as_tensor(checkpoint.weights));
    state.first_moment.copy_(as_tensor(checkpoint.first_moment));
    state.second_moment.copy_(as_tensor(checkpoint.second_moment));
    state.n_steps.fill_(static_cast<double>(checkpoint.n_steps));
    state.round_hidden_weights();
    state.is_applied = true;
}

}  // namespace faintweb::learn
