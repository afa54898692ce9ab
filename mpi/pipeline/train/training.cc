// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/train/training.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "lib/base/drain.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/stopwatch.h"
#include "lib/base/version.h"
#include "lib/infer/classifier.h"
#include "lib/learn/half.h"
#include "lib/learn/sampling.h"
#include "lib/learn/schedule.h"
#include "lib/report/reliability.h"
#include "lib/score/calibration.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/paths.h"

namespace faintweb::pipeline {
namespace {

std::string line_of_validation(const learn::Model& model, const ScoredTiles::OfRule& scored) {
    const score::Confusion confusion = score::count_outcomes(infer::scores_of_logits(scored.logits),
                                                             scored.labels, model.threshold);
    return fmt::format("{} at threshold {:g}", score::text_of_ratios(confusion), model.threshold);
}

score::Validation validate(const ScoredTiles::OfRule& tiles) {
    return score::validate(infer::scores_of_logits(tiles.logits), tiles.labels);
}

/// Mean over the label rules that have signal tiles; of the last where none has.
score::Validation validate(const ScoredTiles& scored) {
    std::vector<score::Validation> of_rules;
    for (const ScoredTiles::OfRule& tiles : scored.rules) {
        const bool has_signal = std::ranges::find(tiles.labels, 1) != tiles.labels.end();
        if (has_signal) {
            of_rules.push_back(validate(tiles));
        }
    }
    if (of_rules.empty()) {
        of_rules.push_back(validate(scored.rules.back()));
    }
    const auto mean = [&](double score::Validation::*value) {
        double sum = 0;
        for (const score::Validation& of_rule : of_rules) {
            sum += of_rule.*value;
        }
        return sum / static_cast<double>(of_rules.size());
    };
    return {mean(&score::Validation::a_s), mean(&score::Validation::w_s),
            mean(&score::Validation::w_v), mean(&score::Validation::best_a_s),
            mean(&score::Validation::best_threshold)};
}

}  // namespace

Training::Training(const comm::Communicator& communicator,
                   const campaign::Campaign& campaign,
                   const TrainingTiles& tiles,
                   learn::Device device)
    : communicator_(communicator),
      campaign_(campaign),
      settings_(campaign.train),
      tiles_(tiles),
      rules_(campaign::label_rules(campaign)),
      network_(network_of(campaign)),
      device_(device),
      n_threads_(threads_of_rank(campaign, communicator)),
      directory_(communicator, tiles.train.shard),
      reducer_(comm::make_gradient_reducer(
          communicator,
          {.kind = campaign.parallel.reducer,
           .wire = settings_.wire == learn::Precision::bf16 ? comm::Wire::bf16 : comm::Wire::fp32,
           .gpu = device.kind == learn::DeviceKind::cuda ? device.index : -1})),
      step_(campaign.train,
            campaign.tile_px,
            device,
            n_threads_,
            reducer_->shared_memory(),
            network_.heads) {
    if (communicator.is_root() && reducer_->shared_memory() != nullptr && !step_.is_shared()) {
        base::log_warning(
            "train: /dev/shm has too little room for the weights, which every rank then keeps for "
            "itself (slower, and not to the bit what it is with more), enlarge it");
    }
    if (communicator.is_root() && settings_.precision == learn::Precision::bf16 &&
        !learn::has_fast_bf16(device)) {
        base::log_warning(
            "train: train.precision is bf16 (this CPU has no AVX-512 and is faster with fp32), set "
            "it to fp32");
    }
    std::size_t n_signal = directory_.signal_ids().size();
    std::size_t n_noise = directory_.noise_ids().size();
    if (settings_.max_tiles > 0) {
        const double share = 1 / (1 + settings_.noise_per_signal);
        n_signal =
            static_cast<std::size_t>(std::max(1LL, std::llround(settings_.max_tiles * share)));
        n_noise = static_cast<std::size_t>(settings_.max_tiles) - n_signal;
    }
    signal_ids_ = learn::choose_tiles(settings_.seed, directory_.signal_ids(), n_signal);
    noise_ids_ = learn::choose_tiles(settings_.seed, directory_.noise_ids(), n_noise);
    state_.settings_sha256 = base::sha256(base::version() + "\n" + tiles.sha256 + "\n" +
                                          campaign::settings_text(campaign, {"seed"}) +
                                          campaign::training_text(campaign));
}

std::vector<label::LabelRule> Training::rules_without_signal() const {
    std::vector<label::LabelRule> rules;
    for (std::size_t r = 0; r < rules_.size(); ++r) {
        const auto is_signal = [&](comm::SampleId id) {
            return ((directory_.labels(id) >> r) & 1U) != 0;
        };
        if (std::ranges::none_of(signal_ids_, is_signal)) {
            rules.push_back(rules_[r]);
        }
    }
    return rules;
}

void Training::resume() {
    const auto n_parameters = static_cast<std::size_t>(network_.n_parameters);
    const std::string bytes = comm::from_root(communicator_, [&] {
        return learn::last_good_checkpoint(folder(), state_.settings_sha256, n_parameters);
    });
    if (bytes.empty()) {
        return;
    }
    state_ = learn::parse_checkpoint(bytes);
    step_.restore(state_.step);
    if (state_.sums.size() == static_cast<std::size_t>(communicator_.size())) {
        sum_ = state_.sums[static_cast<std::size_t>(communicator_.rank())];
    } else if (communicator_.is_root()) {
        for (const learn::TrainingStep::Sum& sum : state_.sums) {
            sum_.loss += sum.loss;
            sum_.n_right += sum.n_right;
        }
    }
    if (communicator_.is_root()) {
        base::log_info(
            fmt::format("train: goes on from the checkpoint after step {}", state_.step.n_steps));
    }
    state_.step = {};
}

void Training::run() {
    base::Progress progress("train", "epochs", settings_.epochs - state_.epoch);
    while (state_.epoch < settings_.epochs &&
           !score::is_out_of_patience(state_.history, settings_.choose_threshold,
                                      settings_.patience)) {
        train_epoch();
        end_epoch(progress);
    }
    if (communicator_.is_root()) {
        progress.finish();
    }
}

void Training::finish() {
    const bool keeps_best =
        settings_.keep == learn::KeptWeights::best && !state_.best_weights.empty();
    const std::vector<learn::WeightShape> shapes =
        learn::weight_shapes(settings_.network, campaign_.tile_px, network_.heads);
    const std::vector<learn::Tensor> tensors =
        keeps_best ? learn::tensors_of(state_.best_weights, shapes) : step_.weights();
    const int kept_epoch =
        keeps_best ? score::best_epoch(state_.history, settings_.choose_threshold) : state_.epoch;
    const std::optional<ScoredTiles> scored = score_validation(tensors);
    comm::on_root(communicator_, [&] {
        write_models(tensors, kept_epoch, /*is_last=*/true, scored);
        // Nothing is left to go on with, and the next training is another.
        learn::remove_checkpoints(checkpoints());
    });
    if (communicator_.is_root()) {
        base::log_info(fmt::format(
            "train: wrote {}{}, the weights after epoch {}", model_path(campaign_),
            rules_.size() > 1 ? fmt::format(" and those of {} other label rules", rules_.size() - 1)
                              : "",
            kept_epoch));
    }
    if (campaign_.parallel.profile) {
        profile_.step = step_.times();
        profile_.reduction = reducer_->times();
        const std::string table = profile_table(communicator_, profile_);
        if (communicator_.is_root()) {
            base::print(table);
        }
    }
}

void Training::train_epoch() {
    const auto epoch = static_cast<std::uint32_t>(state_.epoch);
    const std::vector<comm::SampleId> order = learn::epoch_samples(
        settings_.seed, epoch, signal_ids_, noise_ids_, settings_.noise_per_signal);
    const auto batch_size = static_cast<std::size_t>(settings_.batch_size);
    n_samples_ = order.size();
    steps_per_epoch_ = static_cast<std::int64_t>((order.size() + batch_size - 1) / batch_size);
    comm::EpochSamples parts(communicator_, tiles_.train.shard, directory_, order, batch_size,
                             learn::grain_of(settings_, communicator_.size()),
                             TileMemory(campaign_).chunk_bytes,
                             static_cast<std::size_t>(state_.n_batches));
    timing_ = {.epoch = state_.epoch + 1};
    const auto reduced_s = [&] { return reducer_->times().exposed_s + step_.times().sharing_s; };
    const double reduced_before_s = reduced_s();
    base::Stopwatch whole;
    base::Stopwatch stopwatch;
    std::size_t n_trained = 0;
    std::vector<float> samples;
    std::vector<std::uint8_t> labels;
    std::vector<learn::SampleKey> keys;
    while (parts.has_next()) {
        stopwatch.lap();
        const comm::EpochSamples::Part part = parts.next();
        timing_.exchange_s += stopwatch.lap();
        samples.resize(part.samples.size());
        learn::from_half(part.samples, samples);
        labels.clear();
        keys.clear();
        for (const comm::SampleId id : part.ids) {
            labels.push_back(directory_.labels(id));
            keys.push_back({settings_.seed, epoch, id});
        }
        const learn::TrainingStep::Sum sum =
            step_.accumulate(samples, labels, keys, static_cast<std::int64_t>(part.n_global),
                             [&](std::span<float> piece) { reducer_->add(piece); });
        reducer_->finish();
        step_.apply(learn::learning_rate_of(settings_, n_steps(), steps_per_epoch_));
        sum_.loss += sum.loss;
        sum_.n_right += sum.n_right;
        n_trained += part.n_global;
        ++state_.n_batches;
        ++profile_.n_steps;
        stop_or_checkpoint();
    }
    timing_.train_s = whole.lap();
    timing_.reduce_s = reduced_s() - reduced_before_s;
    profile_.exchange_s += timing_.exchange_s;
    timing_.tiles_per_s = static_cast<double>(n_trained) / timing_.train_s;
}

void Training::end_epoch(base::Progress& progress) {
    std::vector<double> sums{sum_.loss, static_cast<double>(sum_.n_right)};
    communicator_.sum(std::span(sums));
    score::EpochRecord record;
    record.epoch = state_.epoch + 1;
    record.n_steps = n_steps();
    record.learning_rate = learn::learning_rate_of(settings_, n_steps() - 1, steps_per_epoch_);
    record.loss = sums[0] / static_cast<double>(n_samples_);
    record.accuracy = sums[1] / static_cast<double>(n_samples_ * rules_.size());
    check_sums(sums[0]);
    const std::vector<int>& kept = settings_.keep_epochs;
    const bool is_kept = std::find(kept.begin(), kept.end(), record.epoch) != kept.end();
    const bool is_due =
        record.epoch % settings_.validate_every == 0 || record.epoch == settings_.epochs;
    base::Stopwatch stopwatch;
    std::optional<ScoredTiles> scored;
    if (is_due || is_kept) {
        scored = score_validation(step_.weights());
    }
    if (scored && is_due) {
        record.validation = validate(*scored);
    }
    timing_.validate_s = stopwatch.lap();
    state_.history.push_back(record);
    state_.timings.push_back(timing_);
    if (settings_.keep == learn::KeptWeights::best &&
        score::best_epoch(state_.history, settings_.choose_threshold) == record.epoch) {
        state_.best_weights = step_.checkpoint().weights;
    }
    state_.epoch = record.epoch;
    state_.n_batches = 0;
    sum_ = {};
    comm::on_root(communicator_, [&] {
        if (is_kept) {
            write_models(step_.weights(), record.epoch, /*is_last=*/false, scored);
        }
        base::write_file(campaign_.output + "/history.csv", score::history_csv(state_.history));
        base::write_file(campaign_.output + "/timing.csv", score::timing_csv(state_.timings));
        std::string note = fmt::format("loss {:g}, right {:g}", record.loss, record.accuracy);
        if (record.validation) {
            note += fmt::format(", A_s {:g}, at best {:g}", record.validation->a_s,
                                record.validation->best_a_s);
        }
        progress.advance(1, note);
    });
}

void Training::check_sums(double loss) const {
    if (!std::isfinite(loss)) {
        throw TrainingFailed(base::ExitCode::usage,
                             fmt::format("training diverged in epoch {} (the loss is no longer "
                                         "finite), lower train.learning_rate",
                                         state_.epoch + 1));
    }
}

void Training::stop_or_checkpoint() {
    // The ranks agree after each step: that one of them was asked to stop, or that the time for a
    // checkpoint has come, is not known to all.
    enum Wish : std::int64_t { go_on, checkpoint, stop };
    std::int64_t wish = go_on;
    if (base::is_asked_to_stop()) {
        wish = stop;
    } else if (communicator_.is_root() &&
               std::chrono::steady_clock::now() - checkpointed_ >=
                   std::chrono::duration<double>(settings_.checkpoint_every_s)) {
        wish = checkpoint;
    }
    wish = communicator_.max(wish);
    if (wish == go_on) {
        return;
    }
    state_.sums = communicator_.all_gather(sum_);
    double loss = 0;
    for (const learn::TrainingStep::Sum& sum : state_.sums) {
        loss += sum.loss;
    }
    check_sums(loss);
    comm::on_root(communicator_, [&] {
        state_.step = step_.checkpoint();
        learn::write_checkpoint(folder(), state_);
        state_.step = {};
    });
    checkpointed_ = std::chrono::steady_clock::now();
    if (wish == stop) {
        throw comm::CollectiveError(base::ExitCode::interrupted,
                                    fmt::format("train: stopped after step {} (it was asked to), "
                                                "the same command goes on from there",
                                                n_steps()));
    }
}

std::optional<ScoredTiles> Training::score_validation(
    const std::vector<learn::Tensor>& tensors) const {
    if (settings_.validation_skies == 0) {
        return std::nullopt;
    }
    learn::Model model;
    model.network = settings_.network;
    model.tile_px = campaign_.tile_px;
    model.tensors = tensors;
    const infer::Classifier classifier(model, device_, n_threads_);
    return score_tiles(communicator_, classifier, tiles_.validation.shard,
                       static_cast<std::size_t>(network_.n_tile_values()), rules_.size());
}

void Training::write_models(const std::vector<learn::Tensor>& tensors,
                            int epoch,
                            bool is_last,
                            const std::optional<ScoredTiles>& scored) const {
    learn::Model model;
    model.network = settings_.network;
    model.n_thresholds = network_.heads.n_thresholds;
    model.tile_px = campaign_.tile_px;
    model.scaling = settings_.scaling;
    model.pixel_arcsec = campaign_.sky.pixel_arcsec;
    model.beam = {campaign_.observation.beam_fwhm_arcsec, campaign_.observation.beam_fwhm_arcsec,
                  0};
    model.noise_jy_beam = campaign_.observation.noise_jy_beam;
    model.frequency_hz = campaign_.sky.frequency_hz;
    if (campaign_.point_sources.enabled || campaign_.sky.source != sky::SkySource::fits) {
        // What ready maps show beside diffuse emission nobody says.
        model.has_compact_sources = campaign_.point_sources.enabled;
    }
    model.training_data_sha256 = tiles_.sha256;
    model.history = state_.history;
    model.kept_epoch = epoch;
    const auto of_epoch = std::ranges::find(model.history, epoch, &score::EpochRecord::epoch);
    campaign::Campaign of_rule = campaign_;
    for (std::size_t r = 0; r < rules_.size(); ++r) {
        of_rule.label = model.label_rule = rules_[r];
        model.tensors =
            learn::weights_of_rule(settings_.network, tensors, static_cast<std::int64_t>(r));
        if (scored) {
            const auto& [logits, labels] = scored->rules[r];
            model.calibration = score::fit_calibration(logits, labels);
            if (of_epoch != model.history.end() && of_epoch->validation) {
                of_epoch->validation = validate(scored->rules[r]);
            }
            if (settings_.choose_threshold) {
                model.threshold =
                    score::best_threshold(infer::scores_of_logits(logits), labels).threshold;
            }
        }
        learn::write_model(is_last ? model_path(of_rule) : epoch_model_path(of_rule, epoch), model);
        if (scored && is_last) {
            write_reliability(model, campaign::rule_suffix(of_rule), scored->rules[r]);
        }
    }
}

void Training::write_reliability(const learn::Model& model,
                                 const std::string& suffix,
                                 const ScoredTiles::OfRule& scored) const {
    if (model.calibration == score::Calibration{}) {
        base::log_warning(
            fmt::format("train: the model of {} is not calibrated (the validation skies hold no "
                        "signal, or nothing else), raise train.validation_skies",
                        campaign::rule_name(model.label_rule)));
    }
    std::vector<double> probabilities;
    for (const float logit : scored.logits) {
        probabilities.push_back(
            score::probability_of(model.calibration, static_cast<double>(logit)));
    }
    const score::Reliability reliability = score::measure_reliability(probabilities, scored.labels);
    report::write_reliability(campaign_.output + "/reliability" + suffix, reliability,
                              settings_.network + ", validation");
    base::print(
        fmt::format("train: {} validation skies, more than {} px above {:g} Jy/arcsec2: {}, "
                    "expected calibration error {:g}",
                    settings_.validation_skies, model.label_rule.min_pixels,
                    model.label_rule.flux_threshold_jy_arcsec2, line_of_validation(model, scored),
                    reliability.expected_error));
}

}  // namespace faintweb::pipeline
