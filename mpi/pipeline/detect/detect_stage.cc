// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/image/fits_map.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/pipeline/catalogue_files.h"
#include "mpi/pipeline/detect/detect.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/field_store.h"
#include "mpi/pipeline/output_kinds.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/train/train_stage.h"

namespace faintweb::pipeline {
namespace {

namespace fs = std::filesystem;
using base::Output;
using campaign::Campaign;

std::string settings_of_detect(const Campaign& campaign) {
    std::string settings =
        campaign::settings_text(campaign, {"detect"}, campaign::InputNames::included);
    // These change no result but what is written.
    for (const std::string& format : campaign.detect.exports) {
        settings += "export " + format + "\n";
    }
    settings += fmt::format("pictures {:d}\n", campaign.detect.pictures);
    for (const auto& files :
         {campaign.detect.maps, campaign.detect.truth, std::vector{campaign.detect.model}}) {
        for (const std::string& file : files) {
            settings += fmt::format("{} {}\n", file, base::file_stamp(file));
        }
    }
    return settings;
}

std::vector<std::string> results_of_detect(const Campaign& campaign) {
    return {catalogue_path(campaign)};
}

/// Maps by what they are, however they are named.
///
/// @param folder  that relative paths start from; empty: the current one.
std::set<fs::path> full_names(const std::vector<std::string>& paths, const fs::path& folder) {
    std::set<fs::path> names;
    for (const std::string& path : paths) {
        std::error_code error;
        const fs::path full = fs::weakly_canonical(fs::absolute(folder / path, error), error);
        names.insert(error ? fs::path(path) : full);
    }
    return names;
}

/// Why a catalogue is not one that an earlier run of this detection wrote.
std::string objection_to_catalogue(const Campaign& campaign, const std::string& path) {
    const auto origin = io::origin_of_catalogue(path);
    if (!origin) {
        return "is no catalogue of faintweb";
    }
    std::vector<std::string> maps;
    for (const MapPaths& map : maps_to_detect(campaign).maps) {
        // As a catalogue keeps it.
        maps.push_back(decltype(catalogue::MapRecord::path)(map.map).str());
    }
    if (full_names(origin->maps, origin->folder) != full_names(maps, "")) {
        return "is a catalogue of other maps";
    }
    const bool is_trained = campaign.detect.model == campaign::trained_model;
    const std::string model = is_trained ? model_path(campaign) : campaign.detect.model;
    std::error_code none;
    if (!fs::is_regular_file(model, none)) {
        // One that is to be trained is another; a missing one is reported when it is read.
        return is_trained ? "is a catalogue of another model" : "";
    }
    return base::sha256_of_file(model) == origin->model_sha256 ? ""
                                                               : "is a catalogue of another model";
}

std::vector<Output> outputs_of_detect(const Campaign& campaign) {
    const std::string path = catalogue_path(campaign);
    std::vector<Output> outputs{
        {.path = path,
         .objection =
             [&campaign](const std::string& there) {
                 return objection_to_catalogue(campaign, there);
             }},
        {.path = run_folder(path),
         .kind = Output::Kind::whole_folder,
         .objection = objection_to_run_folder},
        // Anything else of this name is refused by the lock.
        {.path = lock_path(path), .objection = [](const std::string&) { return ""; }}};
    catalogue::Catalogue of_maps;
    for (const MapPaths& map : maps_to_detect(campaign).maps) {
        of_maps.maps.emplace_back().path = map.map;
    }
    for (const std::string& format : campaign.detect.exports) {
        const catalogue::Export one = export_of(campaign, format);
        append(outputs, one.format->outputs(of_maps, one.path));
    }
    if (campaign.detect.pictures) {
        append(outputs, outputs_of_pictures(of_maps, pictures_folder(campaign)));
    }
    return outputs;
}

std::vector<std::string> inputs_of_detect(const Campaign& campaign) {
    std::vector<std::string> inputs = files_of_maps(maps_to_detect(campaign).maps);
    inputs.push_back(model_file(campaign, campaign.detect.model));
    return inputs;
}

/// The fields and tiles of the maps that can be opened; notes why the others cannot.
FieldEstimate estimate_maps(const Campaign& campaign, std::vector<std::string>& refused) {
    FieldEstimate fields;
    if (campaign.detect.maps.front() == campaign::simulated_maps) {
        const SkyWork testing = work_on_skies(campaign, sky::SkySet::test);
        return {.n_fields = testing.n_fields, .n_tiles = testing.n_tiles};
    }
    for (const MapPaths& map : maps_to_detect(campaign).maps) {
        try {
            const image::MapInfo info =
                image::FitsMap::open(map.map, campaign::map_options(campaign)).info();
            const SkyWork work = work_on_map(campaign, info.cols, info.rows);
            fields.n_fields += work.n_fields;
            fields.n_tiles += work.n_tiles;
        } catch (const base::InputError& error) {
            refused.emplace_back(error.what());
        }
    }
    return fields;
}

StageEstimate estimate_detect(const Campaign& campaign) {
    StageEstimate estimate;
    FieldEstimate fields = estimate_maps(campaign, estimate.refused_maps);
    const double field_bytes =
        static_cast<double>(campaign.field_px * campaign.field_px) * sizeof(float);
    // Every thread of a rank: the fields that it holds, and about two more in the network.
    const int n_threads = threads_of_rank(campaign, comm::Communicator());
    fields.pixel_bytes = field_bytes * (campaign.parallel.credits + 2) * n_threads;
    fields.score_bytes = static_cast<double>(fields.n_tiles) * sizeof(float);
    estimate.fields = fields;
    return estimate;
}

}  // namespace

constinit const Stage detect_stage{.name = campaign::Stage::detect,
                                   .depends_on = &train_stage,
                                   .settings = &settings_of_detect,
                                   .results = &results_of_detect,
                                   .outputs = &outputs_of_detect,
                                   .inputs = &inputs_of_detect,
                                   .estimate = &estimate_detect,
                                   .run = &detect};

}  // namespace faintweb::pipeline
