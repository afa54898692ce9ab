// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace faintweb::learn {

/// Parses JSON from a file that is not trusted: at most 8 levels deep, no name twice in one object
/// (nlohmann::json would silently keep the last).
///
/// @throws std::runtime_error  says what is wrong; the caller adds the file.
inline nlohmann::ordered_json parse_checked_json(std::string_view text) {
    constexpr int max_depth = 8;
    std::vector<std::set<std::string>> names;  // of the objects that are open
    using Json = nlohmann::ordered_json;
    const auto check = [&names](int depth, Json::parse_event_t event, Json& parsed) {
        if (depth > max_depth) {
            throw std::runtime_error("it is nested more than 8 deep");
        }
        if (event == Json::parse_event_t::object_start) {
            names.emplace_back();
        } else if (event == Json::parse_event_t::object_end) {
            names.pop_back();
        } else if (event == Json::parse_event_t::key) {
            const auto name = parsed.get<std::string>();
            if (!names.back().insert(name).second) {
                throw std::runtime_error("it has the name '" + name + "' twice");
            }
        }
        return true;
    };
    try {
        return Json::parse(text.begin(), text.end(), check);
    } catch (const nlohmann::json::exception&) {
        throw std::runtime_error("it is not valid JSON");
    }
}

}  // namespace faintweb::learn
