// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "lib/image/image.h"
#include "lib/sky/lightcone/coded_map.h"
#include "lib/sky/lightcone/lightcone.h"
#include "lib/sky/settings.h"

namespace faintweb::sky {

/// Edge of a sky pixel in the middle of a slab, comoving Mpc.
double sky_px_mpc(const SkySettings& settings, const Slab& slab);

/// A map of a box, and where on the sky it is seen. All of it must outlive this.
struct PlacedMap {
    const CodedMap& map;
    const Slab& slab;
    const SlabView& view;
};

/// Adds factor times a map of a box, resampled to the sky's pixels.
///
/// @param sum    [size_px, size_px], is added to.
/// @param layer  the same, is added to as well; may be null.
void add_map(const SkySettings& settings,
             const PlacedMap& placed,
             float factor,
             image::Image& sum,
             image::Image* layer,
             int n_threads);

}  // namespace faintweb::sky
