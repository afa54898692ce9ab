#include "lib/learn/training_step.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
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

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/parallel.h"
#include "lib/base/random.h"
#include "lib/base/stopwatch.h"
#include "lib/base/text.h"
#include "lib/learn/sampling.h"
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

/// What a process has of a batch and of the weights that it shares with others.
struct Sharing {
    SharedMemory* memory;
    std::int64_t max_chunks;  ///< micro-batches of each process in a step
    BatchPart rows;           ///< of the hidden layer's weights, that this process owns
    /// Factors of the hidden layer's gradient, for all tiles of a batch in their order: its slopes
    /// [batch_size, n_hidden] and its features [batch_size, n_features].
    at::Tensor slopes{}, features{};
    /// Gradients of all other weights, of each micro-batch: [n_parts * max_chunks, n_others].
    at::Tensor others{};
    std::int64_t n_batch = 0;   ///< tiles of all processes since the last step
    std::int64_t next = 0;      ///< place in the batch of this process' next tile
    std::int64_t n_chunks = 0;  ///< of this process since the last step

    at::Tensor mine_of_others(std::int64_t first, std::int64_t n) const {
        return others.narrow(0, memory->part() * max_chunks + first, n);
    }
};

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
    /// Kept, as memory is dear to get. For bf16 only; with shared memory of a block's rows.
    at::Tensor rounded_hidden_gradient{};
    std::optional<Sharing> sharing{};
    /// What is in `gradients` was applied: they count as zero, and are overwritten.
    bool is_applied = true;
    StepTimes times{};

    /// Parts of the flat buffers that the optimiser takes one after another: what is read twice is
    /// then still in the cache. Without shared memory they are the whole; with it they are what
    /// this process owns, and no other writes.
    struct Block {
        std::int64_t first, n;
        at::Tensor gradients;
        /// Defined for rows of a hidden layer that is shared: [rows, tiles], of whose product with
        /// the features the gradients are made.
        at::Tensor slopes{};

        at::Tensor of(const at::Tensor& flat) const { return flat.narrow(0, first, n); }
    };
    std::vector<Block> blocks{};

    const WeightShape& hidden_shape() const { return shapes[hidden_number]; }

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
        const auto prepare_one = [&](std::size_t i) {
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
        };
        // On a CPU it is little beside the rest, on a GPU it would be more.
        constexpr std::size_t n_together = 16;
        const int n_preparing = place.kind == DeviceKind::cpu ? 1 : n_threads;
        base::parallel_for(
            n_preparing, (labels.size() + n_together - 1) / n_together, [&](std::size_t part) {
                const std::size_t end = std::min((part + 1) * n_together, labels.size());
                for (std::size_t i = part * n_together; i < end; ++i) {
                    prepare_one(i);
                }
            });
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
        if (sharing) {
            gradients.zero_();
        }
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
                                .sum()
                                .mul(settings.cells_weight);
        }
        times.forward_s += watch.lap();

        const auto n_global = static_cast<double>(global_batch);
        loss.div(n_global).backward();
        const at::Tensor slope = excitation.grad();
        parameters[hidden_number + 1].mutable_grad().add_(
            at::sum(slope, {0}, /*keepdim=*/false, c10::ScalarType::Float));
        if (sharing) {
            times.backward_s += watch.lap();
            share_factors(slope, features);
            times.sharing_s += watch.lap();
        } else {
            add_hidden_gradient(slope, features);
            times.backward_s += watch.lap();
        }
        is_applied = false;
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
        if (sharing) {
            FAINTWEB_EXPECTS(sharing->n_chunks < sharing->max_chunks);
            sharing->mine_of_others(sharing->n_chunks++, 1).copy_(gradients);
            times.sharing_s += watch.lap();
        }
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
    }

    void expect_part(std::int64_t n_tiles, std::int64_t n_batch) {
        const int n_parts = sharing->memory->n_parts();
        const BatchPart part =
            batch_part(n_batch, sharing->memory->part(), n_parts, grain_of(settings, n_parts));
        FAINTWEB_EXPECTS(n_tiles == part.n && n_batch <= sharing->slopes.size(0));
        sharing->n_batch = n_batch;
        sharing->next = part.first;
    }

    void share_factors(const at::Tensor& slope, const at::Tensor& features) {
        const std::int64_t n = slope.size(0);
        sharing->slopes.narrow(0, sharing->next, n).copy_(slope);
        sharing->features.narrow(0, sharing->next, n).copy_(features);
        sharing->next += n;
    }

    /// When all processes have shared what they have, gradients can be made of it.
    void meet_with_factors() {
        sharing->mine_of_others(sharing->n_chunks, sharing->max_chunks - sharing->n_chunks).zero_();
        sharing->n_chunks = 0;
        sharing->memory->meet();
        if (sharing->memory->part() == 0) {
            // One by one, in the order of the batch: so the sum does not depend on who had what.
            gradients.zero_();
            for (std::int64_t chunk = 0; chunk < sharing->others.size(0); ++chunk) {
                gradients.add_(sharing->others.select(0, chunk));
            }
        }
    }

    void make_hidden_gradients(const Block& block) {
        const std::int64_t n_rows = block.slopes.size(0);
        at::Tensor exact = block.gradients.view({n_rows, -1});
        const at::Tensor slopes = block.slopes.narrow(1, 0, sharing->n_batch);
        const at::Tensor features = sharing->features.narrow(0, 0, sharing->n_batch);
        if (settings.precision == Precision::fp32) {
            at::mm_out(exact, slopes, features);
        } else {
            at::Tensor rounded = rounded_hidden_gradient.narrow(0, 0, n_rows);
            exact.copy_(at::mm_out(rounded, slopes, features));
        }
    }

    void report(const at::Tensor& piece, const OnReady& on_ready) const {
        if (on_ready && !sharing) {
            on_ready({piece.data_ptr<float>(), static_cast<std::size_t>(piece.numel())});
        }
    }

    /// Those of a block, if it has any.
    void round_hidden_weights(const Block& block) {
        const std::int64_t first_hidden = convolution_gradients.numel();
        const std::int64_t first = std::max(block.first, first_hidden);
        const std::int64_t n =
            std::min(block.first + block.n, first_hidden + n_values(hidden_shape())) - first;
        if (settings.precision == Precision::bf16 && n > 0) {
            hidden_weights.flatten()
                .narrow(0, first - first_hidden, n)
                .copy_(weights.narrow(0, first, n));
        }
    }

    /// Puts what all processes of a host read where all can read it.
    ///
    /// @return  whether there is memory for it.
    /// @collective yes: every process.
    bool share(SharedMemory& memory) {
        const int n_parts = memory.n_parts();
        const std::int64_t n_rows = hidden_shape().shape.front();
        const std::int64_t n_features = hidden_shape().shape.back();
        const std::int64_t max_tiles = (settings.batch_size + n_parts - 1) / n_parts;
        const std::int64_t micro_batch =
            settings.micro_batch > 0 ? std::int64_t{settings.micro_batch} : max_tiles;
        Sharing all{.memory = &memory,
                    .max_chunks = (max_tiles + micro_batch - 1) / micro_batch,
                    .rows = batch_part(n_rows, memory.part(), n_parts)};
        struct Piece {
            at::Tensor& tensor;
            std::vector<std::int64_t> sizes;
            c10::ScalarType type;
            std::size_t n_bytes() const {
                constexpr std::size_t line = 64;
                const auto n = static_cast<std::size_t>(c10::multiply_integers(sizes));
                return (n * c10::elementSize(type) + line - 1) / line * line;
            }
        };
        std::vector<Piece> wanted{
            {weights, {info.n_parameters}, c10::ScalarType::Float},
            {first_moment, {info.n_parameters}, c10::ScalarType::Float},
            {second_moment, {info.n_parameters}, c10::ScalarType::Float},
            {all.slopes, {settings.batch_size, n_rows}, product_type()},
            {all.features, {settings.batch_size, n_features}, product_type()},
            {all.others,
             {n_parts * all.max_chunks, info.n_parameters - n_values(hidden_shape())},
             c10::ScalarType::Float}};
        if (settings.precision == Precision::bf16) {
            wanted.push_back({hidden_weights, {n_rows, n_features}, product_type()});
        }
        std::size_t n_bytes = 0;
        for (const Piece& piece : wanted) {
            n_bytes += piece.n_bytes();
        }
        std::span<std::byte> left = memory.allocate(n_bytes);
        if (left.empty()) {
            return false;
        }
        for (const Piece& piece : wanted) {
            piece.tensor = at::from_blob(left.data(), piece.sizes, piece.type);
            left = left.subspan(piece.n_bytes());
        }
        sharing = all;
        return true;
    }

    /// What the optimiser takes of the flat buffers, which are all there.
    void cut_blocks(std::int64_t n_convolution) {
        const std::int64_t n = weights.numel();
        const std::int64_t most = device.is_cpu() ? std::int64_t{1} << 18 : n;
        if (!sharing) {
            for (std::int64_t first = 0; first < n; first += most) {
                const std::int64_t n_here = std::min(most, n - first);
                blocks.push_back({first, n_here, gradients.narrow(0, first, n_here)});
            }
            return;
        }
        const std::int64_t n_features = hidden_shape().shape.back();
        const std::int64_t n_hidden = n_values(hidden_shape());
        if (sharing->memory->part() == 0) {
            blocks.push_back({0, n_convolution, convolution_gradients});
            blocks.push_back(
                {n_convolution + n_hidden, n - n_convolution - n_hidden, connected_gradients});
        }
        // Of a size that divides the rows of up to 16 processes: products of other sizes may be
        // rounded otherwise.
        constexpr std::int64_t most_parts = 16;
        const std::int64_t n_rows = std::max(
            std::int64_t{1},
            std::min(static_cast<std::int64_t>(std::bit_floor(
                         static_cast<std::uint64_t>(std::max(std::int64_t{1}, most / n_features)))),
                     hidden_shape().shape.front() / most_parts));
        const at::Tensor scratch = at::empty({n_rows, n_features});
        rounded_hidden_gradient = at::empty({n_rows, n_features}, product_type());
        const std::int64_t end = sharing->rows.first + sharing->rows.n;
        for (std::int64_t row = sharing->rows.first; row < end; row += n_rows) {
            const std::int64_t n_here = std::min(n_rows, end - row);
            blocks.push_back({n_convolution + row * n_features,
                              n_here * n_features,
                              scratch.narrow(0, 0, n_here).flatten(),
                              sharing->slopes.narrow(1, row, n_here).t()});
        }
    }
};

