// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "lib/sky/box/gas.h"
#include "lib/sky/cosmology/cosmology.h"
#include "lib/sky/lightcone/box.h"
#include "lib/sky/lightcone/box_maps.h"
#include "lib/sky/lightcone/lightcone.h"
#include "lib/sky/settings.h"

// Gas of another simulation, with hydrodynamics, where boxes of our own would stand.
namespace faintweb::sky {

/// What a snapshot says of itself before its gas is read.
struct SnapshotFacts {
    int n = 0;           ///< cells along an edge
    double box_mpc = 0;  ///< comoving edge of the box
    double z = 0;
    std::vector<std::string> missing{};  ///< attributes of its cosmology that it does not give
};

/// A snapshot may stand this far in redshift from the ends of the sky.
inline constexpr double snapshot_reach_z = 0.1;

/// Stacks snapshots from z_min outwards until z_max is reached: each slab is as deep as the box of
/// the snapshot that is nearest in redshift to the middle of it.
///
/// Every slab is a class of its own: two slabs of one snapshot differ in redshift and nothing else.
///
/// @param snapshots   at least one; of equals the first.
/// @return            near to far; the last may reach beyond z_max.
/// @throws UsageError if there are more slabs than the ids of haloes can tell apart.
std::vector<Slab> plan_snapshot_slabs(const Cosmology& cosmology,
                                      const SkySettings& sky,
                                      std::span<const SnapshotFacts> snapshots);

/// The snapshots that can fill a slab: of its edge (to 1e-3), the nearest to it in redshift and
/// those within 0.005 of that one, in their own order.
///
/// @return  empty if none has its edge.
std::vector<std::size_t> snapshots_of_slab(const Slab& slab,
                                           std::span<const SnapshotFacts> snapshots);

/// Checks that haloes can be sought in a snapshot, and that maps of web_map_px show either its
/// every cell or every pixel of the sky.
///
/// @throws UsageError  says what would do.
void check(const SkySettings& sky,
           const BoxSettings& boxes,
           const Slab& slab,
           const SnapshotFacts& snapshot);

/// What one slab of a snapshot takes, roughly.
BoxCost snapshot_cost(const SnapshotFacts& snapshot, int map_px);

/// Finds haloes and shocks in the gas of a snapshot and projects what shines: layers inside_r100,
/// outside_r100 and column_density.
///
/// The gas is seen at the redshift of its slab: what is comoving (density, and the flux of its
/// magnetic field), temperature and peculiar velocity are taken as they were. The shocks are those
/// of its own flow, in and around haloes too; analytic shock surfaces would count them twice.
/// Haloes are spheres of 200 times the mean density of the gas, which stands for all matter; they
/// keep the mass that this gives.
///
/// @param z  of the slab, > 0.
BoxMaps make_snapshot_maps(const Cosmology& cosmology,
                           const SkySettings& sky,
                           GasMesh gas,
                           double z,
                           int map_px,
                           int n_threads);

}  // namespace faintweb::sky
