// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/learn/cells_network.h"
#include "lib/learn/cosmodeep.h"
#include "lib/learn/network.h"

namespace faintweb::learn {
namespace {

using Registry = std::vector<std::unique_ptr<const Network>>;

Registry make_registry() {
    Registry networks;
    networks.push_back(std::make_unique<Cosmodeep>("cosmodeep", Cosmodeep::End::flattened));
    networks.push_back(std::make_unique<Cosmodeep>("cosmodeep_spp", Cosmodeep::End::pyramid));
    networks.push_back(std::make_unique<CellsNetwork>("faintweb", 32));
    networks.push_back(std::make_unique<CellsNetwork>("faintweb_fast", 16));
    networks.push_back(std::make_unique<CellsNetwork>("faintweb_lite", 8));
    return networks;
}

Registry& registry() {
    static Registry networks = make_registry();
    return networks;
}

Registry::const_iterator find(const std::string& name) {
    return std::ranges::find(registry(), name, [](const auto& network) { return network->name(); });
}

}  // namespace

const Network& find_network(const std::string& name) {
    const auto found = find(name);
    if (found != registry().end()) {
        return **found;
    }
    std::string known;
    for (const std::string& other : network_names()) {
        known += (known.empty() ? "" : ", ") + other;
    }
    throw base::UsageError("there is no network '" + name + "'; choose one of: " + known);
}

void register_network(std::unique_ptr<const Network> network) {
    FAINTWEB_EXPECTS(find(network->name()) == registry().end());
    registry().push_back(std::move(network));
}

std::vector<std::string> network_names() {
    std::vector<std::string> names;
    for (const auto& network : registry()) {
        names.push_back(network->name());
    }
    return names;
}

}  // namespace faintweb::learn
