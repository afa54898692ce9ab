// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/campaign/variant.h"
#include "lib/campaign/yaml_tree.h"
#include "lib/image/beam.h"
#include "lib/image/brightness_unit.h"
#include "lib/label/rule.h"

/// Values of the types that settings have, from YAML and back.
namespace faintweb::campaign {

/// An interval of numbers.
struct Range {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    bool is_low_open = false;
    bool is_high_open = false;

    bool contains(double value) const;
    std::string text() const;  ///< "[1, 100]", "(0, 1]"
};

/// From low to high, both included.
inline Range within(double low, double high) {
    return {.low = low, .high = high};
}
/// From low up, which is left out.
inline Range above(double low) {
    return {.low = low, .is_low_open = true};
}
/// From low, which is left out, to high, which is included.
inline Range above_up_to(double low, double high) {
    return {.low = low, .high = high, .is_low_open = true};
}

/// What a key may be, beyond its type; of a list, each item.
struct Allowed {
    std::optional<Range> range;
    std::vector<std::string> choices;
    /// Words that were choices once, and what to do instead of each.
    std::map<std::string, std::string> removed;
    bool may_be_empty = true;

    Allowed() = default;
    Allowed(const Range& interval) : range(interval) {}
    Allowed(std::vector<std::string> words, std::map<std::string, std::string> former = {})
        : choices(std::move(words)), removed(std::move(former)) {}
};
/// Every value of the type.
inline Allowed any_value() {
    return {};
}
/// Text of at least one character.
Allowed not_empty();

/// What the number of pixels of a label rule may be.
inline Allowed pixel_counts() {
    return within(0, 1048576);
}
/// What the brightness of a label rule may be, Jy/arcsec2.
inline Allowed flux_thresholds() {
    return above_up_to(0, 1e3);
}

/// Why a value cannot be taken. `why` stands in brackets after the value, `what_to_do` ends the
/// line.
struct Fault {
    std::string where;
    std::string value;
    std::string why;
    std::string what_to_do;
};

/// The names of an enumeration's values; specialise for each enumeration that is a setting.
template <typename Enum>
struct Names;  // static std::vector<std::pair<std::string, Enum>> all();

/// The text with '?' for control characters: a message is one line and cannot steer a terminal.
std::string one_line(std::string text);
/// How a faulty word is shown: in quotes, cut to 40 bytes.
std::string shown(const std::string& word);
/// How a faulty value is shown: 'word', "a list".
std::string shown(const Node& node);
/// The word of `choices` that `word` is most likely meant to be, empty if none is near.
///
/// @source Damerau 1964: one edit is a letter changed, left out, added, or two neighbours swapped.
std::string nearest(const std::string& word, const std::vector<std::string>& choices);
/// "a, b or c".
std::string either(const std::vector<std::string>& words);

/// @throws Fault  if the node is neither true nor false.
bool read_bool(const Node& node);
/// A whole number that the type of a setting holds.
///
/// @param low, high  ends of that type.
/// @throws Fault     if the node is no such number, or not allowed.
std::int64_t read_int(const Node& node,
                      const Allowed& allowed,
                      std::int64_t low,
                      std::int64_t high);
/// @throws Fault  if the node is no whole number from 0 to 2^64 - 1, or not allowed.
std::uint64_t read_unsigned(const Node& node, const Allowed& allowed);
/// @throws Fault  if the node is no finite number, or not allowed.
double read_double(const Node& node, const Allowed& allowed);
/// @throws Fault  if the node is a list or a mapping, or not allowed.
std::string read_text(const Node& node, const Allowed& allowed);
/// [major_arcsec, minor_arcsec, angle_deg]
image::Beam read_beam(const Node& node);
/// A unit of brightness in any spelling of BUNIT.
image::ScaledUnit read_unit(const Node& node);
/// A mapping of min_pixels and flux_threshold_jy_arcsec2.
label::LabelRule read_label_rule(const Node& node);
/// A mapping of a name and of keys that a variant may set, with values that these may have.
Variant read_variant(const Node& node);
/// @throws Fault  if the node is no list.
void expect_list(const Node& node);

/// The shortest digits that read back as the same number.
std::string print_double(double value);
/// The text as YAML, in quotes where it needs them.
std::string print_text(const std::string& value);
/// "[45, 40, 10]", as read_beam() takes it.
std::string print_beam(const image::Beam& beam);
/// "jy_beam", as read_unit() takes it.
std::string print_unit(const image::ScaledUnit& unit);
/// "{min_pixels: 40, flux_threshold_jy_arcsec2: 1e-07}", as read_label_rule() takes it.
std::string print_label_rule(const label::LabelRule& rule);
/// "{name: wide, train.batch_size: 50}", as read_variant() takes it.
std::string print_variant(const Variant& variant);

/// Whether a setting is a list.
template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};
/// Whether a setting may be null.
template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

