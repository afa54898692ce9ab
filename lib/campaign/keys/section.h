// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/base/contract.h"
#include "lib/campaign/keys.h"

namespace faintweb::campaign {

/// The type of an item of a list, of a value that may be null, or of the value itself.
template <typename T>
struct Innermost {
    using Type = T;
};
template <typename T>
struct Innermost<std::vector<T>> : Innermost<T> {};
template <typename T>
struct Innermost<std::optional<T>> : Innermost<T> {};

/// The values that a key of type T may have, as help shows them; empty if all of the type are.
template <typename T>
std::string allowed_text(const Allowed& allowed) {
    using Item = typename Innermost<T>::Type;
    if constexpr (std::is_enum_v<Item>) {
        return either(enum_words<Item>());
    } else {
        return allowed.range ? allowed.range->text() : either(allowed.choices);
    }
}

/// One struct of settings, where it stands in the campaign, and the section that its keys are in.
template <typename Settings>
class Section {
  public:
    /// Adds the section to the keys.
    Section(Keys& keys, const std::string& name, Settings Campaign::*place, const std::string& help)
        : keys_(keys), prefix_(name + "."), place_(place) {
        keys.add_section({name, help});
    }
    /// The top level.
    explicit Section(Keys& keys) requires std::same_as<Settings, Campaign> : keys_(keys) {
        keys.add_section({"", ""});
    }
    /// Members of the campaign itself, whose keys stand in a section that was added before.
    Section(Keys& keys, const std::string& name) requires std::same_as<Settings, Campaign>
        : keys_(keys), prefix_(name + ".") {
        FAINTWEB_EXPECTS(keys.has_section(name));
    }

    /// Adds the key of one member.
    ///
    /// @param leaf     the key's name in the section.
    /// @param allowed  what the value may be beyond its type; of a list, each item.
    /// @param unit     empty if it has none.
    /// @param help     a sentence that begins with the quantity or a verb and stands alone.
    template <typename T>
    Key& key(const std::string& leaf,
             T Settings::*member,
             const Allowed& allowed,
             const std::string& unit,
             const std::string& help) {
        Key key;
        key.name = prefix_ + leaf;
        key.type = type_text<T>();
        key.allowed = allowed_text<T>(allowed);
        key.unit = unit;
        key.help = help;
        key.read = [place = place_, member, allowed](Campaign& campaign, const Node& node) {
            settings(campaign, place).*member = read_value<T>(node, allowed);
        };
        key.print = [place = place_, member](const Campaign& campaign) {
            return print_value(settings(campaign, place).*member);
        };
        return keys_.add(std::move(key));
    }

  private:
    static auto& settings(auto& campaign, Settings Campaign::*place) {
        if constexpr (std::same_as<Settings, Campaign>) {
            return campaign;
        } else {
            return campaign.*place;
        }
    }

    Keys& keys_;
    std::string prefix_;
    Settings Campaign::*place_ = nullptr;
};

}  // namespace faintweb::campaign
