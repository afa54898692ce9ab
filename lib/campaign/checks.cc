// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/checks.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/campaign/input_files.h"

namespace faintweb::campaign {
namespace {

void check_stages(const Checked& checked) {
    const auto& stages = checked.campaign.stages;
    if (stages.empty()) {
        checked.add({"stages"}, "stages is an empty list", "nothing would be done",
                    "name at least one");
    }
    for (std::size_t i = 1; i < stages.size(); ++i) {
        if (stages[i] <= stages[i - 1]) {
            checked.add(
                {fmt::format("stages[{}]", i), "stages"},
                fmt::format("stage {} after {}", stage_name(stages[i]), stage_name(stages[i - 1])),
                "each stage runs once, in the order simulate, train, evaluate, detect",
                "give them in that order");
        }
    }
}

void check_sizes(const Checked& checked) {
    if (checked.campaign.tile_px > checked.campaign.field_px) {
        checked.add({"tile_px", "field_px"}, fmt::format("tile_px is {}", checked.campaign.tile_px),
                    fmt::format("a field has only {} pixels", checked.campaign.field_px),
                    "give a smaller tile_px or a larger field_px");
    }
}

void check_sky(const Checked& checked) {
    if (checked.campaign.sky.z_min >= checked.campaign.sky.z_max) {
        checked.add({"sky.z_min", "sky.z_max"},
                    fmt::format("sky.z_min is {:g}", checked.campaign.sky.z_min),
                    fmt::format("not below sky.z_max, {:g}", checked.campaign.sky.z_max),
                    "give a smaller one");
    } else {
        try {
            if (checked.campaign.sky.source == sky::SkySource::boxes) {
                sky::check(checked.campaign.cosmology, checked.campaign.sky,
                           checked.campaign.boxes);
            } else if (checked.campaign.sky.source == sky::SkySource::hdf5) {
                sky::check(checked.campaign.sky);
            }
        } catch (const sky::SettingError& error) {
            std::vector<std::string> keys = error.keys();
            keys.insert(keys.end(), {"sky", "boxes", "cosmology"});
            checked.faults.add(checked.place_of(keys) + ": " + error.what());
        }
        try {
            sky::check(checked.campaign.point_sources);
        } catch (const base::UsageError& error) {
            checked.faults.add(checked.place_of({"point_sources"}) + ": " + error.what());
        }
        try {
            sky::check(checked.campaign.observation, checked.campaign.sky.pixel_arcsec);
        } catch (const base::UsageError& error) {
            checked.faults.add(checked.place_of({"observation"}) + ": " + error.what());
        }
    }
}

void check_maps(const Checked& checked) {
    const DetectSettings& detect = checked.campaign.detect;
    const auto n_simulated = std::count(detect.maps.begin(), detect.maps.end(), simulated_maps);
    if (detect.maps.empty() && checked.campaign.has_stage(Stage::detect)) {
        checked.add({"detect.maps"}, "detect.maps is an empty list", "the detect stage needs a map",
                    "name at least one");
    }
    if (n_simulated > 0 && detect.maps.size() > 1) {
        checked.add({"detect.maps"}, "detect.maps names 'simulated' beside others",
                    "the simulated maps have their truth, others have not",
                    "give it alone, and the others in a campaign of their own");
    } else if (n_simulated > 0 && !detect.truth.empty()) {
        checked.add({"detect.truth"}, "detect.truth is given", "the simulated maps have their own",
                    "leave it out");
    } else if (!detect.truth.empty() && detect.truth.size() != detect.maps.size()) {
        checked.add({"detect.truth"}, fmt::format("detect.truth has {} files", detect.truth.size()),
                    fmt::format("detect.maps has {}", detect.maps.size()),
                    "give one for each map, or none");
    }
}

void check_classification(const Checked& checked) {
    const DetectSettings& detect = checked.campaign.detect;
    for (const auto& [fact, key, is_given] :
         {std::tuple{"beam", "detect.beam", detect.beam.has_value()},
          {"unit", "detect.unit", detect.unit.has_value()},
          {"pixel", "detect.pixel_arcsec", detect.pixel_arcsec.has_value()}}) {
        if (!is_given && std::ranges::count(detect.force, fact) > 0) {
            checked.add({"detect.force", key}, fmt::format("detect.force names {}", fact),
                        fmt::format("{} is not given", key), "give it or leave it out of the list");
        }
    }
    if (detect.threshold && (*detect.threshold == 0 || *detect.threshold == 1)) {
        checked.add(
            {"detect.threshold"}, fmt::format("detect.threshold is {:g}", *detect.threshold),
            fmt::format("{} tile would be a detection", *detect.threshold == 0 ? "every" : "no"),
            "give one between 0 and 1, or none for the model's own");
    }
}

void check_realisations(const Checked& checked) {
    const sky::BoxSettings& boxes = checked.campaign.boxes;
    if (checked.campaign.sky.source == sky::SkySource::boxes) {
        if (makes_skies(checked.campaign, sky::SkySet::test) &&
            checked.campaign.simulate.n_test > 0 && boxes.n_test_realisations == 0) {
            checked.add({"boxes.n_test_realisations", "simulate.n_test"},
                        "boxes.n_test_realisations is 0",
                        "test skies need boxes that training skies do not show", "give at least 1");
        }
        if (makes_skies(checked.campaign, sky::SkySet::train) &&
            checked.campaign.simulate.n_train > 0 &&
            boxes.n_test_realisations == boxes.n_realisations) {
            checked.add({"boxes.n_test_realisations", "boxes.n_realisations", "simulate.n_train"},
                        fmt::format("boxes.n_test_realisations is {}", boxes.n_test_realisations),
                        "no realisation is left for training skies", "give more n_realisations");
        }
    }
    const auto& detect = checked.campaign.detect;
    const bool detects_simulated = checked.campaign.has_stage(Stage::detect) &&
                                   detect.maps == std::vector<std::string>{simulated_maps};
    if (checked.campaign.simulate.n_train == 0 && checked.campaign.has_stage(Stage::train)) {
        checked.add({"simulate.n_train", "stages"}, "simulate.n_train is 0",
                    "the train stage needs a sky", "give at least 1");
    }
    if (checked.campaign.has_stage(Stage::train)) {
        check_training(checked, checked.campaign, "");
    }
    if (checked.campaign.simulate.n_test == 0 &&
        (checked.campaign.has_stage(Stage::evaluate) || detects_simulated)) {
        checked.add({"simulate.n_test", "stages"}, "simulate.n_test is 0",
                    detects_simulated ? "the detect stage takes its maps from the test skies"
                                      : "the evaluate stage needs a sky",
                    "give at least 1");
    }
}

void check_models(const Checked& checked) {
    if (checked.campaign.evaluate.models.empty() && checked.campaign.has_stage(Stage::evaluate)) {
        checked.add({"evaluate.models"}, "evaluate.models is an empty list",
                    "the evaluate stage needs a model", "name at least one");
    }
}

void check_source(const Checked& checked, const SourceKeys& source) {
    const std::vector<std::string>& files = checked.campaign.sky.*source.files;
    const std::vector<std::string>& test_files = checked.campaign.sky.*source.test_files;
    const std::string key = source.key;
    const std::string test_key = source.test_key;
    const bool has_train = checked.campaign.simulate.n_train > 0;
    const bool has_test = checked.campaign.simulate.n_test > 0;
    if (checked.campaign.sky.source != source.source) {
        for (const auto& [given, list] : {std::pair{key, &files}, {test_key, &test_files}}) {
            if (!list->empty()) {
                checked.add(
                    {given, "sky.source"}, given + " is given",
                    fmt::format("no sky is made from it unless sky.source is {}", source.name),
                    fmt::format("leave it out or set sky.source: {}", source.name));
            }
        }
        return;
    }
    if (files.empty() && (has_train || (has_test && test_files.empty()))) {
        checked.add({key, "sky.source"}, key + " is an empty list",
                    fmt::format("sky.source is {}", source.name), "name at least one file");
    } else if (has_train && has_test && test_files.empty()) {
        checked.add({test_key, key}, test_key + " is an empty list",
                    "test skies would show what training skies show",
                    "name files of another universe there, or set simulate.n_test: 0");
    }
    for (std::size_t i = 0; has_train && has_test && i < test_files.size(); ++i) {
        if (std::find(files.begin(), files.end(), test_files[i]) != files.end()) {
            const std::string item = fmt::format("{}[{}]", test_key, i);
            checked.add({item, test_key}, item + " is among " + key + " too",
                        "test skies would show what training skies show",
                        "name a file of another universe");
        }
    }
    if (source.source == sky::SkySource::fits &&
        (checked.campaign.simulate.layers || !checked.campaign.simulate.slabs.empty())) {
        checked.add({"simulate.slabs", "simulate.layers"},
                    "simulate.layers or simulate.slabs is given", "ready maps have neither",
                    "leave them out");
    }
}

void check_snapshot_names(const Checked& checked,
                          const std::string& key,
                          const std::vector<std::string>& names) {
    if (names.size() != 3) {
        checked.add({key}, fmt::format("{} has {} names", key, names.size()),
                    "a vector has three parts", "name the datasets of x, y and z");
    }
}

}  // namespace

std::string Checked::place_of(const std::vector<std::string>& keys) const {
    for (const std::string& key : keys) {
        if (campaign.positions.contains(key)) {
            return position_of(campaign, key);
        }
    }
    return start_of(campaign);
}

void Checked::add(const std::vector<std::string>& keys,
                  const std::string& problem,
                  const std::string& why,
                  const std::string& what_to_do) const {
    faults.add(place_of(keys), problem, why, what_to_do);
}

void check_training(const Checked& checked, const Campaign& campaign, const std::string& variant) {
    const learn::TrainSettings& train = campaign.train;
    const auto add_here = [&](const std::vector<std::string>& keys, const std::string& problem,
                              const std::string& why, const std::string& what_to_do) {
        if (variant.empty()) {
            checked.add(keys, problem, why, what_to_do);
        } else {
            checked.add({variant, "sweep.variants"}, variant + ": " + problem, why, what_to_do);
        }
    };
    const int n_validation = train.validation_skies;
    if (n_validation > 0 && n_validation >= campaign.simulate.n_train) {
        add_here({"train.validation_skies", "simulate.n_train"},
                 fmt::format("train.validation_skies is {}", n_validation),
                 fmt::format("of {} none would be left to train on", campaign.simulate.n_train),
                 "give fewer of them or more skies");
    }
    if (train.patience > 0 && n_validation == 0) {
        add_here({"train.patience"}, fmt::format("train.patience is {}", train.patience),
                 "without validation skies no epoch is better than another",
                 "give train.validation_skies");
    }
    for (const auto& [key, epochs] : {std::pair{"train.keep_epochs", &train.keep_epochs},
                                      {"sweep.epochs", &campaign.sweep.epochs}}) {
        if (train.patience > 0 && !epochs->empty()) {
            add_here({"train.patience", key}, fmt::format("train.patience is {}", train.patience),
                     fmt::format("training may end before an epoch that {} names", key),
                     "leave one of the two out");
        }
    }
    if (train.choose_threshold && n_validation == 0) {
        add_here({"train.choose_threshold"}, "train.choose_threshold is true",
                 "without validation skies there is nothing to choose it by",
                 "give train.validation_skies");
    }
}

void check_settings(const Campaign& campaign, Faults& faults) {
    const Checked checked{campaign, faults};
    check_stages(checked);
    check_sizes(checked);
    check_sky(checked);
    check_maps(checked);
    check_classification(checked);
    check_models(checked);
    check_realisations(checked);
    for (const SourceKeys& source : file_sources) {
        check_source(checked, source);
    }
    check_snapshot_names(checked, "snapshot.velocity", campaign.snapshot.velocity);
    check_snapshot_names(checked, "snapshot.magnetic_field", campaign.snapshot.magnetic_field);
    check_sweep(checked);
}

}  // namespace faintweb::campaign
