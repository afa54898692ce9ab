#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "apps/commands.h"
#include "apps/stages.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "lib/base/text.h"
#include "lib/sky/lightcone/lightcone.h"
#include "lib/tile/grid.h"
#include "mpi/pipeline/boxes.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/output_lock.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/sky_maps.h"
#include "mpi/pipeline/training_tiles.h"

namespace faintweb::apps {
namespace {

using campaign::Campaign;
using campaign::Stage;

std::string settings_of(const Campaign& campaign, const std::vector<std::string>& sections) {
    return campaign::settings_text(campaign, sections, campaign::InputNames::included);
}

/// All that a stage's output depends on. A stage with the same state as when it last ended is done.
std::string stage_state(const Campaign& campaign, Stage stage) {
    const std::string simulated =
        pipeline::mock_skies_state(campaign) + settings_of(campaign, {"simulate"});
    const std::string trained = simulated + campaign::training_text(campaign);
    switch (stage) {
        case Stage::simulate:
            return simulated;
        case Stage::train:
            return trained;
        case Stage::evaluate:
            return trained + settings_of(campaign, {"evaluate"});
        case Stage::detect:
            break;
    }
    std::string state = trained + settings_of(campaign, {"detect"});
    // These change no result but what is written.
    for (const std::string& format : campaign.detect.exports) {
        state += "export " + format + "\n";
    }
    state += base::text("pictures ", campaign.detect.pictures, "\n");
    for (const auto& files :
         {campaign.detect.maps, campaign.detect.truth, std::vector{campaign.detect.model}}) {
        for (const std::string& file : files) {
            state += base::text(file, " ", base::file_stamp(file), "\n");
        }
    }
    return state;
}

std::vector<std::string> outputs_of(const Campaign& campaign, Stage stage) {
    switch (stage) {
        case Stage::simulate: {
            std::vector<std::string> outputs;
            for (const sky::SkySet set : {sky::SkySet::train, sky::SkySet::test}) {
                if (pipeline::is_in_memory(campaign, set)) {
                    continue;
                }
                int number = 0;
                for (const pipeline::MapPaths& paths : pipeline::mock_maps(campaign, set)) {
                    // A sky without its haloes is one of other settings.
                    outputs.insert(
                        outputs.end(),
                        {paths.map, paths.truth, pipeline::halo_path(campaign, set, number++)});
                }
            }
            return outputs;
        }
        case Stage::train:
            return pipeline::models_of_training(campaign);
        case Stage::evaluate:
            return {campaign.output + "/evaluation.json"};
        case Stage::detect:
            return {pipeline::catalogue_path(campaign)};
    }
    return {};
}

std::string stamp_path(const Campaign& campaign, Stage stage) {
    return base::text(campaign.output, "/.stages/", campaign::stage_name(stage));
}

}  // namespace

std::string stage_hash(const Campaign& campaign, Stage stage) {
    return base::sha256(stage_state(campaign, stage));
}

bool is_finished(const Campaign& campaign, Stage stage) {
    std::ifstream stamp(stamp_path(campaign, stage));
    std::string hash;
    if (!(stamp >> hash) || hash != stage_hash(campaign, stage)) {
        return false;
    }
    for (const std::string& output : outputs_of(campaign, stage)) {
        if (!std::filesystem::exists(output)) {
            return false;
        }
    }
    return true;
}

void mark_finished(const Campaign& campaign, Stage stage) {
    base::write_file(stamp_path(campaign, stage), stage_hash(campaign, stage) + "\n");
}

void forget_from(const comm::Communicator& communicator, const Campaign& campaign, Stage stage) {
    comm::on_root(communicator, [&] {
        for (const Stage later : all_stages) {
            std::error_code error;
            if (later >= stage) {
                std::filesystem::remove(stamp_path(campaign, later), error);
            }
            if (error) {
                throw base::DiskError(base::text("cannot remove ",
                                                 stamp_path(campaign, later),
                                                 " (",
                                                 error.message(),
                                                 "), make its folder writable"));
            }
        }
    });
}

namespace {

std::string megabytes(double bytes) {
    return base::text(std::llround(bytes / 1e6), " MB");
}

/// Prints which boxes a stage would make and what that takes.
void print_boxes(const std::string& stage, const Campaign& campaign) {
    const pipeline::BoxStack stack = pipeline::stack_boxes(campaign, 1);
    if (stack.store.n_states() == 0) {
        return;
    }
    const auto n_missing = static_cast<double>(stack.store.n_missing_states());
    base::print(base::text(stage,
                           ": ",
                           stack.store.n_missing_states(),
                           " of ",
                           stack.store.n_states(),
                           " box states are to be made in ",
                           campaign.boxes.folder,
                           ", up to ",
                           megabytes(n_missing * stack.cost.disk_bytes),
                           " on disk, ",
                           megabytes(stack.cost.memory_bytes),
                           " of memory per rank, about ",
                           base::duration_text(n_missing * stack.cost.core_s),
                           " of one core"));
}

base::ExitCode run_stage(const comm::Communicator& communicator,
                         const Campaign& campaign,
                         Stage stage) {
    switch (stage) {
        case Stage::simulate:
            return simulate(communicator, campaign);
        case Stage::train:
            return train(communicator, campaign);
        case Stage::evaluate:
            return evaluate(communicator, campaign);
        case Stage::detect:
            return detect(communicator, campaign);
    }
    return base::ExitCode::internal;
}

/// FITS images that the simulate stage writes of each sky.
double images_per_sky(const Campaign& campaign) {
    double n_images = 2;  // with and without noise
    if (campaign.simulate.layers) {
        n_images += 1 + static_cast<double>(sky::emission_layers(campaign.sky).size());
    }
    n_images += 2 * static_cast<double>(campaign.simulate.slabs.size());
    return n_images + (campaign.observation.noise_scatter > 0 ? 1 : 0);
}

/// Edge of the largest map of a box that skies are made from; 0 where maps are ready.
int largest_map_px(const Campaign& campaign) {
    switch (campaign.sky.source) {
        case sky::SkySource::boxes:
            return std::max(campaign.boxes.map_px, campaign.boxes.web_map_px);
        case sky::SkySource::hdf5:
            return campaign.boxes.web_map_px;
        case sky::SkySource::fits:
            break;
    }
    return 0;
}

std::string time_of_skies(std::int64_t n_pixels) {
    return base::text(
        "about ", base::duration_text(sky::sky_cost(n_pixels, 0, 0).core_s), " of one core");
}

/// Prints what the stages of a campaign would do.
void print_work(const Campaign& campaign) {
    const std::int64_t sky_px = campaign.sky.size_px;
    const bool is_ready = campaign.sky.source == sky::SkySource::fits;
    const auto windows_of = [&](std::int64_t cols, std::int64_t rows) {
        return tile::field_windows(cols, rows, campaign.field_px, campaign.tile_px);
    };
    const auto tiles_of = [&](std::int64_t cols, std::int64_t rows) {
        std::int64_t n_tiles = 0;
        for (const image::Window& window : windows_of(cols, rows)) {
            n_tiles += tile::TileGrid{window.rows, window.cols, campaign.tile_px}.count();
        }
        return n_tiles;
    };
    struct Work {
        std::int64_t n_pixels = 0;
        std::int64_t largest_px = 0;  ///< pixels of the largest sky
        std::int64_t n_fields = 0;
        std::int64_t n_tiles = 0;
    };
    const auto work_of = [&](sky::SkySet set) {
        Work work;
        // Skies of one campaign are all alike but where maps are ready.
        const int n_skies = pipeline::n_mocks(campaign, set);
        const int n_different = is_ready ? n_skies : std::min(n_skies, 1);
        for (int number = 0; number < n_different; ++number) {
            const auto [cols, rows] = pipeline::size_of_sky(campaign, set, number);
            const std::int64_t n_alike = n_skies / n_different;
            work.n_pixels += n_alike * cols * rows;
            work.largest_px = std::max(work.largest_px, cols * rows);
            work.n_fields += n_alike * static_cast<std::int64_t>(windows_of(cols, rows).size());
            work.n_tiles += n_alike * tiles_of(cols, rows);
        }
        return work;
    };
    const double field_bytes =
        static_cast<double>(campaign.field_px * campaign.field_px) * sizeof(float);
    const std::string size =
        is_ready ? std::string() : base::text(" of ", sky_px, " x ", sky_px, " px");
    const bool trains_from_memory = pipeline::is_in_memory(campaign, sky::SkySet::train);
    for (const Stage stage : campaign.stages) {
        const std::string name = campaign::stage_name(stage);
        if (stage == Stage::simulate) {
            print_boxes(name, campaign);
            const Work training = trains_from_memory ? Work{} : work_of(sky::SkySet::train);
            const Work testing = work_of(sky::SkySet::test);
            const std::int64_t n_pixels = training.n_pixels + testing.n_pixels;
            const sky::SkyCost largest =
                sky::sky_cost(std::max(training.largest_px, testing.largest_px),
                              largest_map_px(campaign),
                              campaign.simulate.layers
                                  ? 1 + static_cast<int>(sky::emission_layers(campaign.sky).size())
                                  : 0);
            base::print(base::text(
                name,
                ": ",
                trains_from_memory ? 0 : campaign.simulate.n_train,
                " training and ",
                campaign.simulate.n_test,
                " test skies",
                size,
                ", ",
                megabytes(images_per_sky(campaign) * sizeof(float) * static_cast<double>(n_pixels)),
                " on disk, ",
                megabytes(largest.memory_bytes),
                " of memory per rank, ",
                time_of_skies(n_pixels)));
        } else if (stage == Stage::train) {
            const Work training = work_of(sky::SkySet::train);
            if (trains_from_memory) {
                if (!campaign.has_stage(Stage::simulate)) {
                    print_boxes(name, campaign);
                }
                base::print(base::text(
                    name,
                    ": ",
                    campaign.simulate.n_train,
                    " training skies",
                    size,
                    " are made in memory, up to ",
                    megabytes(sky::sky_cost(training.largest_px, largest_map_px(campaign), 0)
                                  .memory_bytes),
                    " per rank, nothing on disk, ",
                    time_of_skies(training.n_pixels)));
            }
            const std::int64_t n_tiles = training.n_tiles;
            base::print(base::text(
                name,
                ": ",
                training.n_fields,
                " fields, ",
                n_tiles,
                " tiles, ",
                megabytes(
                    static_cast<double>(n_tiles * pipeline::network_of(campaign).n_sample_values) *
                    sizeof(std::uint16_t)),
                " of memory over all ranks, ",
                campaign.train.epochs,
                " epochs"));
        } else if (stage == Stage::evaluate) {
            const Work testing = work_of(sky::SkySet::test);
            base::print(base::text(name,
                                   ": ",
                                   testing.n_fields,
                                   " fields, ",
                                   testing.n_tiles,
                                   " tiles",
                                   trains_from_memory && campaign.evaluate.threshold_finder
                                       ? ", the training skies are made again, " +
                                             time_of_skies(work_of(sky::SkySet::train).n_pixels)
                                       : ""));
        } else {
            std::int64_t n_fields = 0;
            std::int64_t n_tiles = 0;
            if (campaign.detect.maps.front() == campaign::simulated_maps) {
                const Work testing = work_of(sky::SkySet::test);
                n_fields = testing.n_fields;
                n_tiles = testing.n_tiles;
            } else {
                for (const pipeline::MapPaths& map : pipeline::maps_to_detect(campaign).maps) {
                    try {
                        const image::MapInfo info =
                            image::FitsMap::open(map.map, campaign::map_options(campaign)).info();
                        n_fields +=
                            static_cast<std::int64_t>(windows_of(info.cols, info.rows).size());
                        n_tiles += tiles_of(info.cols, info.rows);
                    } catch (const base::InputError& error) {
                        base::print(base::text(name, ": would not use ", error.what()));
                    }
                }
            }
            // Every thread of a rank: the fields that it holds, and about two more in the network.
            const int n_threads = pipeline::threads_of_rank(campaign, comm::Communicator());
            base::print(
                base::text(name,
                           ": ",
                           n_fields,
                           " fields, ",
                           n_tiles,
                           " tiles, up to ",
                           megabytes(field_bytes * (campaign.parallel.credits + 2) * n_threads),
                           " of memory where one rank has all cores, ",
                           megabytes(static_cast<double>(n_tiles) * sizeof(float)),
                           " of scores on disk"));
        }
    }
}

}  // namespace

base::ExitCode finish_stage(const comm::Communicator& communicator,
                            const Campaign& campaign,
                            Stage stage) {
    if (comm::from_root(communicator, [&] { return is_finished(campaign, stage); })) {
        if (communicator.is_root()) {
            base::print(base::text(campaign::stage_name(stage),
                                   ": finished before and unchanged, skipped"));
        }
        return base::ExitCode::done;
    }
    pipeline::prepare_folder(communicator, campaign.output + "/.stages");
    forget_from(communicator, campaign, stage);
    const base::ExitCode code = run_stage(communicator, campaign, stage);
    if (communicator.is_root() && code == base::ExitCode::done) {
        mark_finished(campaign, stage);
    }
    return code;
}

base::ExitCode run(const comm::Communicator& communicator, const Campaign& campaign) {
    base::ExitCode worst = base::ExitCode::done;
    for (const Stage stage : campaign.stages) {
        worst = std::max(worst, finish_stage(communicator, campaign, stage));
    }
    if (communicator.is_root()) {
        base::print("results are in " + campaign.output);
    }
    return worst;
}

base::ExitCode run_one(const comm::Communicator& communicator,
                       const Campaign& campaign,
                       Stage stage) {
    pipeline::prepare_folder(communicator, campaign.output);
    forget_from(communicator, campaign, stage);
    return run_stage(communicator, campaign, stage);
}

base::ExitCode dry_run(const Campaign& campaign) {
    print_work(campaign);
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
