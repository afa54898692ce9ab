// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <utility>
#include <vector>

namespace faintweb::campaign {

struct Campaign;

/// Settings that go together, under one name: {name: cosmodeep, train.network: cosmodeep,
/// train.scaling: paper}.
struct Variant {
    std::string name;
    /// Dotted key of the train section and its value as dump() prints it.
    std::vector<std::pair<std::string, std::string>> settings;
    bool operator==(const Variant&) const = default;
};

/// Gives the campaign the variant's settings.
void apply_variant(Campaign& campaign, const Variant& variant);

}  // namespace faintweb::campaign
