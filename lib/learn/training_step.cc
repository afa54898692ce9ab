#include "lib/learn/training_step.h"

#include <algorithm>
#include <cmath>

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
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
    c10::Device device;
    std::vector<WeightShape> shapes;
    /// All flat, [n_parameters], in the order of `shapes`.
    at::Tensor weights{}, gradients{}, first_moment{}, second_moment{};
    at::Tensor n_steps{};  ///< scalar, as the fused Adam wants it
    /// The weights' pieces as autograd leaves; their .grad are the pieces of `gradients`.
    std::vector<at::Tensor> parameters{};
    at::Tensor host_gradients{};  ///< a GPU's gradients while others work on them
    bool is_on_host = false;

    Sum accumulate_chunk(std::span<const float> samples,
                         std::span<const std::uint8_t> labels,
                         std::span<const SampleKey> keys,
                         std::int64_t global_batch) {
        const auto n = static_cast<std::int64_t>(labels.size());
        const at::Tensor input = at::empty({n, edge_px, edge_px});
        const at::Tensor parts = at::empty({n, info.n_cells, info.n_cells});
        const at::Tensor target = at::empty({n}, c10::ScalarType::Long);
        at::Tensor mask;
        if (info.has_dropout && settings.dropout_keep < 1) {
            mask = at::empty({n, info.n_hidden});
        }
        const auto sample_size = static_cast<std::size_t>(info.n_sample_values);
        const auto tile_size = static_cast<std::size_t>(info.n_tile_values());
        const std::size_t parts_size = sample_size - tile_size;
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
            orient_tile(samples.subspan(i * sample_size + tile_size, parts_size),
                        static_cast<int>(info.n_cells),
                        orientation,
                        {parts.data_ptr<float>() + i * parts_size, parts_size});
            target.data_ptr<std::int64_t>()[i] = labels[i];
            if (mask.defined()) {
                draw_dropout(keys[i],
                             settings.dropout_keep,
                             {mask.data_ptr<float>() + static_cast<std::int64_t>(i) * info.n_hidden,
                              static_cast<std::size_t>(info.n_hidden)});
            }
        }
        const at::Tensor truth = target.to(device);
        const Output output =
            forward(trunk, parameters, input.to(device), mask.defined() ? mask.to(device) : mask);
        at::Tensor loss = at::cross_entropy_loss(output.scores, truth, {}, at::Reduction::Sum);
        if (output.cells.defined()) {
            const at::Tensor of_cells = at::binary_cross_entropy_with_logits(
                output.cells, parts.to(device), {}, {}, at::Reduction::None);
            loss = loss.add(of_cells.mean({1, 2}).sum());
        }
        loss.div(static_cast<double>(global_batch)).backward();
        return {loss.item<double>(), output.scores.argmax(1).eq(truth).sum().item<std::int64_t>()};
    }
};

TrainingStep::TrainingStep(const TrainSettings& settings,
                           int tile_px,
                           Device device,
                           int n_threads) {
    check_settings(settings);
    const c10::Device place = torch_device(device);
    const NetworkInfo info = network_info(settings.network, tile_px);
    state_.reset(new State{.settings = settings,
                           .info = info,
                           .edge_px = tile_px + 2 * info.margin_px,
                           .n_threads = std::max(1, n_threads),
                           .trunk = trunk_of(settings.network),
                           .device = place,
                           .shapes = weight_shapes(settings.network, tile_px)});
    std::vector<float> first_weights;
    for (const Tensor& tensor : random_weights(settings.network, tile_px, settings.seed)) {
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
}
TrainingStep::~TrainingStep() = default;
TrainingStep::TrainingStep(TrainingStep&&) noexcept = default;
TrainingStep& TrainingStep::operator=(TrainingStep&&) noexcept = default;

TrainingStep::Sum TrainingStep::accumulate(std::span<const float> samples,
                                           std::span<const std::uint8_t> labels,
                                           std::span<const SampleKey> keys,
                                           std::int64_t global_batch) {
    State& state = *state_;
    const auto sample_size = static_cast<std::size_t>(state.info.n_sample_values);
    FAINTWEB_EXPECTS(samples.size() == labels.size() * sample_size && keys.size() == labels.size());
    FAINTWEB_EXPECTS(global_batch >= 1);
    at::set_num_threads(state.n_threads);
    state.is_on_host = false;
    Sum sum;
    const std::size_t micro_batch = state.settings.micro_batch > 0
                                        ? static_cast<std::size_t>(state.settings.micro_batch)
                                        : labels.size();
    for (std::size_t first = 0; first < labels.size(); first += micro_batch) {
        const std::size_t n = std::min(micro_batch, labels.size() - first);
        const Sum part =
            state.accumulate_chunk(samples.subspan(first * sample_size, n * sample_size),
                                   labels.subspan(first, n),
                                   keys.subspan(first, n),
                                   global_batch);
        sum.loss += part.loss;
        sum.n_right += part.n_right;
    }
    return sum;
}

std::span<float> TrainingStep::gradients() {
    State& state = *state_;
    if (!state.is_on_host) {
        state.host_gradients = state.gradients.to(c10::DeviceType::CPU);
        state.is_on_host = true;
    }
    return {state.host_gradients.data_ptr<float>(),
            static_cast<std::size_t>(state.host_gradients.numel())};
}

void TrainingStep::apply(double learning_rate) {
    State& state = *state_;
    at::set_num_threads(state.n_threads);
    if (state.is_on_host && !state.gradients.is_cpu()) {
        state.gradients.copy_(state.host_gradients);
    }
    state.is_on_host = false;
    state.n_steps.add_(1);
    at::_fused_adam_({state.weights},
                     {state.gradients},
                     {state.first_moment},
                     {state.second_moment},
                     {},
                     {state.n_steps},
                     learning_rate,
                     0.9,
                     0.999,
                     /*weight_decay=*/0,
                     /*eps=*/1e-8,
                     /*amsgrad=*/false,
                     /*maximize=*/false);
    state.gradients.zero_();
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
    state.gradients.zero_();
    state.is_on_host = false;
}

}  // namespace faintweb::learn
