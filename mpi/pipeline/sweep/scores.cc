// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/sweep/scores.h"

#include <algorithm>
#include <fstream>
#include <span>
#include <string>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/score/study.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/score_models.h"
#include "mpi/pipeline/stages.h"
#include "mpi/pipeline/sweep/trainings.h"

namespace faintweb::pipeline {
namespace {

using campaign::Campaign;
using campaign::SweepRun;

/// Models that a rank holds at the same time to score them.
constexpr std::size_t max_models_at_once = 64;

std::string path_at(const SweepRun& run, int epoch) {
    return epoch == run.campaign.train.epochs ? model_path(run.campaign)
                                              : epoch_model_path(run.campaign, epoch);
}

nlohmann::json to_json(const std::vector<score::FieldScore>& fields) {
    nlohmann::json json = nlohmann::json::array();
    for (const score::FieldScore& field : fields) {
        json.push_back(score::counts_of(field));
    }
    return json;
}

std::vector<score::FieldScore> fields_from(const nlohmann::json& json) {
    std::vector<score::FieldScore> fields;
    for (const nlohmann::json& counts : json) {
        fields.push_back(score::field_score_of(counts.get<score::Counts>()));
    }
    return fields;
}

/// What a file holds that was written for this state; null if it is not there, or another's.
nlohmann::json read_state(const std::string& path, const std::string& state) {
    std::ifstream file(path);
    // One of another version is no error: it is made anew.
    nlohmann::json json = nlohmann::json::parse(file, nullptr, false);
    return json.is_object() && json.value("state", "") == state ? json : nlohmann::json();
}

/// What the scores of a run's models follow from.
std::string score_state(const SweepRun& run) {
    std::string state = stage_hash(run.campaign, evaluate_stage);
    for (const int epoch : run.milestones) {
        state += " " + base::file_stamp(path_at(run, epoch));
    }
    return state;
}

/// Of its own: `evaluate` in a run's folder is another stage, with other files.
nlohmann::json read_score_file(const SweepRun& run) {
    return read_state(milestones_path(run.campaign), score_state(run));
}

/// Scores the models of some runs, with each test field read once, and keeps that in their folders.
/// @collective yes: every rank.
void score_runs(const comm::Communicator& communicator,
                const Campaign& campaign,
                std::span<const SweepRun* const> runs) {
    std::vector<LoadedModel> models;
    for (const SweepRun* run : runs) {
        for (const int epoch : run->milestones) {
            models.push_back(load_model(communicator, run->campaign, path_at(*run, epoch)));
            models.back().model.tensors = {};  // the classifier has them
        }
    }
    const ModelScores scores = score_models(communicator, campaign, models, {});
    comm::on_root(communicator, [&] {
        auto of_model = scores.models.begin();
        for (const SweepRun* run : runs) {
            nlohmann::json json = {{"state", score_state(*run)}};
            for (const int epoch : run->milestones) {
                json["fields_at_epoch"][std::to_string(epoch)] = to_json(*of_model++);
            }
            base::write_file(milestones_path(run->campaign), json.dump() + "\n");
        }
    });
}

}  // namespace

void score_all(const comm::Communicator& communicator,
               const Campaign& campaign,
               const std::vector<SweepRun>& runs) {
    const std::string pending = comm::from_root(communicator, [&] {
        std::string marks;
        for (const SweepRun& run : runs) {
            marks += failure_of(run).empty() && read_score_file(run).is_null() ? '1' : '0';
        }
        return marks;
    });
    std::vector<const SweepRun*> together;
    std::size_t n_models = 0;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        if (pending[i] == '0') {
            continue;
        }
        if (n_models > 0 && n_models + runs[i].milestones.size() > max_models_at_once) {
            score_runs(communicator, campaign, together);
            stop_if_asked(communicator);
            together.clear();
            n_models = 0;
        }
        together.push_back(&runs[i]);
        n_models += runs[i].milestones.size();
    }
    if (!together.empty()) {
        score_runs(communicator, campaign, together);
        stop_if_asked(communicator);
    }
}

std::map<int, std::vector<score::FieldScore>> read_scores(const SweepRun& run) {
    const nlohmann::json at_epoch = read_score_file(run).at("fields_at_epoch");
    std::map<int, std::vector<score::FieldScore>> scores;
    for (const int epoch : run.milestones) {
        scores[epoch] = fields_from(at_epoch.at(std::to_string(epoch)));
    }
    return scores;
}

std::vector<report::FinderResult> find_finders(const comm::Communicator& communicator,
                                               const Campaign& campaign,
                                               const std::vector<SweepRun>& runs) {
    std::vector<label::LabelRule> rules;
    for (const SweepRun& run : runs) {
        if (std::ranges::find(rules, run.campaign.label) == rules.end()) {
            rules.push_back(run.campaign.label);
        }
    }
    const std::string path = campaign.output + "/finders.json";
    const auto state = [&] {
        std::string text = stage_hash(campaign, simulate_stage) +
                           campaign::settings_text(campaign, {"tile_px", "field_px"});
        for (const label::LabelRule& rule : rules) {
            text += fmt::format("{} {:g}\n", rule.min_pixels, rule.flux_threshold_jy_arcsec2);
        }
        return base::sha256(text);
    };
    const auto is_missing = [&] { return read_state(path, state()).is_null(); };
    if (comm::from_root(communicator, is_missing)) {
        const std::vector<TunedFinder> tuned = tune_finders(communicator, campaign, rules);
        comm::on_root(communicator, [&] {
            nlohmann::json json = {{"state", state()}};
            for (const TunedFinder& finder : tuned) {
                json["finders"].push_back(
                    {{"settings", finder.finder ? text_of(*finder.finder) : ""},
                     {"fields", to_json(finder.fields)}});
            }
            base::write_file(path, json.dump() + "\n");
        });
    }
    std::vector<report::FinderResult> results;
    if (communicator.is_root()) {
        const nlohmann::json json = read_state(path, state());
        for (std::size_t i = 0; i < rules.size(); ++i) {
            const nlohmann::json& finder = json.at("finders").at(i);
            results.push_back({rules[i], finder.at("settings").get<std::string>(),
                               fields_from(finder.at("fields"))});
        }
    }
    return results;
}

}  // namespace faintweb::pipeline
