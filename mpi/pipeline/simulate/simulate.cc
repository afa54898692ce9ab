// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/simulate/simulate.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "lib/sky/lightcone/lightcone.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/mock_sky.h"
#include "mpi/pipeline/output_kinds.h"
#include "mpi/pipeline/output_lock.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/simulate/write_sky.h"

namespace faintweb::pipeline {
namespace {

using base::Output;
using campaign::Campaign;

/// Notes what the skies of a folder are made from. A sky is finished once its haloes are written,
/// which is done last; those made from anything else are forgotten.
///
/// @throws base::UsageError  if they lie in a folder that other campaigns may share.
void keep_only_current_skies(const campaign::Campaign& campaign) {
    const std::string folder = campaign::skies_folder(campaign);
    const std::string path = folder + "/.made_from";
    const std::string hash = base::sha256(mock_skies_state(campaign)) + "\n";
    std::ifstream file(path);
    std::ostringstream before;
    before << file.rdbuf();
    if (before.str() == hash) {
        return;
    }
    if (!campaign.simulate.folder.empty() && !before.str().empty()) {
        throw base::UsageError(fmt::format(
            "{}: the skies in {} are made from other settings or by another version (another "
            "campaign may need them), name another simulate.folder or remove it",
            campaign::position_of(campaign, "simulate.folder"), folder));
    }
    for (const char* set : {"/train", "/test"}) {
        for (const auto& entry : std::filesystem::directory_iterator(folder + set)) {
            if (entry.path().filename().string().starts_with("haloes_") &&
                begins_with(entry.path(), halo_columns)) {
                std::filesystem::remove(entry.path());
            }
        }
    }
    base::write_file(path, hash);
}

base::ExitCode run_simulate(const comm::Communicator& communicator,
                            const campaign::Campaign& campaign) {
    const bool writes_train = !is_in_memory(campaign, sky::SkySet::train);
    const int n_train = writes_train ? campaign.simulate.n_train : 0;
    const int n_all = n_train + campaign.simulate.n_test;
    const std::string folder = campaign::skies_folder(campaign);
    prepare_folder(communicator, folder + "/train");
    prepare_folder(communicator, folder + "/test");
    const auto set_of = [&](int i) { return i < n_train ? sky::SkySet::train : sky::SkySet::test; };
    const auto number_of = [&](int i) { return i < n_train ? i : i - n_train; };
    const bool is_all_there = comm::from_root(communicator, [&] {
        keep_only_current_skies(campaign);
        for (int i = 0; i < n_all; ++i) {
            if (!is_sky_written(campaign, set_of(i), number_of(i))) {
                return false;
            }
        }
        return true;
    });
    if (is_all_there) {
        if (communicator.is_root()) {
            base::log_info("simulate: all skies are in " + folder);
        }
        return base::ExitCode::done;
    }
    const int n_threads = threads_of_rank(campaign, communicator);
    MockSkies skies(communicator, campaign);
    // Every sky costs about the same: dealing them in turn is fair, and rank 0 sees the pace of
    // all.
    base::Progress progress(
        "simulate", "skies",
        (n_all - communicator.rank() + communicator.size() - 1) / communicator.size());
    for (int i = communicator.rank(); i < n_all; i += communicator.size()) {
        const sky::SkySet set = set_of(i);
        const int number = number_of(i);
        if (!is_sky_written(campaign, set, number)) {
            write_sky(campaign, skies, set, number, n_threads);
        }
        if (communicator.is_root()) {
            progress.advance();
        }
    }
    communicator.barrier();
    if (communicator.is_root()) {
        progress.finish();
        base::log_info(fmt::format("simulate: {} training and {} test skies in {}{}", n_train,
                                   campaign.simulate.n_test, folder,
                                   writes_train ? "" : ", training skies are made when needed"));
    }
    return base::ExitCode::done;
}

std::string settings_of_simulate(const Campaign& campaign) {
    return mock_skies_state(campaign) +
           campaign::settings_text(campaign, {"simulate"}, campaign::InputNames::included);
}

std::vector<std::string> results_of_simulate(const Campaign& campaign) {
    std::vector<std::string> results;
    for (const sky::SkySet set : {sky::SkySet::train, sky::SkySet::test}) {
        if (is_in_memory(campaign, set)) {
            continue;
        }
        int number = 0;
        for (const MapPaths& paths : mock_maps(campaign, set)) {
            // A sky without its haloes is one of other settings.
            results.insert(results.end(),
                           {paths.map, paths.truth, halo_path(campaign, set, number++)});
        }
    }
    return results;
}

std::vector<Output> outputs_of_simulate(const Campaign& campaign) {
    std::vector<std::string> images{"sky", "noise"};
    if (campaign.simulate.layers) {
        images.emplace_back(sky::layer_name(sky::Layer::column_density));
        for (const sky::Layer layer : sky::emission_layers(campaign.sky)) {
            images.emplace_back(sky::layer_name(layer));
        }
    }
    for (const int slab : campaign.simulate.slabs) {
        images.push_back(fmt::format("slab_{}_emission", slab));
        images.push_back(fmt::format("slab_{}_column_density", slab));
    }
    if (campaign.observation.noise_scatter > 0) {
        images.emplace_back("rms");
    }
    std::vector<Output> outputs;
    for (const sky::SkySet set : {sky::SkySet::train, sky::SkySet::test}) {
        const int n_skies = is_in_memory(campaign, set) ? 0 : n_mocks(campaign, set);
        for (int number = 0; number < n_skies; ++number) {
            for (const std::string& kind : images) {
                outputs.push_back(fits_image(mock_path(campaign, set, kind, number, ".fits")));
            }
            outputs.push_back(list_file(halo_path(campaign, set, number), halo_columns));
            if (campaign.point_sources.enabled) {
                outputs.push_back(
                    list_file(mock_path(campaign, set, "point_sources", number, ".csv"),
                              point_source_columns));
            }
        }
    }
    outputs.push_back(note(campaign::skies_folder(campaign) + "/.made_from"));
    return outputs;
}

std::vector<std::string> inputs_of_simulate(const Campaign& campaign) {
    std::vector<std::string> inputs = campaign::sky_files(campaign, sky::SkySet::train).files;
    const std::vector<std::string> of_test = campaign::sky_files(campaign, sky::SkySet::test).files;
    inputs.insert(inputs.end(), of_test.begin(), of_test.end());
    return inputs;
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

StageEstimate estimate_simulate(const Campaign& campaign) {
    const bool writes_train = !is_in_memory(campaign, sky::SkySet::train);
    const SkyWork training = writes_train ? work_on_skies(campaign, sky::SkySet::train) : SkyWork{};
    const SkyWork testing = work_on_skies(campaign, sky::SkySet::test);
    const std::int64_t n_pixels = training.n_pixels + testing.n_pixels;
    const int n_layers = campaign.simulate.layers
                             ? 1 + static_cast<int>(sky::emission_layers(campaign.sky).size())
                             : 0;
    SkyEstimate skies;
    skies.n_train = writes_train ? campaign.simulate.n_train : 0;
    skies.n_test = campaign.simulate.n_test;
    skies.size_px = size_of_skies_px(campaign);
    skies.disk_bytes = images_per_sky(campaign) * sizeof(float) * static_cast<double>(n_pixels);
    skies.memory_bytes = sky::sky_cost(std::max(training.largest_px, testing.largest_px),
                                       largest_box_map_px(campaign), n_layers)
                             .memory_bytes;
    skies.core_s = sky_core_s(n_pixels);
    return {.boxes = estimate_boxes(campaign), .skies = skies};
}

}  // namespace

constinit const Stage simulate_stage{.name = campaign::Stage::simulate,
                                     .depends_on = nullptr,
                                     .settings = &settings_of_simulate,
                                     .results = &results_of_simulate,
                                     .outputs = &outputs_of_simulate,
                                     .inputs = &inputs_of_simulate,
                                     .estimate = &estimate_simulate,
                                     .run = &run_simulate};

}  // namespace faintweb::pipeline