TrainingStep::TrainingStep(const TrainSettings& settings,
                           int tile_px,
                           Device device,
                           int n_threads,
                           SharedMemory* shared,
                           Questions questions) {
    FAINTWEB_EXPECTS(questions.n_rules <= max_rules);
    check_settings(settings);
    const c10::Device place = torch_device(device);
    FAINTWEB_EXPECTS(shared == nullptr || place.is_cpu());
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
                           .hidden_number = hidden_weight(shapes.size())});
    State& state = *state_;
    const std::int64_t n = info.n_parameters;
    const at::TensorOptions fp32 = at::TensorOptions(c10::ScalarType::Float).device(place);
    const std::int64_t n_hidden = n_values(state.hidden_shape());
    if (shared == nullptr || !state.share(*shared)) {
        state.weights = at::empty({n}, fp32);
        state.first_moment = at::empty({n}, fp32);
        state.second_moment = at::empty({n}, fp32);
        if (settings.precision == Precision::bf16) {
            const auto bf16 = fp32.dtype(c10::ScalarType::BFloat16);
            state.hidden_weights = at::empty(state.hidden_shape().shape, bf16);
            state.rounded_hidden_gradient = at::empty(state.hidden_shape().shape, bf16);
        }
    }
    state.gradients = at::zeros({state.sharing ? n - n_hidden : n}, fp32);
    state.n_steps = at::zeros({}, fp32);
    std::int64_t n_convolution = 0;
    std::int64_t first_gradient = 0;
    for (const at::Tensor& piece : pieces(state.weights, state.shapes)) {
        const std::size_t number = state.parameters.size();
        at::Tensor leaf = piece.detach();
        leaf.set_requires_grad(true);
        if (number == state.hidden_number) {
            n_convolution = first_gradient;
        }
        if (number != state.hidden_number || !state.sharing) {
            leaf.mutable_grad() =
                state.gradients.narrow(0, first_gradient, piece.numel()).view(piece.sizes());
            first_gradient += piece.numel();
        }
        state.parameters.push_back(leaf);
    }
    if (settings.precision == Precision::fp32) {
        state.hidden_weights = state.parameters[state.hidden_number].detach();
    }
    state.convolution_gradients = state.gradients.narrow(0, 0, n_convolution);
    state.connected_gradients =
        state.gradients.narrow(0, n_convolution, state.gradients.numel() - n_convolution);
    state.cut_blocks(n_convolution);

    Checkpoint start;
    for (const Tensor& tensor :
         random_weights(settings.network, tile_px, settings.seed, questions)) {
        start.weights.insert(start.weights.end(), tensor.values.begin(), tensor.values.end());
    }
    start.first_moment.resize(start.weights.size());
    start.second_moment.resize(start.weights.size());
    restore(start);
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
    if (state.sharing) {
        state.expect_part(std::ssize(labels), global_batch);
    }
    Sum sum;
    if (labels.empty()) {
        gradients();  // made zero if they were applied
        state.report(state.connected_gradients, on_ready);
        state.report(state.convolution_gradients, on_ready);
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
    if (state.sharing) {
        return {};
    }
    return {state.gradients.data_ptr<float>(), static_cast<std::size_t>(state.gradients.numel())};
}

