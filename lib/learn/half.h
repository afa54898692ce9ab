// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>

namespace faintweb::learn {

// Training tiles are kept as half-precision numbers (IEEE binary16): half the memory, and 11 bits
// of a scaled pixel resolve it far below the noise (bfloat16 would keep 8).

/// The bits of the nearest half-precision number; what is too large becomes the largest, 65504.
std::uint16_t to_half(float value);

/// Turns half-precision numbers into floats, which is exact.
///
/// @param halves  [n] bits, as to_half() gives them.
/// @param out     [n].
void from_half(std::span<const std::uint16_t> halves, std::span<float> out);

}  // namespace faintweb::learn
