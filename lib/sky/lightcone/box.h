// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

#include "lib/sky/box/particle_mesh.h"
#include "lib/sky/box/particles.h"
#include "lib/sky/cosmology/cosmology.h"
#include "lib/sky/lightcone/box_maps.h"
#include "lib/sky/settings.h"

namespace faintweb::sky {

/// How the box of a class and a realisation is simulated.
BoxRun box_run(const BoxSettings& boxes, int box_class, int realisation);

/// What the particles of every box follow from, but its class, realisation and redshifts, as
/// "key=value" lines: equal texts, equal bits.
std::string particles_recipe(const Cosmology& cosmology, const BoxSettings& boxes);

/// What the maps of every box follow from, given its particles.
std::string maps_recipe(const SkySettings& sky, const BoxSettings& boxes);

/// What one state of a box takes.
struct BoxCost {
    double memory_bytes = 0;  ///< while it is made
    double disk_bytes = 0;    ///< of its files, at most
    double core_s = 0;        ///< its share of the box included; of one core of 2020 or so
};

/// Rough figures before any work: the parts scale as they must, from what 256 particles, 384 mesh
/// points and maps of 6000 px were seen to take (4.7 GB, 76 s).
BoxCost box_cost(const BoxSettings& boxes);

/// Finds gas, haloes and shocks in a box and projects what shines.
///
/// @param particles  of box_run(boxes, box_class, realisation), at one redshift.
/// @source Gheller et al. 2018, sections 3.1-3.2, for what is made; how is ours.
BoxMaps make_box_maps(const Cosmology& cosmology,
                      const SkySettings& sky,
                      const BoxSettings& boxes,
                      const Particles& particles,
                      int box_class,
                      int realisation,
                      int n_threads);

}  // namespace faintweb::sky
