// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/checkpoint.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/learn/checked_json.h"
#include "lib/score/history_json.h"

namespace faintweb::learn {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// A file is this line, the sha256 of the rest and a line's end, then the length of a JSON text,
/// the text, and the float arrays whose sizes it names.
constexpr std::string_view first_line = "faintweb checkpoint 1\n";
constexpr std::size_t hash_length = 64;

void append(std::string& bytes, const std::vector<float>& values) {
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

/// Takes float arrays off a text from its front.
std::vector<float> take(std::string_view& bytes, std::size_t n) {
    if (n > bytes.size() / sizeof(float)) {
        throw std::runtime_error("an array is missing");
    }
    std::vector<float> values(n);
    std::memcpy(values.data(), bytes.data(), n * sizeof(float));
    bytes.remove_prefix(n * sizeof(float));
    return values;
}

TrainingState parse(std::string_view bytes) {
    std::uint64_t length = 0;
    if (bytes.size() < sizeof(length)) {
        throw std::runtime_error("it ends early");
    }
    std::memcpy(&length, bytes.data(), sizeof(length));
    bytes.remove_prefix(sizeof(length));
    if (length > bytes.size()) {
        throw std::runtime_error("it ends early");
    }
    const Json json = parse_checked_json(bytes.substr(0, length));
    bytes.remove_prefix(length);

    TrainingState state;
    state.settings_sha256 = json.at("settings_sha256").get<std::string>();
    state.epoch = json.at("epoch").get<int>();
    state.n_batches = json.at("n_batches").get<std::int64_t>();
    for (const Json& sum : json.at("sums")) {
        state.sums.push_back({sum.at(0).get<double>(), sum.at(1).get<std::int64_t>()});
    }
    state.history = score::history_from_json(json.at("history"));
    for (const Json& t : json.at("timings")) {
        state.timings.push_back({t.at(0).get<int>(), t.at(1).get<double>(), t.at(2).get<double>(),
                                 t.at(3).get<double>(), t.at(4).get<double>(),
                                 t.at(5).get<double>()});
    }
    const auto n = json.at("n_parameters").get<std::size_t>();
    state.step.n_steps = json.at("n_steps").get<std::int64_t>();
    state.step.weights = take(bytes, n);
    state.step.first_moment = take(bytes, n);
    state.step.second_moment = take(bytes, n);
    state.best_weights = take(bytes, json.at("has_best_weights").get<bool>() ? n : 0);
    return state;
}

/// The checkpoints of a folder, the last one first.
///
/// @param ending  ".checkpoint.partial": those that were not whole yet.
std::vector<fs::path> checkpoints_in(const std::string& folder,
                                     const std::string& ending = ".checkpoint") {
    std::vector<fs::path> paths;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("step_") && name.ends_with(ending)) {
            paths.push_back(entry.path());
        }
    }
    std::sort(paths.begin(), paths.end(), std::greater<>());
    return paths;
}

std::string read_bytes(const fs::path& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    std::string bytes(file ? static_cast<std::size_t>(file.tellg()) : 0, '\0');
    file.seekg(0);
    if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
        base::throw_errno("cannot read " + path.string(), errno);
    }
    return bytes;
}

}  // namespace

std::vector<Tensor> tensors_of(std::span<const float> weights,
                               const std::vector<WeightShape>& shapes) {
    std::vector<Tensor> tensors;
    for (const WeightShape& weight : shapes) {
        const auto n = static_cast<std::size_t>(n_values(weight));
        FAINTWEB_EXPECTS(n <= weights.size());
        tensors.push_back(
            {weight.name, weight.shape, {weights.begin(), weights.begin() + n_values(weight)}});
        weights = weights.subspan(n);
    }
    FAINTWEB_EXPECTS(weights.empty());
    return tensors;
}

