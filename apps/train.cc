#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <span>
#include <sstream>

#include "apps/commands.h"
#include "apps/mock_fields.h"
#include "apps/training_profile.h"
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

/// The labelled tiles that this rank was handed, and the hash of all ranks' pixels.
struct TrainingSet {
    mpi::Shard shard;
    std::string sha256;
};

TrainingSet gather_tiles(const mpi::Communicator& communicator,
                         const campaign::Campaign& campaign) {
    const mpi::FieldPlan plan = plan_mock_fields(communicator, campaign, MockSet::train);
    TrainingSet set;
    set.shard.tile_px = campaign.tile_px;
    std::string hashes;
    const auto keep_tiles = [&](std::int64_t field, const mpi::FieldPixels& pixels) {
        const tile::TileGrid grid{pixels.noise.rows, pixels.noise.cols, campaign.tile_px};
        const tile::ScaledField scaled = tile::scale_field(pixels.noise, campaign.train.scaling);
        const std::vector<float> tiles = tile::cut_tiles(scaled.pixels, grid, scaled.blank_value);
        const std::vector<std::uint8_t> labels =
            label::label_tiles(*pixels.sky, grid, campaign.label);
        const std::vector<std::int32_t> n_blank = tile::count_blanks(pixels.noise, grid);
        const std::int64_t tile_size = grid.tile_px * grid.tile_px;
        for (std::int64_t t = 0; t < grid.count(); ++t) {
            const auto i = static_cast<std::size_t>(t);
            if (!tile::is_blank_tile(n_blank[i], grid.tile_px)) {
                set.shard.ids.push_back(mpi::make_tile_id(field, t));
                set.shard.labels.push_back(labels[i]);
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
    return set;
}

/// Loss and accuracy of one epoch, over all ranks.
struct EpochResult {
    double loss = 0;
    double accuracy = 0;
};

EpochResult train_epoch(const mpi::Communicator& communicator,
                        const campaign::Campaign& campaign,
                        const mpi::Shard& shard,
                        const mpi::TileDirectory& directory,
                        std::uint32_t epoch,
                        learn::TrainingStep& step,
                        mpi::GradientReducer& reducer,
                        TrainingProfile& profile) {
    const std::vector<mpi::TileId> order = learn::epoch_samples(campaign.train.seed,
                                                                epoch,
                                                                directory.signal_ids(),
                                                                directory.noise_ids(),
                                                                campaign.train.noise_per_signal);
    const auto batch_size = static_cast<std::size_t>(campaign.train.batch_size);
    const auto before_exchange = std::chrono::steady_clock::now();
    const std::vector<float> tiles =
        mpi::exchange_tiles(communicator, shard, directory, order, batch_size);
    profile.exchange_s +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - before_exchange).count();
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
                            global,
                            [&](std::span<float> piece) { reducer.add(piece); });
        reducer.finish();
        step.apply();
        ++profile.n_steps;
        sums[0] += part.loss;
        sums[1] += static_cast<double>(part.n_right);
        first += n;
    }
    communicator.sum(std::span(sums));
    const auto n_samples = static_cast<double>(order.size());
    return {sums[0] / n_samples, sums[1] / n_samples};
}

}  // namespace

base::ExitCode train(const mpi::Communicator& communicator, const campaign::Campaign& campaign) {
    prepare_output(communicator, model_path(campaign));
    learn::Device device;
    mpi::together(communicator, [&] {
        device = learn::choose_device(campaign.parallel.device, communicator.local_rank());
    });
    const TrainingSet set = gather_tiles(communicator, campaign);
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
    learn::TrainingStep step(
        campaign.train, campaign.tile_px, device, threads_of_rank(campaign, communicator));
    const auto reducer = mpi::make_gradient_reducer(
        communicator,
        {.kind = campaign.parallel.reducer,
         .wire = campaign.train.wire == learn::Precision::bf16 ? mpi::Wire::bf16 : mpi::Wire::fp32,
         .gpu = device.kind == learn::DeviceKind::cuda ? device.index : -1});
    TrainingProfile profile;
    if (communicator.is_root()) {
        base::log_info(base::text("train: ",
                                  campaign.train.network,
                                  " on ",
                                  directory.signal_ids().size(),
                                  " signal and ",
                                  directory.noise_ids().size(),
                                  " noise tiles, ",
                                  learn::device_name(device)));
    }
    base::Progress progress("train", "epochs", campaign.train.epochs);
    std::string history = "epoch,loss,accuracy\n";
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
                                               static_cast<std::uint32_t>(epoch),
                                               step,
                                               *reducer,
                                               profile);
        if (!std::isfinite(result.loss)) {
            throw mpi::AgreedError(
                base::ExitCode::usage,
                base::text("training diverged in epoch ",
                           epoch + 1,
                           " (the loss is no longer finite), lower train.learning_rate"));
        }
        history += base::text(epoch + 1, ",", result.loss, ",", result.accuracy, "\n");
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
    if (campaign.parallel.profile) {
        profile.step = step.times();
        profile.reduction = reducer->times();
        const std::string table = profile_table(communicator, profile);
        if (communicator.is_root()) {
            base::print(table);
        }
    }
    communicator.barrier();
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
