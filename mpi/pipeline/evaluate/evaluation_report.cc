// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/evaluate/evaluation_report.h"

#include <string>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/report/reliability.h"
#include "lib/score/calibration.h"
#include "lib/score/study.h"

namespace faintweb::pipeline {
namespace {

nlohmann::json to_json(const score::Confusion& confusion) {
    nlohmann::json json = {{"1C", confusion.n_1c},
                           {"1F", confusion.n_1f},
                           {"0F", confusion.n_0f},
                           {"0C", confusion.n_0c}};
    for (const score::Ratio& ratio : score::ratios) {
        json[ratio.name] = (confusion.*ratio.value)();
    }
    return json;
}

nlohmann::json to_json(const score::FieldScore& score) {
    nlohmann::json json = to_json(score.confusion);
    const score::Counts counts = score::counts_of(score);
    for (std::size_t i = 0; i < score::n_counts; ++i) {
        json[score::count_names[i]] = counts[i];
    }
    return json;
}

/// One row for each model and field.
std::string table_of(const std::vector<std::vector<score::FieldScore>>& models) {
    std::string table = "model,field";
    for (const char* const name : score::count_names) {
        table += fmt::format(",{}", name);
    }
    for (const score::Ratio& ratio : score::ratios) {
        table += fmt::format(",{}", ratio.name);
    }
    table += '\n';
    for (std::size_t model = 0; model < models.size(); ++model) {
        for (std::size_t field = 0; field < models[model].size(); ++field) {
            table += fmt::format("{},{}", model, field);
            for (const std::int64_t n : score::counts_of(models[model][field])) {
                table += fmt::format(",{}", n);
            }
            for (const score::Ratio& ratio : score::ratios) {
                table += fmt::format(",{:g}", (models[model][field].confusion.*ratio.value)());
            }
            table += '\n';
        }
    }
    return table;
}

std::string split_line(const score::FieldScore& score) {
    return fmt::format(
        "labelling or network? of {} tiles 0F {} hold pixels above the threshold, too few for the "
        "label, and {} more touch a signal tile; of {} tiles 1F {} touch another signal tile",
        score.confusion.n_0f, score.split.n_0f_faint, score.split.n_0f_beside, score.confusion.n_1f,
        score.split.n_1f_beside);
}

/// Writes how right the probabilities of one of the models are on the test fields.
///
/// @return  the expected calibration error; null without a tile to measure it by.
nlohmann::json write_reliability(const campaign::Campaign& campaign,
                                 std::size_t number,
                                 const std::string& network,
                                 const score::Reliability& reliability) {
    const std::string suffix =
        campaign.evaluate.models.size() > 1 ? fmt::format("_{}", number) : std::string();
    report::write_reliability(campaign.output + "/evaluation_reliability" + suffix, reliability,
                              network + ", test fields");
    if (reliability.n_tiles == 0) {
        base::print(fmt::format("no tile has a probability above {:g}", score::lowest_probability));
        return nullptr;
    }
    base::print(
        fmt::format("expected calibration error {:g} over {} tiles of a probability above {:g}",
                    reliability.expected_error, reliability.n_tiles, score::lowest_probability));
    return reliability.expected_error;
}

/// Signal tiles per field under the paper's label rules; printed too.
nlohmann::json report_signal_tiles(const Evaluation& evaluation) {
    const double per_field = 1.0 / static_cast<double>(evaluation.n_fields());
    const double n_40 = static_cast<double>(evaluation.scores.n_signal[0]) * per_field;
    const double n_9 = static_cast<double>(evaluation.scores.n_signal[1]) * per_field;
    base::print(
        fmt::format("evaluate: {} held-out fields, {:g} signal tiles per field with N_pix 40, {:g} "
                    "with N_pix 9 (ratio {:g})",
                    evaluation.n_fields(), n_40, n_9, n_9 / n_40));
    return {{"min_pixels_40", n_40}, {"min_pixels_9", n_9}};
}

/// What one of the models has reached; printed too.
nlohmann::json report_model(const campaign::Campaign& campaign,
                            const Evaluation& evaluation,
                            std::size_t number) {
    const std::string& network = evaluation.models[number].model.network;
    const score::FieldScore total = score::sum_of(evaluation.scores.models[number]);
    base::print(line_of(network, total.confusion));
    nlohmann::json json = to_json(total);
    json["file"] = campaign.evaluate.models[number];
    json["network"] = network;
    json["expected_calibration_error"] =
        write_reliability(campaign, number, network, evaluation.scores.reliabilities[number]);
    return json;
}

/// Adds the mean of several models; printed too.
void report_mean(const Evaluation& evaluation, nlohmann::json& report) {
    std::string line = fmt::format("mean of {} models:", evaluation.models.size());
    const char* separator = " ";
    for (const score::Ratio& ratio : score::ratios) {
        const score::Measured measured = score::over_models(evaluation.scores.models, ratio.value);
        report["network"][ratio.name] = measured.mean;
        report["deviation"][ratio.name] = measured.deviation;
        line += fmt::format("{}{} {} +- {}", std::exchange(separator, ", "), ratio.heading,
                            score::text_of_ratio(measured.mean),
                            score::text_of_ratio(measured.deviation));
    }
    base::print(line);
}

/// Adds the threshold finder, if one was found; printed too.
void report_finder(const TunedFinder& tuned, nlohmann::json& report) {
    if (!tuned.finder) {
        base::print("best threshold finder: - (the training fields hold no signal tile)");
        return;
    }
    const score::FieldScore total = score::sum_of(tuned.fields);
    base::print(line_of("best threshold finder (" + text_of(*tuned.finder) + ")", total.confusion));
    report["threshold_finder"] = {{"smoothing_fwhm_arcsec", tuned.finder->smoothing_fwhm_arcsec},
                                  {"k_sigma", tuned.finder->k_sigma},
                                  {"min_island_pixels", tuned.finder->min_island_pixels},
                                  {"min_tile_pixels", tuned.finder->min_tile_pixels},
                                  {"train", to_json(tuned.training)},
                                  {"test", to_json(total)}};
}

}  // namespace

std::vector<label::LabelRule> paper_rules(const campaign::Campaign& campaign) {
    std::vector<label::LabelRule> rules(2, campaign.label);
    rules[0].min_pixels = 40;
    rules[1].min_pixels = 9;
    return rules;
}

void write_evaluation(const campaign::Campaign& campaign, const Evaluation& evaluation) {
    const nlohmann::json signal_tiles = report_signal_tiles(evaluation);
    nlohmann::json each = nlohmann::json::array();
    score::FieldScore all;
    for (std::size_t i = 0; i < evaluation.models.size(); ++i) {
        each.push_back(report_model(campaign, evaluation, i));
        all += score::sum_of(evaluation.scores.models[i]);
    }
    base::print(split_line(all));
    nlohmann::json report = {{"n_fields", evaluation.n_fields()},
                             {"network", to_json(all)},
                             {"models", each},
                             {"signal_tiles_per_field", signal_tiles}};
    if (evaluation.models.size() > 1) {
        report_mean(evaluation, report);
    }
    for (const TunedFinder& tuned : evaluation.finders) {
        report_finder(tuned, report);
    }
    base::write_file(campaign.output + "/evaluation.csv", table_of(evaluation.scores.models));
    base::write_file(campaign.output + "/evaluation.json", report.dump(2) + "\n");
}

}  // namespace faintweb::pipeline
