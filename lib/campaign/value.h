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

inline Range within(double low, double high) {
    return {.low = low, .high = high};
}
inline Range at_least(double low) {
    return {.low = low};
}
inline Range above(double low) {
    return {.low = low, .is_low_open = true};
}
inline Range above_up_to(double low, double high) {
    return {.low = low, .high = high, .is_low_open = true};
}

/// What a key may be, beyond its type; of a list, each item.
struct Allowed {
    std::optional<Range> range;
    std::vector<std::string> choices;
    std::map<std::string, std::string> former{};  ///< choices of earlier versions, and what to give
    bool may_be_empty = true;

    Allowed() = default;
    Allowed(const Range& interval) : range(interval) {}
    Allowed(std::vector<std::string> words) : choices(std::move(words)) {}

    /// Refuses a choice of earlier versions with what to give in its place.
    Allowed& without(const std::string& word, const std::string& what_to_do) {
        former[word] = what_to_do;
        return *this;
    }
};
/// Text of at least one character.
Allowed not_empty();

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

/// Each reads one value or throws a Fault.
bool read_bool(const Node& node);
std::int64_t read_int(const Node& node,
                      const Allowed& allowed,
                      std::int64_t low,
                      std::int64_t high);
std::uint64_t read_unsigned(const Node& node, const Allowed& allowed);
double read_double(const Node& node, const Allowed& allowed);
std::string read_text(const Node& node, const Allowed& allowed);
/// [major_arcsec, minor_arcsec, angle_deg]
image::Beam read_beam(const Node& node);
/// A unit of brightness in any spelling of BUNIT.
image::ScaledUnit read_unit(const Node& node);
/// A mapping of a name and of keys that a variant may set, with values that these may have.
Variant read_variant(const Node& node);
/// @throws Fault  if the node is no list.
void expect_list(const Node& node);

/// Each prints a value as YAML that reads back as the same value.
std::string print_double(double value);
std::string print_text(const std::string& value);
std::string print_beam(const image::Beam& beam);
std::string print_unit(const image::ScaledUnit& unit);
std::string print_variant(const Variant& variant);

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};
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
    } else if constexpr (std::same_as<T, Variant>) {
        return "{name: text, key: value, ...}";
    } else {
        return "text";
    }
}

template <typename Enum>
std::vector<std::string> enum_words() {
    std::vector<std::string> words;
    for (const auto& [word, value] : Names<Enum>::all()) {
        words.push_back(word);
    }
    return words;
}

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
    } else if constexpr (std::same_as<T, Variant>) {
        return read_variant(node);
    } else {
        return read_text(node, allowed);
    }
}

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
    } else if constexpr (std::same_as<T, Variant>) {
        return print_variant(value);
    } else {
        return print_text(value);
    }
}

}  // namespace faintweb::campaign
