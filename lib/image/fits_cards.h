// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace faintweb::image {

inline constexpr std::size_t card_bytes = 80;

/// What stands behind the = of a card.
struct CardValue {
    std::string text;       ///< a string without quotes and padding, anything else as it stands
    bool is_closed = true;  ///< a string has its closing quote

    bool operator==(const CardValue&) const = default;
};

/// The cards of one FITS header, read without CFITSIO: what it says is checked before CFITSIO
/// allocates memory from it. Of a key that stands twice the first counts, as in CFITSIO and
/// astropy.
class FitsCards {
  public:
    /// @param cards  80 characters each, concatenated; control characters become spaces, bytes
    ///               beyond ASCII question marks: what stood there must not vanish from a unit.
    explicit FitsCards(std::string cards);

    const std::string& cards() const { return cards_; }
    std::size_t count() const { return cards_.size() / card_bytes; }
    /// Keyword of a card, without the padding.
    std::string_view key(std::size_t card) const;
    bool has(const std::string& key) const { return first_.contains(key); }

    /// The value of a card; none if it has no value indicator.
    std::optional<CardValue> value(std::size_t card) const;
    /// Whether a key stands twice with different values.
    bool is_contradicted(const std::string& key) const;

    /// The value as text: a string without quotes and padding, anything else as it stands.
    std::optional<std::string> text(const std::string& key) const;
    /// The value as a number, also where it was stored as a string; none if it is no finite number.
    std::optional<double> number(const std::string& key) const;
    std::optional<std::int64_t> integer(const std::string& key) const;
    bool is_true(const std::string& key) const { return text(key) == "T"; }
    /// The texts of all HISTORY cards, in order.
    std::vector<std::string> history() const;

  private:
    bool has_value(std::size_t card) const;

    std::string cards_;
    std::unordered_map<std::string, std::size_t> first_;
};

/// Whether two values say the same: the same text, or the same number in another spelling.
bool is_same_value(const CardValue& a, const CardValue& b);

/// Reads a whole text as a number: blanks around it, a leading + and a Fortran D exponent are fine.
std::optional<double> parse_number(std::string_view text);

}  // namespace faintweb::image
