#include "lib/campaign/sweep.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "apps/stages.h"
#include "lib/base/drain.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/learn/checkpoint.h"
#include "lib/learn/network.h"
#include "lib/report/study_report.h"
#include "lib/score/study.h"
#include "lib/tile/scaling.h"
#include "mpi/io/study_file.h"
#include "mpi/pipeline/score_models.h"
#include "mpi/pipeline/training.h"
#include "mpi/pipeline/workplace.h"

namespace faintweb::apps {
namespace {

namespace fs = std::filesystem;
using campaign::Campaign;
using campaign::Stage;
using campaign::SweepRun;

/// Models that a rank holds at the same time to score them.
constexpr std::size_t max_models_at_once = 64;

/// Its folder in runs.
std::string name_of_training(const SweepRun& run) {
    return fs::path(run.training.output).filename();
}

std::string failure_path(const SweepRun& run) {
    return run.training.output + "/failure.txt";
}

std::string timing_path(const SweepRun& run) {
    return run.campaign.output + "/timing.csv";
}

std::string ranks_path(const SweepRun& run) {
    return run.campaign.output + "/.stages/train_ranks";
}

/// Why the run has no model, if it was tried with the settings of today; empty otherwise.
std::string failure_of(const SweepRun& run) {
    std::ifstream file(failure_path(run));
    std::string hash;
    std::string reason;
    std::getline(file, hash);
    std::getline(file, reason);
    return hash == stage_hash(run.training, Stage::train) ? reason : "";
}

/// How many ranks train the run, or have; 0 if it was not begun.
int n_ranks_of(const SweepRun& run) {
    int n_ranks = 0;
    std::ifstream(ranks_path(run)) >> n_ranks;
    return n_ranks;
}

/// Sums of gradients depend on the number of ranks, and so does the model.
bool is_trained(const SweepRun& run, int group_size) {
    return is_finished(run.training, Stage::train) && n_ranks_of(run) == group_size;
}

/// Trains one run, or goes on with it; what fails in the training itself costs this run only.
///
/// Returns early if a rank of the group was asked to stop.
///
/// @collective yes: every rank of the group.
void train_run(const comm::Communicator& group,
               const SweepRun& run,
               pipeline::TrainingTiles& tiles) {
    pipeline::prepare_folder(group, run.training.output + "/.stages");
    forget_from(group, run.training, Stage::train);
    comm::on_root(group, [&] {
        fs::remove(failure_path(run));
        fs::remove(timing_path(run));
        if (n_ranks_of(run) != group.size()) {
            learn::remove_checkpoints(run.training.output + "/checkpoints");
        }
        base::write_file(ranks_path(run), base::text(group.size(), "\n"));
        base::write_file(run.training.output + "/campaign.yaml", campaign::dump(run.training));
    });
    std::string failure;
    try {
        pipeline::train_on(group, run.training, tiles);
    } catch (const pipeline::TrainingFailed& error) {
        failure = error.what();
    } catch (const base::Error& error) {
        // While tiles are gathered a rank may stop alone, in a group of one also in order.
        const bool is_agreed =
            group.size() == 1 || dynamic_cast<const comm::CollectiveError*>(&error) != nullptr;
        if (error.code() == base::ExitCode::interrupted && is_agreed) {
            return;
        }
        throw;
    }
    comm::on_root(group, [&] {
        if (failure.empty()) {
            mark_finished(run.training, Stage::train);
        } else {
            std::replace(failure.begin(), failure.end(), '\n', ' ');
            base::write_file(failure_path(run),
                             stage_hash(run.training, Stage::train) + "\n" + failure + "\n");
            base::log_warning("sweep: " + name_of_training(run) + ": " + failure);
        }
    });
}

/// The next run that no group has taken, or none, also if a group was asked to stop: the group that
/// makes its folder of claims takes it. Which group takes which run depends on timing, but no
/// result on the group.
///
/// @param next  where to look from.
/// @collective yes: every rank of the group.
std::optional<std::size_t> claim(const comm::Communicator& group,
                                 const std::string& claims,
                                 std::size_t next,
                                 std::size_t n_runs) {
    const std::int64_t taken = comm::from_root(group, [&]() -> std::int64_t {
        for (std::size_t i = next; i < n_runs && !fs::exists(claims + "/stop"); ++i) {
            if (fs::create_directory(base::text(claims, "/", i))) {
                return static_cast<std::int64_t>(i);
            }
        }
        return -1;
    });
    return taken < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(taken));
}

/// Ends the sweep on all ranks if one of them was asked to: what is finished is kept.
/// @throws comm::CollectiveError
/// @collective yes: every rank.
void stop_if_asked(const comm::Communicator& communicator) {
    if (communicator.max(base::is_asked_to_stop() ? 1 : 0) != 0) {
        throw comm::CollectiveError(
            base::ExitCode::interrupted,
            "sweep: stopped (it was asked to), the same command goes on from there");
    }
}

/// Trains one run after another until none is left or a rank of the group was asked to stop.
/// @throws Error  also for what the whole group has met alike: the other groups have not.
/// @collective yes: every rank of the group.
void train_as_group(const comm::Communicator& group,
                    const std::string& claims,
                    const std::vector<const SweepRun*>& trainings) try {
    std::vector<label::LabelRule> rules;
    for (const SweepRun* run : trainings) {
        const std::vector<label::LabelRule> of_run = campaign::label_rules(run->training);
        rules.insert(rules.end(), of_run.begin(), of_run.end());
    }
    pipeline::TrainingTiles tiles;
    tiles.flux_thresholds = pipeline::thresholds_of(rules);
    std::size_t next = 0;
    while (const auto taken = claim(group, claims, next, trainings.size())) {
        const SweepRun& run = *trainings[*taken];
        if (group.is_root()) {
            base::log_info(base::text(
                "sweep: ", name_of_training(run), " (", *taken + 1, " of ", trainings.size(), ")"));
        }
        train_run(group, run, tiles);
        if (group.max(base::is_asked_to_stop() ? 1 : 0) != 0) {
            comm::on_root(group, [&] { base::make_folder(claims + "/stop"); });
        }
        next = *taken + 1;
    }
} catch (const comm::CollectiveError& error) {
    throw base::Error(error.code(), error.what());
}

/// One run of each training: runs that differ in their label rule may share one.
std::vector<const SweepRun*> trainings_of(const std::vector<SweepRun>& runs) {
    std::vector<const SweepRun*> trainings;
    std::set<std::string> outputs;
    for (const SweepRun& run : runs) {
        if (outputs.insert(run.training.output).second) {
            trainings.push_back(&run);
        }
    }
    return trainings;
}

/// Trains what is not trained, each group of ranks one run after another.
/// @collective yes: every rank.
void train_all(const comm::Communicator& communicator,
               const Campaign& campaign,
               const std::vector<SweepRun>& runs) {
    // All groups are of one size, see is_trained(); ranks too few for a group of their own wait.
    const int group_size = campaign.sweep.group_size;
    const std::string claims = campaign.output + "/runs/.claims";
    const std::vector<const SweepRun*> trainings = trainings_of(runs);
    comm::on_root(communicator, [&] {
        fs::remove_all(claims);
        base::make_folder(claims);
        std::size_t n_done = 0;
        for (std::size_t i = 0; i < trainings.size(); ++i) {
            if (is_trained(*trainings[i], group_size) || !failure_of(*trainings[i]).empty()) {
                fs::create_directory(base::text(claims, "/", i));
                ++n_done;
            }
        }
        base::print(base::text("sweep: ",
                               trainings.size(),
                               " trainings, ",
                               n_done,
                               " finished before and unchanged, skipped"));
    });
    const int n_groups = communicator.size() / group_size;
    const int number = std::min(communicator.rank() / group_size, n_groups);
    const comm::Communicator group = communicator.split(number);
    if (number < n_groups) {
        train_as_group(group, claims, trainings);
    }
    communicator.wait_for_all();
    stop_if_asked(communicator);
}

std::string path_at(const SweepRun& run, int epoch) {
    return epoch == run.campaign.train.epochs ? pipeline::model_path(run.campaign)
                                              : pipeline::epoch_model_path(run.campaign, epoch);
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
    std::string state = stage_hash(run.campaign, Stage::evaluate);
    for (const int epoch : run.milestones) {
        state += " " + base::file_stamp(path_at(run, epoch));
    }
    return state;
}

/// Of its own: `evaluate` in a run's folder is another stage, with other files.
nlohmann::json read_scores(const SweepRun& run) {
    return read_state(pipeline::milestones_path(run.campaign), score_state(run));
}

/// Scores the models of some runs, with each test field read once, and keeps that in their folders.
/// @collective yes: every rank.
void score_runs(const comm::Communicator& communicator,
                const Campaign& campaign,
                std::span<const SweepRun* const> runs) {
    std::vector<pipeline::LoadedModel> models;
    for (const SweepRun* run : runs) {
        for (const int epoch : run->milestones) {
            models.push_back(
                pipeline::load_model(communicator, run->campaign, path_at(*run, epoch)));
            models.back().model.tensors = {};  // the classifier has them
        }
    }
    const pipeline::ModelScores scores = pipeline::score_models(communicator, campaign, models, {});
    comm::on_root(communicator, [&] {
        auto of_model = scores.models.begin();
        for (const SweepRun* run : runs) {
            nlohmann::json json = {{"state", score_state(*run)}};
            for (const int epoch : run->milestones) {
                json["fields_at_epoch"][std::to_string(epoch)] = to_json(*of_model++);
            }
            base::write_file(pipeline::milestones_path(run->campaign), json.dump() + "\n");
        }
    });
}

/// @collective yes: every rank.
void score_all(const comm::Communicator& communicator,
               const Campaign& campaign,
               const std::vector<SweepRun>& runs) {
    const std::string pending = comm::from_root(communicator, [&] {
        std::string marks;
        for (const SweepRun& run : runs) {
            marks += failure_of(run).empty() && read_scores(run).is_null() ? '1' : '0';
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

/// The best threshold finder under each label rule; kept in finders.json.
/// @collective yes: every rank.
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
        std::string text = stage_hash(campaign, Stage::simulate) +
                           campaign::settings_text(campaign, {"tile_px", "field_px"});
        for (const label::LabelRule& rule : rules) {
            text += base::text(rule.min_pixels, " ", rule.flux_threshold_jy_arcsec2, "\n");
        }
        return base::sha256(text);
    };
    const auto is_missing = [&] { return read_state(path, state()).is_null(); };
    if (comm::from_root(communicator, is_missing)) {
        const std::vector<pipeline::TunedFinder> tuned =
            pipeline::tune_finders(communicator, campaign, rules);
        comm::on_root(communicator, [&] {
            nlohmann::json json = {{"state", state()}};
            for (const pipeline::TunedFinder& finder : tuned) {
                json["finders"].push_back(
                    {{"settings", finder.finder ? pipeline::text_of(*finder.finder) : ""},
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
            results.push_back({rules[i],
                               finder.at("settings").get<std::string>(),
                               fields_from(finder.at("fields"))});
        }
    }
    return results;
}

/// Columns of a table by their names; none of a file that is not there.
std::map<std::string, std::vector<double>> read_columns(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    std::vector<std::string> names;
    std::istringstream header(line);
    for (std::string name; std::getline(header, name, ',');) {
        names.push_back(name);
    }
    std::map<std::string, std::vector<double>> columns;
    while (std::getline(file, line)) {
        std::istringstream cells(line);
        std::string cell;
        for (std::size_t i = 0; i < names.size() && std::getline(cells, cell, ','); ++i) {
            columns[names[i]].push_back(std::strtod(cell.c_str(), nullptr));
        }
    }
    return columns;
}

std::map<std::string, std::vector<double>> read_history(const SweepRun& run) {
    return read_columns(run.campaign.output + "/history.csv");
}

/// The seconds of the epochs are in the checkpoints, so that they outlive a stop.
double training_s_of(const SweepRun& run) {
    auto timing = read_columns(timing_path(run));
    double sum_s = 0;
    for (const char* const column : {"train_s", "validate_s"}) {
        for (const double epoch_s : timing[column]) {
            sum_s += epoch_s;
        }
    }
    return sum_s;
}

std::vector<score::StudyRow> rows_of(const SweepRun& run) {
    const Campaign& campaign = run.campaign;
    const learn::NetworkInfo network = learn::network_info(
        campaign.train.network,
        campaign.tile_px,
        {.n_rules = 1, .n_thresholds = pipeline::network_of(campaign).heads.n_thresholds});
    score::StudyRow row;
    row.run = run.name;
    row.set_up = run.set_up;
    row.variant = run.variant;
    row.label = campaign.label;
    row.network = campaign.train.network;
    row.scaling = tile::scaling_name(campaign.train.scaling);
    row.learning_rate = campaign.train.learning_rate;
    row.batch_size = campaign.train.batch_size;
    row.seed = campaign.train.seed;
    row.n_parameters = network.n_parameters;
    row.mflop_per_tile = network.mflop_per_tile;
    row.failure = failure_of(run);
    row.training_s = training_s_of(run);
    nlohmann::json scores;
    std::map<std::string, std::vector<double>> history;
    if (row.failure.empty()) {
        scores = read_scores(run).at("fields_at_epoch");
        history = read_history(run);
    }
    std::vector<score::StudyRow> rows;
    for (const int epoch : run.milestones) {
        row.epochs = epoch;
        row.test_id = score::paper_test_id(row.learning_rate, row.batch_size, epoch);
        if (row.failure.empty()) {
            row.fields = fields_from(scores.at(std::to_string(epoch)));
            // A training that ran out of patience has fewer epochs.
            const std::vector<double>& steps = history.at("steps");
            row.n_steps = static_cast<std::int64_t>(
                steps.at(std::min(static_cast<std::size_t>(epoch), steps.size()) - 1));
        }
        rows.push_back(row);
    }
    return rows;
}

std::string csv_of(std::span<const score::StudyRow> rows) {
    std::ostringstream table;
    table.precision(9);
    table << "run,set_up,variant,test_id,min_pixels,flux_threshold_jy_arcsec2,network,scaling,"
             "learning_rate,batch_size,epochs,seed,n_parameters,mflop_per_tile,n_steps,";
    for (const char* const name : score::count_names) {
        table << name << ',';
    }
    table << "A_s,W_s,W_v,failure,training_s\n";
    for (const score::StudyRow& row : rows) {
        const score::FieldScore total = row.total();
        const score::Confusion& confusion = total.confusion;
        std::string failure = row.failure;
        std::replace(failure.begin(), failure.end(), ',', ';');
        table << row.run << ',' << row.set_up << ',' << row.variant << ',' << row.test_id << ','
              << row.label.min_pixels << ',' << row.label.flux_threshold_jy_arcsec2 << ','
              << row.network << ',' << row.scaling << ',' << row.learning_rate << ','
              << row.batch_size << ',' << row.epochs << ',' << row.seed << ',' << row.n_parameters
              << ',' << row.mflop_per_tile << ',' << row.n_steps << ',';
        for (const std::int64_t n : score::counts_of(total)) {
            table << n << ',';
        }
        table << confusion.a_s() << ',' << confusion.w_s() << ',' << confusion.w_v() << ','
              << failure << ',' << row.training_s << '\n';
    }
    return table.str();
}

/// The paper's figures of its grid, from the runs of the first label rule and seed that are on it.
void draw_figures(const Campaign& campaign,
                  const std::vector<SweepRun>& runs,
                  std::span<const score::StudyRow> rows) {
    const auto on_grid = std::ranges::find_if(
        rows, [](const score::StudyRow& row) { return row.test_id > 0 && row.failure.empty(); });
    if (on_grid == rows.end()) {
        return;
    }
    std::vector<score::StudyRow> shown;
    for (const score::StudyRow& row : rows) {
        if (row.label == on_grid->label && row.seed == on_grid->seed &&
            row.network == on_grid->network && row.variant == on_grid->variant &&
            row.scaling == on_grid->scaling) {
            shown.push_back(row);
        }
    }
    report::draw_test_ids(campaign.output + "/figure5.png", shown);
    std::vector<report::LearningCurve> curves;
    for (const SweepRun& run : runs) {
        const bool is_shown = std::ranges::any_of(
            shown, [&](const score::StudyRow& row) { return row.run == run.name; });
        if (is_shown && failure_of(run).empty()) {
            auto history = read_history(run);
            curves.push_back({run.campaign.train.learning_rate,
                              run.campaign.train.batch_size,
                              history.at("steps"),
                              history.at("accuracy")});
        }
    }
    report::draw_learning_curves(campaign.output + "/figure6.png", curves);
}

/// Writes and prints what the study gives.
/// @return  how many trainings have no model.
std::size_t report_study(const Campaign& campaign,
                         const std::vector<SweepRun>& runs,
                         std::span<const report::FinderResult> finders) {
    std::vector<score::StudyRow> rows;
    std::size_t n_failed = 0;
    for (const SweepRun& run : runs) {
        const std::vector<score::StudyRow> of_run = rows_of(run);
        n_failed += of_run.front().failure.empty() ? 0 : 1;
        rows.insert(rows.end(), of_run.begin(), of_run.end());
    }
    base::write_file(campaign.output + "/sweep.csv", csv_of(rows));
    io::write_study(campaign.output + "/sweep.h5", rows);
    const std::string table = report::study_table(rows, finders, campaign.sweep.reference);
    base::write_file(campaign.output + "/table2.md", table);
    draw_figures(campaign, runs, rows);
    base::print(table);
    base::print(base::text("sweep: ",
                           runs.size(),
                           " runs of ",
                           trainings_of(runs).size(),
                           " trainings, ",
                           n_failed,
                           " runs without a model; results are in ",
                           campaign.output));
    return n_failed;
}

}  // namespace

base::ExitCode sweep(const comm::Communicator& communicator, const Campaign& campaign) {
    pipeline::prepare_folder(communicator, campaign.output + "/runs");
    if (campaign.simulate.n_test == 0) {
        throw comm::CollectiveError(base::ExitCode::usage,
                                    "cannot evaluate without test skies, raise simulate.n_test");
    }
    if (campaign.sweep.group_size > communicator.size()) {
        throw comm::CollectiveError(base::ExitCode::usage,
                                    base::text("sweep.group_size is ",
                                               campaign.sweep.group_size,
                                               " (there are fewer ranks: ",
                                               communicator.size(),
                                               "), start more ranks or make it smaller"));
    }
    const base::DrainSignals drain;
    // Before the first training: a device that is not there would fail all of them.
    pipeline::choose_device(communicator, campaign);
    finish_stage(communicator, campaign, Stage::simulate);
    stop_if_asked(communicator);
    const std::vector<SweepRun> runs = campaign::sweep_runs(campaign);
    train_all(communicator, campaign, runs);
    score_all(communicator, campaign, runs);
    std::vector<report::FinderResult> finders;
    if (campaign.evaluate.threshold_finder) {
        finders = find_finders(communicator, campaign, runs);
    }
    const auto n_failed =
        comm::from_root(communicator, [&] { return report_study(campaign, runs, finders); });
    return n_failed == 0 ? base::ExitCode::done : base::ExitCode::failed_inputs;
}

void print_sweep(const Campaign& campaign) {
    const std::vector<SweepRun> runs = campaign::sweep_runs(campaign);
    std::size_t n_models = 0;
    std::int64_t n_epochs = 0;
    for (const SweepRun& run : runs) {
        n_models += run.milestones.size();
    }
    const std::vector<const SweepRun*> trainings = trainings_of(runs);
    for (const SweepRun* run : trainings) {
        n_epochs += run->training.train.epochs;
    }
    base::print(base::text("sweep: ",
                           trainings.size(),
                           " trainings of ",
                           n_epochs,
                           " epochs in all, ",
                           n_models,
                           " evaluations, groups of ",
                           campaign.sweep.group_size,
                           campaign.sweep.group_size == 1 ? " rank" : " ranks"));
}

}  // namespace faintweb::apps
