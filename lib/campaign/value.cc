// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include <fmt/core.h>

#include "lib/base/error.h"

namespace faintweb::campaign {
namespace {

[[noreturn]] void fail(const Node& node, std::string why, std::string what_to_do) {
    throw Fault{.where = node.where,
                .value = shown(node),
                .why = std::move(why),
                .what_to_do = std::move(what_to_do)};
}

void check_range(const Node& node, const Allowed& allowed, double value) {
    if (allowed.range && !allowed.range->contains(value)) {
        fail(node, "outside " + allowed.range->text(), "give a value in that range");
    }
}

/// A plain scalar that is a number as a whole; std::from_chars knows no locale and no leading plus.
template <typename T>
std::from_chars_result scan(const Node& node, T& value) {
    if (node.kind != Node::Kind::scalar || node.is_quoted) {
        return {nullptr, std::errc::invalid_argument};
    }
    const std::string& text = node.text;
    const bool has_plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
    const char* const end = text.data() + text.size();
    std::from_chars_result result = std::from_chars(text.data() + (has_plus ? 1 : 0), end, value);
    if (result.ptr != end) {
        result.ec = std::errc::invalid_argument;
    }
    return result;
}

/// The end of a range as a person writes it: 100000, not 1e+05.
std::string print_end(double value) {
    const bool is_short_integer = std::abs(value) < 1e7 && value == std::floor(value);
    return is_short_integer ? fmt::format("{}", static_cast<std::int64_t>(value))
                            : print_double(value);
}

std::string range_hint(const Allowed& allowed) {
    return allowed.range ? " in " + allowed.range->text() : std::string();
}

/// Edits that turn one word into the other; two neighbours that are swapped count as one edit.
std::size_t edit_distance(const std::string& a, const std::string& b) {
    std::vector<std::size_t> before_last, last(b.size() + 1), now(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        last[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            now[j] = std::min(
                {last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                now[j] = std::min(now[j], before_last[j - 2] + 1);
            }
        }
        before_last = last;
        last = now;
    }
    return last[b.size()];
}

}  // namespace

bool Range::contains(double value) const {
    return (is_low_open ? value > low : value >= low) &&
           (is_high_open ? value < high : value <= high);
}

std::string Range::text() const {
    return fmt::format("{}{}, {}{}", is_low_open || std::isinf(low) ? "(" : "[", print_end(low),
                       print_end(high), is_high_open || std::isinf(high) ? ")" : "]");
}

Allowed not_empty() {
    Allowed allowed;
    allowed.may_be_empty = false;
    return allowed;
}

std::string one_line(std::string text) {
    for (char& c : text) {
        const auto byte = static_cast<unsigned char>(c);
        c = byte < 0x20 || byte == 0x7F ? '?' : c;
    }
    return text;
}

std::string shown(const std::string& word) {
    constexpr std::size_t longest = 40;
    if (word.size() <= longest) {
        return "'" + one_line(word) + "'";
    }
    std::size_t end = longest;
    // Not in the middle of a UTF-8 character.
    while (end > 0 && (static_cast<unsigned char>(word[end]) & 0xC0) == 0x80) {
        --end;
    }
    return "'" + one_line(word.substr(0, end)) + "...'";
}

std::string shown(const Node& node) {
    switch (node.kind) {
        case Node::Kind::null:
            return "empty";
        case Node::Kind::sequence:
            return "a list";
        case Node::Kind::mapping:
            return "a mapping";
        case Node::Kind::scalar:
            break;
    }
    return shown(node.text);
}

std::string nearest(const std::string& word, const std::vector<std::string>& choices) {
    // A file can hold a "word" of a megabyte; no key is meant by that.
    constexpr std::size_t longest = 50;
    if (word.size() > longest) {
        return {};
    }
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string& choice : choices) {
        const std::size_t distance = edit_distance(word, choice);
        if (distance < best_distance) {
            best = choice;
            best_distance = distance;
        }
    }
    return best;
}

std::string either(const std::vector<std::string>& words) {
    std::string line;
    for (std::size_t i = 0; i < words.size(); ++i) {
        line += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
    }
    return line;
}

bool read_bool(const Node& node) {
    if (node.kind == Node::Kind::scalar && !node.is_quoted) {
        if (node.text == "true") {
            return true;
        }
        if (node.text == "false") {
            return false;
        }
    }
    fail(node, "neither true nor false", "give one of the two");
}

std::int64_t read_int(const Node& node,
                      const Allowed& allowed,
                      std::int64_t low,
                      std::int64_t high) {
    std::int64_t value = 0;
    const auto [end, error] = scan(node, value);
    if (error == std::errc::invalid_argument) {
        fail(node, "not a whole number", "give one" + range_hint(allowed));
    }
    if (error == std::errc::result_out_of_range || value < low || value > high) {
        fail(node, "too large a number", "give a smaller one" + range_hint(allowed));
    }
    check_range(node, allowed, static_cast<double>(value));
    return value;
}

std::uint64_t read_unsigned(const Node& node, const Allowed& allowed) {
    std::uint64_t value = 0;
    const auto [end, error] = scan(node, value);
    if (error == std::errc::invalid_argument) {
        fail(node, "not a whole number of at least 0", "give one" + range_hint(allowed));
    }
    if (error == std::errc::result_out_of_range) {
        fail(node, "too large a number", "give one below 2^64");
    }
    check_range(node, allowed, static_cast<double>(value));
    return value;
}

double read_double(const Node& node, const Allowed& allowed) {
    double value = 0;
    const auto [end, error] = scan(node, value);
    const bool is_yaml_infinity =
        node.text == ".nan" || node.text == ".NaN" || node.text == ".inf" || node.text == "-.inf";
    if (error == std::errc::invalid_argument && !is_yaml_infinity) {
        fail(node, "not a number", "give one" + range_hint(allowed));
    }
    if (is_yaml_infinity || error == std::errc::result_out_of_range || !std::isfinite(value)) {
        fail(node, "not a finite number", "give one" + range_hint(allowed));
    }
    check_range(node, allowed, value);
    return value;
}

std::string read_text(const Node& node, const Allowed& allowed) {
    if (node.kind != Node::Kind::scalar) {
        fail(node, "not text",
             "give " + (allowed.choices.empty() ? "one value" : either(allowed.choices)));
    }
    if (const auto former = allowed.removed.find(node.text); former != allowed.removed.end()) {
        fail(node, node.text + " was removed", former->second);
    }
    const auto& choices = allowed.choices;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), node.text) == choices.end()) {
        const std::string meant = nearest(node.text, choices);
        fail(node, "not among " + either(choices),
             meant.empty() ? "give one of these" : "did you mean " + meant + "?");
    }
    if (node.text.empty() && !allowed.may_be_empty) {
        fail(node, "no characters", "give a text");
    }
    if (node.text.find('\0') != std::string::npos) {
        fail(node, "contains a NUL character", "leave it out");
    }
    return node.text;
}

