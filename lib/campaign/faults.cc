// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/faults.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "lib/base/error.h"

namespace faintweb::campaign {

std::string start_of(const Campaign& campaign) {
    return campaign.path.empty() ? override_place : campaign.path + ":1:1";
}

void Faults::add(std::string line) {
    lines_.push_back(std::move(line));
}

void Faults::add(const std::string& where,
                 const std::string& problem,
                 const std::string& why,
                 const std::string& what_to_do) {
    add(where + ": " + problem + " (" + why + "), " + what_to_do);
}

void Faults::add(const Key& key, const Fault& fault) {
    add(fault.where, key.name + " is " + fault.value, fault.why, fault.what_to_do);
}

void Faults::throw_if_any() const {
    constexpr std::size_t n_most = 20;
    std::string message;
    for (std::size_t i = 0; i < std::min(n_most, lines_.size()); ++i) {
        message += (i == 0 ? "" : "\n") + lines_[i];
    }
    if (lines_.size() > n_most) {
        message += fmt::format("\nand {} more faults", lines_.size() - n_most);
    }
    if (!lines_.empty()) {
        throw base::UsageError(message);
    }
}

}  // namespace faintweb::campaign
