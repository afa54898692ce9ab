// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/variant.h"

#include <algorithm>

#include "lib/campaign/keys.h"
#include "lib/campaign/value.h"
#include "lib/campaign/yaml_tree.h"

namespace faintweb::campaign {
namespace {

constexpr const char* example = "{name: wide, train.learning_rate: 1e-4}";

/// What is trained and how, but neither where its tiles come from nor what only a list may name.
std::vector<std::string> keys_of_variants() {
    std::vector<std::string> names;
    for (const Key& key : Keys::all().list()) {
        if (key.section() == "train" && key.name != "train.seed" &&
            key.name != "train.keep_epochs" && key.name != "train.source") {
            names.push_back(key.name);
        }
    }
    return names;
}

std::pair<std::string, std::string> read_setting(const Node& key, const Node& value) {
    const std::vector<std::string> names = keys_of_variants();
    if (key.kind != Node::Kind::scalar ||
        std::find(names.begin(), names.end(), key.text) == names.end()) {
        std::string meant = nearest(key.text, names);
        if (meant.empty() && key.kind == Node::Kind::scalar) {
            // The section is easily left out.
            meant = nearest("train." + key.text, names);
        }
        throw Fault{key.where, "a variant with " + shown(key),
                    "neither its name nor a key of the train section that a variant may set",
                    meant.empty() ? "leave it out" : "did you mean " + meant + "?"};
    }
    const Key& known = *Keys::all().find(key.text);
    Campaign campaign;
    try {
        known.read(campaign, value);
    } catch (const Fault& fault) {
        throw Fault{fault.where, "a variant whose " + key.text + " is " + fault.value, fault.why,
                    fault.what_to_do};
    }
    return {key.text, known.print(campaign)};
}

}  // namespace

Variant read_variant(const Node& node) {
    if (node.kind != Node::Kind::mapping) {
        throw Fault{node.where, shown(node), "a variant is a name and settings",
                    std::string("give for instance ") + example};
    }
    Variant variant;
    std::vector<std::string> given;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        const Node& key = node.keys[i];
        if (std::find(given.begin(), given.end(), key.text) != given.end()) {
            throw Fault{key.where, "a variant that gives " + shown(key) + " twice",
                        "only one can hold", "remove one of the two"};
        }
        given.push_back(key.text);
        if (key.kind == Node::Kind::scalar && key.text == "name") {
            variant.name = read_text(node.values[i], not_empty());
            // It becomes the name of a folder.
            constexpr const char* plain =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
            if (variant.name.find_first_not_of(plain) != std::string::npos) {
                throw Fault{node.values[i].where, "a variant named " + shown(variant.name),
                            "the name becomes part of a folder's", "use letters, digits, _ and -"};
            }
        } else {
            variant.settings.push_back(read_setting(key, node.values[i]));
        }
    }
    if (variant.name.empty()) {
        throw Fault{node.where, "a variant without a name", "its results would have none",
                    std::string("give one, for instance ") + example};
    }
    return variant;
}

std::string print_variant(const Variant& variant) {
    std::string text = "{name: " + print_text(variant.name);
    for (const auto& [key, value] : variant.settings) {
        text += ", " + key + ": " + value;
    }
    return text + "}";
}

void apply_variant(Campaign& campaign, const Variant& variant) {
    for (const auto& [key, value] : variant.settings) {
        // Read and printed before: it cannot be at fault.
        Keys::all().find(key)->read(campaign,
                                    parse_yaml(value, [](int, int) { return std::string(); }));
    }
}

}  // namespace faintweb::campaign
