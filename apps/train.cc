#include <algorithm>
#include <cmath>
#include <mutex>
#include <span>
#include <sstream>

#include "apps/commands.h"
#include "apps/mock_fields.h"
#include "apps/training_tiles.h"
#include "apps/workplace.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "lib/base/text.h"
#include "lib/learn/model.h"
#include "lib/learn/sampling.h"
#include "lib/learn/training_step.h"
#include "lib/tile/grid.h"
#include "lib/tile/scaling.h"
#include "mpi/gradient_reducer.h"
#include "mpi/tile_exchange.h"

namespace faintweb::apps {
namespace {

/// Settings that the pixels and numbers of all tiles follow from.
std::string how_tiles_are_cut(const campaign::Campaign& campaign) {
    return base::text(campaign::settings_text(campaign, {"tile_px", "field_px", "train.scaling"}),
                      "margin ",
                      learn::network_info(campaign.train.network, campaign.tile_px).margin_px);
}

void gather_tiles(const mpi::Communicator& communicator,
                  const campaign::Campaign& campaign,
                  TrainingTiles& set) {
    const mpi::FieldPlan plan = plan_mock_fields(communicator, campaign, MockSet::train);
    set.shard = {.tile_px = campaign.tile_px, .ids = {}, .labels = {}, .tiles = {}};
    set.n_above.assign(set.flux_thresholds.size(), {});
    std::string hashes;
    const auto keep_tiles = [&](std::int64_t field, const mpi::FieldPixels& pixels) {
        const tile::TileGrid grid{pixels.noise.rows, pixels.noise.cols, campaign.tile_px};
        const tile::ScaledField scaled = tile::scale_field(pixels.noise, campaign.train.scaling);
        const std::vector<float> tiles = tile::cut_tiles(scaled.pixels, grid, scaled.blank_value);
        std::vector<std::vector<std::int32_t>> n_above;
        for (const double threshold : set.flux_thresholds) {
            n_above.push_back(label::count_above(*pixels.sky, grid, threshold));
        }
        const std::vector<std::int32_t> n_blank = tile::count_blanks(pixels.noise, grid);
        const std::int64_t tile_size = grid.tile_px * grid.tile_px;
        for (std::int64_t t = 0; t < grid.count(); ++t) {
            const auto i = static_cast<std::size_t>(t);
            if (!tile::is_blank_tile(n_blank[i], grid.tile_px)) {
                set.shard.ids.push_back(mpi::make_tile_id(field, t));
                for (std::size_t k = 0; k < n_above.size(); ++k) {
                    set.n_above[k].push_back(n_above[k][i]);
                }
                const auto first = tiles.begin() + t * tile_size;
                set.shard.tiles.insert(set.shard.tiles.end(), first, first + tile_size);
            }
        }
        hashes += base::text(field, " ", pixels.sha256, "\n");
    };
    work_on_mock_fields(communicator, campaign, MockSet::train, "train", plan, keep_tiles);

    std::vector<std::string> lines;
    for (const std::string& part : communicator.all_gather(hashes)) {
        std::istringstream stream(part);
        for (std::string line; std::getline(stream, line);) {
            lines.push_back(line);
        }
    }
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const std::string& line : lines) {
        all += line + "\n";
    }
    set.sha256 = base::sha256(all);
    set.cut_as = how_tiles_are_cut(campaign);
}

/// Gathers the tiles if they are not there, and labels them.
void prepare_tiles(const mpi::Communicator& communicator,
                   const campaign::Campaign& campaign,
                   TrainingTiles& set) {
    const auto place = [&] {
        return std::find(set.flux_thresholds.begin(),
                         set.flux_thresholds.end(),
                         campaign.label.flux_threshold_jy_arcsec2);
    };
    const bool is_known = place() != set.flux_thresholds.end();
    if (!is_known) {
        set.flux_thresholds.push_back(campaign.label.flux_threshold_jy_arcsec2);
    }
    if (!is_known || set.cut_as != how_tiles_are_cut(campaign)) {
        gather_tiles(communicator, campaign, set);
    }
    set.shard.labels = label::labels_of(
        set.n_above[static_cast<std::size_t>(place() - set.flux_thresholds.begin())],
        campaign.label);
}

/// The tiles that a training is limited to.
struct ChosenTiles {
    std::vector<mpi::TileId> signal;
    std::vector<mpi::TileId> noise;
};

ChosenTiles choose_tiles(const learn::TrainSettings& train, const mpi::TileDirectory& directory) {
    std::size_t n_signal = directory.signal_ids().size();
    std::size_t n_noise = directory.noise_ids().size();
    if (train.max_tiles > 0) {
        const double share = 1 / (1 + train.noise_per_signal);
        n_signal = static_cast<std::size_t>(std::max(1LL, std::llround(train.max_tiles * share)));
        n_noise = static_cast<std::size_t>(train.max_tiles) - n_signal;
    }
    return {learn::choose_tiles(train.seed, directory.signal_ids(), n_signal),
            learn::choose_tiles(train.seed, directory.noise_ids(), n_noise)};
}

/// Loss and accuracy of one epoch, over all ranks.
struct EpochResult {
    double loss = 0;
    double accuracy = 0;
    std::int64_t n_steps = 0;
};

EpochResult train_epoch(const mpi::Communicator& communicator,
                        const campaign::Campaign& campaign,
                        const mpi::Shard& shard,
                        const mpi::TileDirectory& directory,
                        const ChosenTiles& chosen,
                        std::uint32_t epoch,
                        learn::TrainingStep& step,
                        mpi::GradientReducer& reducer) {
    const std::vector<mpi::TileId> order = learn::epoch_samples(
        campaign.train.seed, epoch, chosen.signal, chosen.noise, campaign.train.noise_per_signal);
    const auto batch_size = static_cast<std::size_t>(campaign.train.batch_size);
    const std::vector<float> tiles =
        mpi::exchange_tiles(communicator, shard, directory, order, batch_size);
    const auto tile_size = static_cast<std::size_t>(shard.tile_px * shard.tile_px);

    std::vector<std::uint8_t> labels;
    std::vector<learn::SampleKey> keys;
    for (const std::size_t position : mpi::positions_of_rank(
             order.size(), batch_size, communicator.rank(), communicator.size())) {
        labels.push_back(directory.is_signal(order[position]) ? 1 : 0);
        keys.push_back({campaign.train.seed, epoch, order[position]});
    }
    std::vector<double> sums(2, 0.0);
    std::size_t first = 0;
    for (std::size_t start = 0; start < order.size(); start += batch_size) {
        const auto global = static_cast<std::int64_t>(std::min(batch_size, order.size() - start));
        const auto n = static_cast<std::size_t>(
            learn::batch_part(global, communicator.rank(), communicator.size()).n);
        const learn::TrainingStep::Sum part =
            step.accumulate(std::span(tiles).subspan(first * tile_size, n * tile_size),
                            std::span(labels).subspan(first, n),
                            std::span(keys).subspan(first, n),
                            global);
        reducer.add(step.gradients());
        reducer.finish();
        step.apply();
        sums[0] += part.loss;
        sums[1] += static_cast<double>(part.n_right);
        first += n;
    }
    communicator.sum(std::span(sums));
    const auto n_samples = static_cast<double>(order.size());
    return {sums[0] / n_samples,
            sums[1] / n_samples,
            static_cast<std::int64_t>((order.size() + batch_size - 1) / batch_size)};
}

}  // namespace