/// What a value of this type is, for help: "whole number", "list of text".
template <typename T>
std::string type_text() {
    if constexpr (IsOptional<T>::value) {
        return type_text<typename T::value_type>() + " or null";
    } else if constexpr (IsVector<T>::value) {
        return "list of " + type_text<typename T::value_type>();
    } else if constexpr (std::same_as<T, bool>) {
        return "true or false";
    } else if constexpr (std::integral<T>) {
        return "whole number";
    } else if constexpr (std::floating_point<T>) {
        return "number";
    } else if constexpr (std::same_as<T, image::Beam>) {
        return "[major_arcsec, minor_arcsec, angle_deg]";
    } else if constexpr (std::same_as<T, label::LabelRule>) {
        return "{min_pixels: whole number, flux_threshold_jy_arcsec2: number}";
    } else if constexpr (std::same_as<T, Variant>) {
        return "{name: text, key: value, ...}";
    } else {
        return "text";
    }
}

/// The words that an enumeration's values have in campaign files.
template <typename Enum>
std::vector<std::string> enum_words() {
    std::vector<std::string> words;
    for (const auto& [word, value] : Names<Enum>::all()) {
        words.push_back(word);
    }
    return words;
}

/// A value of the type of a setting.
///
/// @throws Fault  if the node is no such value.
template <typename T>
T read_value(const Node& node, const Allowed& allowed) {
    if constexpr (IsOptional<T>::value) {
        if (node.kind == Node::Kind::null) {
            return std::nullopt;
        }
        return read_value<typename T::value_type>(node, allowed);
    } else if constexpr (IsVector<T>::value) {
        expect_list(node);
        T items;
        for (const Node& item : node.values) {
            items.push_back(read_value<typename T::value_type>(item, allowed));
        }
        return items;
    } else if constexpr (std::is_enum_v<T>) {
        const std::string word = read_text(node, Allowed(enum_words<T>()));
        T found{};
        for (const auto& [name, value] : Names<T>::all()) {
            if (name == word) {
                found = value;
            }
        }
        return found;
    } else if constexpr (std::same_as<T, bool>) {
        return read_bool(node);
    } else if constexpr (std::same_as<T, std::uint64_t>) {
        return read_unsigned(node, allowed);
    } else if constexpr (std::integral<T>) {
        return static_cast<T>(
            read_int(node, allowed, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    } else if constexpr (std::floating_point<T>) {
        return static_cast<T>(read_double(node, allowed));
    } else if constexpr (std::same_as<T, image::Beam>) {
        return read_beam(node);
    } else if constexpr (std::same_as<T, image::ScaledUnit>) {
        return read_unit(node);
    } else if constexpr (std::same_as<T, label::LabelRule>) {
        return read_label_rule(node);
    } else if constexpr (std::same_as<T, Variant>) {
        return read_variant(node);
    } else {
        return read_text(node, allowed);
    }
}

/// A value as YAML that reads back as the same value.
template <typename T>
std::string print_value(const T& value) {
    if constexpr (IsOptional<T>::value) {
        return value ? print_value(*value) : "null";
    } else if constexpr (IsVector<T>::value) {
        std::string line = "[";
        for (const auto& item : value) {
            line += (line.size() > 1 ? ", " : "") + print_value(item);
        }
        return line + "]";
    } else if constexpr (std::is_enum_v<T>) {
        std::string word;
        for (const auto& [name, named] : Names<T>::all()) {
            if (named == value) {
                word = name;
            }
        }
        return word;
    } else if constexpr (std::same_as<T, bool>) {
        return value ? "true" : "false";
    } else if constexpr (std::integral<T>) {
        return std::to_string(value);
    } else if constexpr (std::floating_point<T>) {
        return print_double(value);
    } else if constexpr (std::same_as<T, image::Beam>) {
        return print_beam(value);
    } else if constexpr (std::same_as<T, image::ScaledUnit>) {
        return print_unit(value);
    } else if constexpr (std::same_as<T, label::LabelRule>) {
        return print_label_rule(value);
    } else if constexpr (std::same_as<T, Variant>) {
        return print_variant(value);
    } else {
        return print_text(value);
    }
}

}  // namespace faintweb::campaign
