// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/sweep/study_table.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>
#include <variant>

#include "lib/learn/network.h"
#include "lib/tile/scaling.h"
#include "mpi/pipeline/sweep/scores.h"
#include "mpi/pipeline/sweep/trainings.h"
#include "mpi/pipeline/train/training_tiles.h"

namespace faintweb::pipeline {
namespace {

using campaign::Campaign;
using campaign::SweepRun;

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

/// The seconds of the epochs are in the checkpoints, so that they outlive a stop.
double training_s_of(const SweepRun& run) {
    auto timing = read_columns(run.campaign.output + "/timing.csv");
    double sum_s = 0;
    for (const char* const column : {"train_s", "validate_s"}) {
        for (const double epoch_s : timing[column]) {
            sum_s += epoch_s;
        }
    }
    return sum_s;
}

template <typename T>
T cell_of(T number) {
    return number;
}

/// A text without the commas that would end its cell.
std::string cell_of(std::string text) {
    std::ranges::replace(text, ',', ';');
    return text;
}

}  // namespace

std::map<std::string, std::vector<double>> read_history(const SweepRun& run) {
    return read_columns(run.campaign.output + "/history.csv");
}

std::vector<score::StudyRow> rows_of(const SweepRun& run) {
    const Campaign& campaign = run.campaign;
    const learn::NetworkInfo network = learn::network_info(
        campaign.train.network, campaign.tile_px,
        {.n_rules = 1, .n_thresholds = network_of(campaign).heads.n_thresholds});
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
    std::map<int, std::vector<score::FieldScore>> scores;
    std::map<std::string, std::vector<double>> history;
    if (row.failure.empty()) {
        scores = read_scores(run);
        history = read_history(run);
    }
    std::vector<score::StudyRow> rows;
    for (const int epoch : run.milestones) {
        row.epochs = epoch;
        row.test_id = score::paper_test_id(row.learning_rate, row.batch_size, epoch);
        if (row.failure.empty()) {
            row.fields = scores.at(epoch);
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
    const std::vector<score::StudyColumn> columns = score::study_columns();
    std::ostringstream table;
    table.precision(9);
    const char* separator = "";
    for (const score::StudyColumn& column : columns) {
        table << std::exchange(separator, ",") << column.name;
    }
    for (const score::StudyRow& row : rows) {
        separator = "\n";
        for (const score::StudyColumn& column : columns) {
            table << std::exchange(separator, ",");
            std::visit([&](const auto& value) { table << cell_of(value); }, column.value(row));
        }
    }
    table << '\n';
    return table.str();
}

}  // namespace faintweb::pipeline
