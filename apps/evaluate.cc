#include <algorithm>
#include <sstream>

#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/learn/model.h"
#include "lib/report/reliability.h"
#include "lib/score/calibration.h"
#include "lib/score/study.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/score_models.h"

namespace faintweb::apps {
namespace {

nlohmann::json to_json(const score::Confusion& confusion) {
    return {{"A_s", confusion.a_s()},
            {"W_s", confusion.w_s()},
            {"W_v", confusion.w_v()},
            {"1C", confusion.n_1c},
            {"1F", confusion.n_1f},
            {"0F", confusion.n_0f},
            {"0C", confusion.n_0c}};
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
    std::string table = "model,field,";
    for (const char* const name : score::count_names) {
        table += base::text(name, ',');
    }
    table += "A_s,W_s,W_v\n";
    for (std::size_t model = 0; model < models.size(); ++model) {
        for (std::size_t field = 0; field < models[model].size(); ++field) {
            const score::Confusion& confusion = models[model][field].confusion;
            table += base::text(model, ',', field, ',');
            for (const std::int64_t n : score::counts_of(models[model][field])) {
                table += base::text(n, ',');
            }
            table += base::text(confusion.a_s(), ',', confusion.w_s(), ',', confusion.w_v(), '\n');
        }
    }
    return table;
}

/// A_s, W_s and W_v over several models.
struct Figures {
    score::Measured a_s;
    score::Measured w_s;
    score::Measured w_v;
};

Figures figures_of(const std::vector<std::vector<score::FieldScore>>& models) {
    return {score::over_models(models, &score::Confusion::a_s),
            score::over_models(models, &score::Confusion::w_s),
            score::over_models(models, &score::Confusion::w_v)};
}

std::string mean_line(std::size_t n_models, const Figures& figures) {
    std::ostringstream line;
    line.precision(4);
    line << "mean of " << n_models << " models: A_s " << figures.a_s.mean << " +- "
         << figures.a_s.deviation << "  W_s " << figures.w_s.mean << " +- " << figures.w_s.deviation
         << "  W_v " << figures.w_v.mean << " +- " << figures.w_v.deviation;
    return line.str();
}

std::string split_line(const score::FieldScore& score) {
    return base::text("labelling or network? of ",
                      score.confusion.n_0f,
                      " tiles 0F ",
                      score.split.n_0f_faint,
                      " hold pixels above the threshold, too few for the label, and ",
                      score.split.n_0f_beside,
                      " more touch a signal tile; of ",
                      score.confusion.n_1f,
                      " tiles 1F ",
                      score.split.n_1f_beside,
                      " touch another signal tile");
}

/// Writes how right the probabilities of one of the models are on the test fields.
///
/// @return  the expected calibration error; null without a tile to measure it by.
nlohmann::json write_reliability(const campaign::Campaign& campaign,
                                 std::size_t number,
                                 const std::string& network,
                                 const score::Reliability& reliability) {
    const std::string suffix =
        campaign.evaluate.models.size() > 1 ? base::text('_', number) : std::string();
    report::write_reliability(campaign.output + "/evaluation_reliability" + suffix,
                              reliability,
                              network + ", test fields");
    if (reliability.n_tiles == 0) {
        base::print(base::text("no tile has a probability above ", score::lowest_probability));
        return nullptr;
    }
    base::print(base::text("expected calibration error ",
                           reliability.expected_error,
                           " over ",
                           reliability.n_tiles,
                           " tiles of a probability above ",
                           score::lowest_probability));
    return reliability.expected_error;
}

std::string path_of(const campaign::Campaign& campaign, const std::string& model) {
    return model == campaign::trained_model ? pipeline::model_path(campaign) : model;
}

}  // namespace

base::ExitCode evaluate(const comm::Communicator& communicator,
                        const campaign::Campaign& campaign) {
    if (campaign.simulate.n_test == 0) {
        throw comm::CollectiveError(base::ExitCode::usage,
                                    "cannot evaluate without test skies, raise simulate.n_test");
    }
    std::vector<pipeline::LoadedModel> models;
    for (const std::string& name : campaign.evaluate.models) {
        const std::string path = path_of(campaign, name);
        models.push_back(pipeline::load_model(communicator, campaign, path));
        const learn::Model& model = models.back().model;
        if (model.tile_px != campaign.tile_px || model.label_rule != campaign.label) {
            throw comm::CollectiveError(
                base::ExitCode::usage,
                path +
                    " was trained with another tile_px or label rule than the "
                    "campaign's (its score would "
                    "say nothing), train again or correct them");
        }
    }
    // Signal tiles under the paper's two label rules say how full the sky is.
    std::vector<label::LabelRule> rules(2, campaign.label);
    rules[0].min_pixels = 40;
    rules[1].min_pixels = 9;
    const pipeline::ModelScores scores = pipeline::score_models(
        communicator, campaign, models, rules, pipeline::Reliabilities::measured);
    std::vector<pipeline::TunedFinder> finders;
    if (campaign.evaluate.threshold_finder) {
        finders = pipeline::tune_finders(communicator, campaign, std::span(&campaign.label, 1));
    }
    if (communicator.is_root()) {
        const std::size_t n_fields = scores.models.front().size();
        const double per_field = 1.0 / static_cast<double>(n_fields);
        const double n_40 = static_cast<double>(scores.n_signal[0]) * per_field;
        const double n_9 = static_cast<double>(scores.n_signal[1]) * per_field;
        base::print(base::text("evaluate: ",
                               n_fields,
                               " held-out fields, ",
                               n_40,
                               " signal tiles per field with N_pix 40, ",
                               n_9,
                               " with N_pix 9 (ratio ",
                               n_9 / n_40,
                               ")"));
        nlohmann::json each = nlohmann::json::array();
        score::FieldScore all;
        for (std::size_t i = 0; i < models.size(); ++i) {
            const score::FieldScore total = score::sum_of(scores.models[i]);
            all += total;
            base::print(pipeline::line_of(models[i].model.network, total.confusion));
            each.push_back(to_json(total));
            each.back()["file"] = campaign.evaluate.models[i];
            each.back()["network"] = models[i].model.network;
            each.back()["expected_calibration_error"] =
                write_reliability(campaign, i, models[i].model.network, scores.reliabilities[i]);
        }
        base::print(split_line(all));
        nlohmann::json report = {
            {"n_fields", n_fields},
            {"network", to_json(all)},
            {"models", each},
            {"signal_tiles_per_field", {{"min_pixels_40", n_40}, {"min_pixels_9", n_9}}}};
        if (models.size() > 1) {
            const Figures figures = figures_of(scores.models);
            base::print(mean_line(models.size(), figures));
            for (const auto& [name, measured] :
                 {std::pair{"A_s", figures.a_s}, {"W_s", figures.w_s}, {"W_v", figures.w_v}}) {
                report["network"][name] = measured.mean;
                report["deviation"][name] = measured.deviation;
            }
        }
        for (const pipeline::TunedFinder& tuned : finders) {
            if (!tuned.finder) {
                base::print("best threshold finder: - (the training fields hold no signal tile)");
                continue;
            }
            const score::FieldScore total = score::sum_of(tuned.fields);
            base::print(pipeline::line_of(
                "best threshold finder (" + pipeline::text_of(*tuned.finder) + ")",
                total.confusion));
            report["threshold_finder"] = {
                {"smoothing_fwhm_arcsec", tuned.finder->smoothing_fwhm_arcsec},
                {"k_sigma", tuned.finder->k_sigma},
                {"min_island_pixels", tuned.finder->min_island_pixels},
                {"min_tile_pixels", tuned.finder->min_tile_pixels},
                {"train", to_json(tuned.training)},
                {"test", to_json(total)}};
        }
        base::write_file(campaign.output + "/evaluation.csv", table_of(scores.models));
        base::write_file(campaign.output + "/evaluation.json", report.dump(2) + "\n");
        for (std::size_t i = 0; i < models.size(); ++i) {
            // Files that the user names are the user's.
            if (campaign.evaluate.models[i] == campaign::trained_model) {
                models[i].model.metrics = {score::sum_of(scores.models[i]).confusion,
                                           static_cast<std::int64_t>(n_fields)};
                learn::write_model(pipeline::model_path(campaign), models[i].model);
            }
        }
    }
    communicator.barrier();
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
