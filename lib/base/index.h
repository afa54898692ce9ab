// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <ostream>
#include <utility>

#include "lib/base/contract.h"

namespace faintweb::base {

/// A number that says what it counts, from 0: neither does one kind turn into another, nor an
/// integer into any, nor any into an integer, unless it is said. As large as its T, which it may
/// stand for in messages.
template <typename Kind, std::integral T>
class Index {
  public:
    constexpr Index() = default;
    explicit constexpr Index(std::integral auto number) : value_(static_cast<T>(number)) {
        FAINTWEB_EXPECTS(std::in_range<T>(number));
    }

    constexpr T value() const { return value_; }
    /// Where an array has what belongs to it.
    constexpr std::size_t place() const { return static_cast<std::size_t>(value_); }

    auto operator<=>(const Index&) const = default;
    constexpr Index& operator++() {
        ++value_;
        return *this;
    }
    friend std::ostream& operator<<(std::ostream& stream, const Index& index) {
        return stream << index.value_;
    }

  private:
    T value_ = 0;
};

}  // namespace faintweb::base