std::string checkpoint_bytes(const TrainingState& state) {
    Json sums = Json::array();
    for (const TrainingStep::Sum& sum : state.sums) {
        sums.push_back({sum.loss, sum.n_right});
    }
    Json history = Json::array();
    for (const score::EpochRecord& record : state.history) {
        history.push_back(score::to_json(record));
    }
    Json timings = Json::array();
    for (const score::EpochTiming& t : state.timings) {
        timings.push_back(
            {t.epoch, t.train_s, t.tiles_per_s, t.exchange_s, t.reduce_s, t.validate_s});
    }
    const std::string json = Json{{"settings_sha256", state.settings_sha256},
                                  {"epoch", state.epoch},
                                  {"n_batches", state.n_batches},
                                  {"sums", sums},
                                  {"history", history},
                                  {"timings", timings},
                                  {"n_steps", state.step.n_steps},
                                  {"n_parameters", state.step.weights.size()},
                                  {"has_best_weights", !state.best_weights.empty()}}
                                 .dump();
    const auto length = static_cast<std::uint64_t>(json.size());
    std::string rest(reinterpret_cast<const char*>(&length), sizeof(length));
    rest += json;
    for (const std::vector<float>* values : {&state.step.weights, &state.step.first_moment,
                                             &state.step.second_moment, &state.best_weights}) {
        append(rest, *values);
    }
    return std::string(first_line) + base::sha256(rest) + "\n" + rest;
}

TrainingState parse_checkpoint(const std::string& bytes) {
    const auto refuse = [](const std::string& why) {
        throw base::UsageError("this is no checkpoint (" + why + "), remove it");
    };
    const std::string_view all = bytes;
    const std::size_t head = first_line.size() + hash_length + 1;
    if (!all.starts_with(first_line) || all.size() < head || all[head - 1] != '\n') {
        refuse("its first bytes are others");
    }
    if (base::sha256(all.substr(head)) != all.substr(first_line.size(), hash_length)) {
        refuse("it was cut short or changed since it was written");
    }
    try {
        return parse(all.substr(head));
    } catch (const std::exception& error) {
        refuse(error.what());
    }
    return {};
}

void write_checkpoint(const std::string& folder, const TrainingState& state) {
    std::string number = base::text(state.step.n_steps);
    number.insert(0, 12 - std::min<std::size_t>(12, number.size()), '0');
    base::make_folder(folder);
    base::write_file(folder + "/step_" + number + ".checkpoint", checkpoint_bytes(state));
    constexpr std::size_t n_kept = 2;
    const std::vector<fs::path> paths = checkpoints_in(folder);
    for (std::size_t i = n_kept; i < paths.size(); ++i) {
        fs::remove(paths[i]);
    }
}

void remove_checkpoints(const std::string& folder) {
    std::error_code ignored;  // a folder that is not there, or holds what is not ours
    std::vector<fs::path> trainings;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
        const std::string name = entry.path().filename().string();
        if (entry.is_directory() && !entry.is_symlink() && name.size() == 12 &&
            name.find_first_not_of("0123456789abcdef") == std::string::npos) {
            trainings.push_back(entry.path());
        }
    }
    for (const fs::path& training : trainings) {
        for (const char* const ending : {".checkpoint", ".checkpoint.partial"}) {
            for (const fs::path& path : checkpoints_in(training.string(), ending)) {
                fs::remove(path);
            }
        }
        fs::remove(training, ignored);
    }
    fs::remove(folder, ignored);
}

std::string last_good_checkpoint(const std::string& folder,
                                 const std::string& settings_sha256,
                                 std::size_t n_parameters) {
    for (const fs::path& path : checkpoints_in(folder)) {
        std::string why;
        std::string bytes = read_bytes(path);
        try {
            const TrainingState state = parse_checkpoint(bytes);
            if (state.step.weights.size() != n_parameters) {
                why = "it is of another network";
            } else if (state.settings_sha256 != settings_sha256) {
                why = "it is of other settings or training skies";
            } else {
                return bytes;
            }
        } catch (const base::UsageError& error) {
            why = error.what();
        }
        base::log_warning(
            base::text("not gone on from ", path.string(), ": ", why, "; it is removed"));
        fs::remove(path);
    }
    return "";
}

}  // namespace faintweb::learn