image::Beam read_beam(const Node& node) {
    if (node.kind != Node::Kind::sequence || node.values.size() != 3) {
        fail(node, "not three numbers",
             "give the beam's full widths at half maximum and angle, [major_arcsec, minor_arcsec, "
             "angle_deg]");
    }
    const image::Beam beam{.major_arcsec = read_double(node.values[0], above_up_to(0, 1e6)),
                           .minor_arcsec = read_double(node.values[1], above_up_to(0, 1e6)),
                           .angle_deg = read_double(node.values[2], within(-360, 360))};
    if (beam.minor_arcsec > beam.major_arcsec) {
        fail(node, "the minor axis is longer than the major axis", "give the longer one first");
    }
    return beam;
}

image::ScaledUnit read_unit(const Node& node) {
    const std::string text = read_text(node, not_empty());
    try {
        return image::parse_unit(text);
    } catch (const base::InputError& error) {
        fail(node, error.what(), "give it as in BUNIT: Jy/beam, mJy/beam, Jy/arcsec2, MJy/sr, K");
    }
}

label::LabelRule read_label_rule(const Node& node) {
    constexpr const char* example =
        "give for instance {min_pixels: 9, flux_threshold_jy_arcsec2: 1e-7}";
    if (node.kind != Node::Kind::mapping) {
        fail(node, "a label rule has two numbers", example);
    }
    std::optional<int> min_pixels;
    std::optional<double> threshold;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        const Node& key = node.keys[i];
        try {
            if (key.text == "min_pixels" && !min_pixels) {
                min_pixels = read_value<int>(node.values[i], pixel_counts());
            } else if (key.text == "flux_threshold_jy_arcsec2" && !threshold) {
                threshold = read_value<double>(node.values[i], flux_thresholds());
            } else {
                fail(key, "a label rule has two numbers, each given once", example);
            }
        } catch (Fault& fault) {
            fault.value =
                "a rule with " + (fault.where == key.where ? "" : key.text + " ") + fault.value;
            throw;
        }
    }
    if (!min_pixels || !threshold) {
        throw Fault{.where = node.where,
                    .value = std::string("a rule without ") +
                             (min_pixels ? "flux_threshold_jy_arcsec2" : "min_pixels"),
                    .why = "a label rule has two numbers",
                    .what_to_do = example};
    }
    return {.min_pixels = *min_pixels, .flux_threshold_jy_arcsec2 = *threshold};
}

void expect_list(const Node& node) {
    if (node.kind != Node::Kind::sequence) {
        fail(node, "not a list", "give one, for instance [a, b]");
    }
}

std::string print_double(double value) {
    char digits[32];
    const auto result = std::to_chars(std::begin(digits), std::end(digits), value);
    return {digits, result.ptr};
}

std::string print_text(const std::string& value) {
    constexpr const char* plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    const bool starts_plain =
        !value.empty() && (std::isalpha(static_cast<unsigned char>(value[0])) || value[0] == '/' ||
                           value.starts_with("../"));
    // A word that YAML would take for something else stays text only in quotes.
    const bool is_word_of_yaml = value == "null" || value == "Null" || value == "NULL" ||
                                 value == "true" || value == "false";
    if (starts_plain && !is_word_of_yaml && value.find_first_not_of(plain) == std::string::npos) {
        return value;
    }
    constexpr const char* hex = "0123456789abcdef";
    std::string quoted = "\"";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (byte < 0x20 || byte == 0x7F) {
            quoted += "\\x";
            quoted += hex[byte >> 4];
            quoted += hex[byte & 15];
        } else {
            quoted += c;
        }
    }
    return quoted + "\"";
}

std::string print_unit(const image::ScaledUnit& unit) {
    const std::string name = image::unit_name(unit.unit);
    return print_text(unit.factor == 1 ? name : print_double(unit.factor) + " " + name);
}

std::string print_label_rule(const label::LabelRule& rule) {
    return fmt::format("{{min_pixels: {}, flux_threshold_jy_arcsec2: {}}}", rule.min_pixels,
                       print_double(rule.flux_threshold_jy_arcsec2));
}

std::string print_beam(const image::Beam& beam) {
    return fmt::format("[{}, {}, {}]", print_double(beam.major_arcsec),
                       print_double(beam.minor_arcsec), print_double(beam.angle_deg));
}

}  // namespace faintweb::campaign