base::ExitCode train(const mpi::Communicator& communicator, const campaign::Campaign& campaign) {
    TrainingTiles tiles;
    return train_on(communicator, campaign, tiles);
}

base::ExitCode train_on(const mpi::Communicator& communicator,
                        const campaign::Campaign& campaign,
                        TrainingTiles& set) {
    prepare_output(communicator, model_path(campaign));
    learn::Device device;
    mpi::together(communicator, [&] {
        device = learn::choose_device(campaign.parallel.device, communicator.local_rank());
    });
    prepare_tiles(communicator, campaign, set);
    const mpi::TileDirectory directory(communicator, set.shard);
    if (directory.signal_ids().empty() || directory.noise_ids().empty()) {
        throw mpi::AgreedError(base::ExitCode::usage,
                               base::text("cannot train: the training fields hold ",
                                          directory.signal_ids().size(),
                                          " signal and ",
                                          directory.noise_ids().size(),
                                          " noise tiles (both are needed), raise simulate.n_train "
                                          "or lower label.flux_threshold_jy_arcsec2"));
    }
    const ChosenTiles chosen = choose_tiles(campaign.train, directory);
    learn::TrainingStep step(
        campaign.train, campaign.tile_px, device, threads_of_rank(campaign, communicator));
    const auto reducer = mpi::make_gradient_reducer(communicator);
    if (communicator.is_root()) {
        base::log_info(base::text("train: ",
                                  campaign.train.network,
                                  " on ",
                                  chosen.signal.size(),
                                  " signal and ",
                                  chosen.noise.size(),
                                  " noise tiles, ",
                                  learn::device_name(device)));
    }
    base::Progress progress("train", "epochs", campaign.train.epochs);
    std::string history = "epoch,loss,accuracy,steps\n";
    std::int64_t n_steps = 0;
    const auto write_model = [&](const std::string& path) {
        learn::Model model;
        model.network = campaign.train.network;
        model.tile_px = campaign.tile_px;
        model.scaling = campaign.train.scaling;
        model.label_rule = campaign.label;
        model.pixel_arcsec = campaign.sky.pixel_arcsec;
        model.beam = {
            campaign.observation.beam_fwhm_arcsec, campaign.observation.beam_fwhm_arcsec, 0};
        model.noise_jy_beam = campaign.observation.noise_jy_beam;
        model.frequency_hz = campaign.sky.frequency_hz;
        model.training_data_sha256 = set.sha256;
        model.tensors = step.weights();
        learn::write_model(path, model);
    };
    for (int epoch = 0; epoch < campaign.train.epochs; ++epoch) {
        const EpochResult result = train_epoch(communicator,
                                               campaign,
                                               set.shard,
                                               directory,
                                               chosen,
                                               static_cast<std::uint32_t>(epoch),
                                               step,
                                               *reducer);
        if (!std::isfinite(result.loss)) {
            throw mpi::AgreedError(
                base::ExitCode::usage,
                base::text("training diverged in epoch ",
                           epoch + 1,
                           " (the loss is no longer finite), lower train.learning_rate"));
        }
        n_steps += result.n_steps;
        history +=
            base::text(epoch + 1, ",", result.loss, ",", result.accuracy, ",", n_steps, "\n");
        if (communicator.is_root()) {
            progress.advance(1, base::text("loss ", result.loss, ", right ", result.accuracy));
            const std::vector<int>& kept = campaign.train.keep_epochs;
            if (std::find(kept.begin(), kept.end(), epoch + 1) != kept.end()) {
                write_model(epoch_model_path(campaign, epoch + 1));
            }
        }
    }
    if (communicator.is_root()) {
        progress.finish();
        write_model(model_path(campaign));
        base::write_file(campaign.output + "/history.csv", history);
        base::log_info("train: wrote " + model_path(campaign));
    }
    communicator.barrier();
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
