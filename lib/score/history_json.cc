// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/score/history_json.h"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace faintweb::score {
namespace {

using Json = nlohmann::ordered_json;

double number_of(const Json& value) {
    return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

EpochRecord from_json(const Json& json) {
    EpochRecord record;
    record.epoch = json.at("epoch").get<int>();
    record.n_steps = json.at("steps").get<std::int64_t>();
    record.learning_rate = number_of(json.at("learning_rate"));
    record.loss = number_of(json.at("loss"));
    record.accuracy = number_of(json.at("accuracy"));
    if (json.contains("A_s")) {
        record.validation = {.a_s = number_of(json.at("A_s")),
                             .w_s = number_of(json.at("W_s")),
                             .w_v = number_of(json.at("W_v")),
                             .best_a_s = number_of(json.at("best_A_s")),
                             .best_threshold = number_of(json.at("best_threshold"))};
    }
    return record;
}

}  // namespace

Json json_number(double value) {
    return std::isnan(value) ? Json() : Json(value);
}

Json to_json(const EpochRecord& record) {
    Json json = {{"epoch", record.epoch},
                 {"steps", record.n_steps},
                 {"learning_rate", json_number(record.learning_rate)},
                 {"loss", json_number(record.loss)},
                 {"accuracy", json_number(record.accuracy)}};
    if (const auto& validation = record.validation) {
        json["A_s"] = json_number(validation->a_s);
        json["W_s"] = json_number(validation->w_s);
        json["W_v"] = json_number(validation->w_v);
        json["best_A_s"] = json_number(validation->best_a_s);
        json["best_threshold"] = json_number(validation->best_threshold);
    }
    return json;
}

std::vector<EpochRecord> history_from_json(const Json& json) {
    std::vector<EpochRecord> history;
    try {
        if (!json.is_array()) {
            throw std::runtime_error("it is no list");
        }
        for (const Json& record : json) {
            history.push_back(from_json(record));
        }
    } catch (const std::exception& error) {
        throw std::runtime_error(std::string("its history cannot be read (") + error.what() + ")");
    }
    return history;
}

}  // namespace faintweb::score
