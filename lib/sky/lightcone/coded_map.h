// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <vector>

#include "lib/image/image.h"

namespace faintweb::sky {

/// A square map of values >= 0 in 16 bits a pixel, with equal steps in the logarithm.
///
/// Code 0 stands for 0, code c > 0 for low * exp((c - 1) * log_step).
struct CodedMap {
    std::int64_t n = 0;                ///< edge, pixel
    double low = 0;                    ///< value of code 1; 0 if the whole map is 0
    double log_step = 0;               ///< between neighbouring codes, natural logarithm
    std::vector<std::uint16_t> codes;  ///< [n, n] row-major
};

/// Codes a map over twelve decades below its own maximum, down to 1e-18 at the lowest.
///
/// Values keep a relative precision of 2.2e-4 at worst; those below the lowest code become 0, which
/// loses 1e-12 of the maximum a pixel.
///
/// @param map  [n, n], finite and >= 0.
CodedMap encode(const image::Image& map, int n_threads);

/// The value of each of the 65536 codes.
std::vector<float> code_values(const CodedMap& map);

/// @return [n, n], in the unit of the map that was encoded.
image::Image decode(const CodedMap& map, int n_threads);

}  // namespace faintweb::sky