Device TrainingStep::device() const {
    return state_->place;
}

bool TrainingStep::is_shared() const {
    return state_->sharing.has_value();
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
    if (state.sharing) {
        state.meet_with_factors();
        state.times.sharing_s += watch.lap();
    }
    for (const State::Block& block : state.blocks) {
        if (block.slopes.defined()) {
            state.make_hidden_gradients(block);
            state.times.backward_s += watch.lap();
        }
        at::_fused_adam_({block.of(state.weights)},
                         {block.gradients},
                         {block.of(state.first_moment)},
                         {block.of(state.second_moment)},
                         {},
                         {state.n_steps},
                         learning_rate,
                         0.9,
                         0.999,
                         /*weight_decay=*/0,
                         /*eps=*/1e-8,
                         /*amsgrad=*/false,
                         /*maximize=*/false);
        state.round_hidden_weights(block);
        state.times.optimiser_s += watch.lap();
    }
    state.is_applied = true;
    if (state.sharing) {
        state.sharing->n_batch = 0;
        state.sharing->memory->meet();
        state.times.sharing_s += watch.lap();
    }
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
    if (state.sharing) {
        state.sharing->memory->meet();  // nobody reads what is there any more
        state.sharing->n_batch = 0;
        state.sharing->n_chunks = 0;
    }
    for (const State::Block& block : state.blocks) {
        block.of(state.weights).copy_(block.of(as_tensor(checkpoint.weights)));
        block.of(state.first_moment).copy_(block.of(as_tensor(checkpoint.first_moment)));
        block.of(state.second_moment).copy_(block.of(as_tensor(checkpoint.second_moment)));
        state.round_hidden_weights(block);
    }
    state.n_steps.fill_(static_cast<double>(checkpoint.n_steps));
    state.is_applied = true;
    if (state.sharing) {
        state.sharing->memory->meet();
    }
}

}  // namespace faintweb::learn
