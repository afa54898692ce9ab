// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/fits_cards.h"

#include <charconv>
#include <cmath>
#include <utility>

namespace faintweb::image {
namespace {

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// A quoted string up to its closing quote; two quotes in a row stand for one.
CardValue unquote(std::string_view field) {
    std::string value;
    bool is_closed = false;
    for (std::size_t i = 1; i < field.size() && !is_closed; ++i) {
        if (field[i] == '\'' && (i + 1 >= field.size() || field[i + 1] != '\'')) {
            is_closed = true;
        } else {
            i += field[i] == '\'' ? 1 : 0;
            value += field[i];
        }
    }
    return {std::string(trim(value)), is_closed};
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
    std::string token(trim(text));
    for (char& letter : token) {
        letter = letter == 'D' || letter == 'd' ? 'E' : letter;
    }
    const bool has_plus = token.starts_with('+');
    const char* const end = token.data() + token.size();
    double value = 0;
    const auto [last, error] = std::from_chars(token.data() + (has_plus ? 1 : 0), end, value);
    if (error != std::errc() || last != end || !std::isfinite(value)) {
        return std::nullopt;
    }
    return value;
}

bool is_same_value(const CardValue& a, const CardValue& b) {
    const auto number = parse_number(a.text);
    return a == b || (number && number == parse_number(b.text));
}

FitsCards::FitsCards(std::string cards) : cards_(std::move(cards)) {
    for (char& letter : cards_) {
        const auto byte = static_cast<unsigned char>(letter);
        letter = byte > '~' ? '?' : byte < ' ' ? ' ' : letter;
    }
    for (std::size_t card = 0; card < count(); ++card) {
        if (has_value(card)) {
            first_.try_emplace(std::string(key(card)), card);
        }
    }
}

bool FitsCards::has_value(std::size_t card) const {
    return cards_.compare(card * card_bytes + 8, 2, "= ") == 0 ||
           cards_.compare(card * card_bytes + 8, 2, "='") == 0;
}

std::string_view FitsCards::key(std::size_t card) const {
    return trim(std::string_view(cards_).substr(card * card_bytes, 8));
}

std::optional<CardValue> FitsCards::value(std::size_t card) const {
    if (!has_value(card)) {
        return std::nullopt;
    }
    const std::string_view field =
        trim(std::string_view(cards_).substr(card * card_bytes + 9, card_bytes - 9));
    if (field.starts_with('\'')) {
        return unquote(field);
    }
    return CardValue{std::string(trim(field.substr(0, field.find('/'))))};
}

bool FitsCards::is_contradicted(const std::string& wanted) const {
    const auto first = first_.find(wanted);
    if (first == first_.end()) {
        return false;
    }
    const std::optional<CardValue> said = value(first->second);
    for (std::size_t card = first->second + 1; card < count(); ++card) {
        if (key(card) == wanted && has_value(card) && !is_same_value(*value(card), *said)) {
            return true;
        }
    }
    return false;
}

std::optional<std::string> FitsCards::text(const std::string& key) const {
    const auto found = first_.find(key);
    if (found == first_.end()) {
        return std::nullopt;
    }
    return value(found->second)->text;
}

std::optional<double> FitsCards::number(const std::string& key) const {
    const auto value = text(key);
    return value ? parse_number(*value) : std::nullopt;
}

std::optional<std::int64_t> FitsCards::integer(const std::string& key) const {
    const auto value = text(key);
    if (!value) {
        return std::nullopt;
    }
    const char* const end = value->data() + value->size();
    std::int64_t number = 0;
    const auto [last, error] =
        std::from_chars(value->data() + (value->starts_with('+') ? 1 : 0), end, number);
    if (error != std::errc() || last != end) {
        return std::nullopt;
    }
    return number;
}

std::vector<std::string> FitsCards::history() const {
    std::vector<std::string> lines;
    for (std::size_t card = 0; card < count(); ++card) {
        if (key(card) == "HISTORY") {
            lines.push_back(cards_.substr(card * card_bytes + 8, card_bytes - 8));
        }
    }
    return lines;
}

}  // namespace faintweb::image
