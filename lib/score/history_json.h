// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "lib/score/history.h"

namespace faintweb::score {

/// JSON has no NaN: what says nothing is null.
nlohmann::ordered_json json_number(double value);

/// An epoch as a JSON object, which history_from_json() reads back.
nlohmann::ordered_json to_json(const EpochRecord& record);

/// The records of an array.
/// @throws std::runtime_error  if it is not one of to_json()'s.
std::vector<EpochRecord> history_from_json(const nlohmann::ordered_json& json);

}  // namespace faintweb::score
