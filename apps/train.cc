#include <algorithm>
#include <span>
#include <sstream>

#include "apps/commands.h"
#include "apps/mock_fields.h"
#include "apps/training.h"
#include "apps/workplace.h"
#include "lib/base/drain.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/label/cells.h"
#include "lib/learn/network.h"
#include "lib/tile/grid.h"
#include "lib/tile/scaling.h"

namespace faintweb::apps {
namespace {

TrainingSet gather_tiles(const mpi::Communicator& communicator,
                         const campaign::Campaign& campaign) {
    const learn::NetworkInfo info = learn::network_info(campaign.train.network, campaign.tile_px);
    const mpi::FieldPlan plan =
        plan_mock_fields(communicator, campaign, MockSet::train, info.margin_px);
    const auto empty_shard = [&] {
        return mpi::Shard{{},
                          {},
                          learn::SampleStore(static_cast<std::size_t>(info.n_sample_values),
                                             TileMemory(campaign).shard_bytes,
                                             campaign.output)};
    };
    TrainingSet set{empty_shard(), empty_shard(), {}};
    const int first_validation_sky = campaign.simulate.n_train - campaign.train.validation_skies;
    std::string hashes;
    const auto keep_tiles = [&](std::int64_t field, const mpi::FieldPixels& pixels) {
        if (base::is_asked_to_stop()) {
            throw base::Interrupted(
                "train: stopped before the first step (it was asked to), the same command begins "
                "again");
        }
        const tile::TileGrid grid{pixels.noise.rows, pixels.noise.cols, campaign.tile_px};
        const tile::ScaledField scaled =
            tile::scale_field(pixels.wide_noise, campaign.train.scaling, info.margin_px);
        const std::vector<float> tiles =
            tile::cut_tiles(scaled.pixels, grid, scaled.blank_value, info.margin_px);
        const std::vector<std::uint8_t> labels =
            label::label_tiles(*pixels.sky, grid, campaign.label);
        const std::vector<std::int32_t> n_blank = tile::count_blanks(pixels.noise, grid);
        const std::vector<float> parts = label::parts_above(
            *pixels.sky, grid, campaign.label.flux_threshold_jy_arcsec2, learn::cell_px);
        const auto tile_size = static_cast<std::size_t>(info.n_tile_values());
        const auto parts_size = static_cast<std::size_t>(info.n_cells * info.n_cells);
        const bool is_for_validation =
            plan.fields[static_cast<std::size_t>(field)].map >= first_validation_sky;
        mpi::Shard& shard = is_for_validation ? set.validation : set.train;
        std::vector<float> sample(tile_size + parts_size);
        for (std::int64_t t = 0; t < grid.count(); ++t) {
            const auto i = static_cast<std::size_t>(t);
            if (!tile::is_blank_tile(n_blank[i], grid.tile_px)) {
                shard.ids.push_back(mpi::make_tile_id(field, t));
                shard.labels.push_back(labels[i]);
                const auto end_of_tile =
                    std::ranges::copy(std::span(tiles).subspan(i * tile_size, tile_size),
                                      sample.begin())
                        .out;
                std::ranges::copy(std::span(parts).subspan(i * parts_size, parts_size),
                                  end_of_tile);
                shard.samples.add(sample);
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

}  // namespace

base::ExitCode train(const mpi::Communicator& communicator, const campaign::Campaign& campaign) {
    prepare_output(communicator, model_path(campaign));
    learn::Device device;
    mpi::together(communicator, [&] {
        device = learn::choose_device(campaign.parallel.device, communicator.local_rank());
    });
    const base::DrainSignals drain;
    const TrainingSet set = gather_tiles(communicator, campaign);
    Training training(communicator, campaign, set, device);
    const std::size_t n_signal = training.directory().signal_ids().size();
    const std::size_t n_noise = training.directory().noise_ids().size();
    if (n_signal == 0 || n_noise == 0) {
        throw mpi::AgreedError(base::ExitCode::usage,
                               base::text("cannot train: the training fields hold ",
                                          n_signal,
                                          " signal and ",
                                          n_noise,
                                          " noise tiles (both are needed), raise simulate.n_train "
                                          "or lower label.flux_threshold_jy_arcsec2"));
    }
    if (communicator.is_root()) {
        base::log_info(base::text("train: ",
                                  campaign.train.network,
                                  " on ",
                                  n_signal,
                                  " signal and ",
                                  n_noise,
                                  " noise tiles, ",
                                  learn::device_name(device)));
    }
    training.resume();
    training.run();
    training.finish();
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
