// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>

namespace faintweb::tile {

/// The quotient rounded towards minus infinity, so that boxes are counted alike on both sides of
/// pixel 0.
///
/// @param divisor  > 0.
constexpr std::int64_t floor_divide(std::int64_t value, std::int64_t divisor) {
    return value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor);
}

}  // namespace faintweb::tile
