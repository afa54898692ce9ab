// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/half.h"

#include <algorithm>

#include <c10/util/Half.h>

#include "lib/base/contract.h"

namespace faintweb::learn {

std::uint16_t to_half(float value) {
    constexpr float largest = 65504;
    return c10::detail::fp16_ieee_from_fp32_value(std::clamp(value, -largest, largest));
}

void from_half(std::span<const std::uint16_t> halves, std::span<float> out) {
    FAINTWEB_EXPECTS(halves.size() == out.size());
    std::transform(halves.begin(), halves.end(), out.begin(),
                   [](std::uint16_t half) { return c10::detail::fp16_ieee_to_fp32_value(half); });
}

}  // namespace faintweb::learn
