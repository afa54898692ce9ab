// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <map>
#include <vector>

#include "lib/sky/box/box_halo.h"
#include "lib/sky/lightcone/coded_map.h"
#include "lib/sky/lightcone/lightcone.h"

namespace faintweb::sky {

/// What a slab of the lightcone shows of a box, and the haloes in it.
struct BoxMaps {
    std::map<Layer, std::array<CodedMap, 3>> layers;  ///< along each axis of the box
    std::vector<BoxHalo> haloes;                      ///< by falling mass
};

}  // namespace faintweb::sky
