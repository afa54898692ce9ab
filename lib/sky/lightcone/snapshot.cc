// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/lightcone/snapshot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/units.h"
#include "lib/sky/shock/web.h"

namespace faintweb::sky {
namespace {

constexpr double same_edge = 1e-3;  // relative
constexpr double same_z = 0.005;
constexpr std::size_t most_slabs = 256;  // 8 bits of Halo::id
constexpr double sphere_density = 200;

Slab slab_behind(const Cosmology& cosmology, double near_mpc, double box_mpc) {
    Slab slab;
    slab.box_mpc = box_mpc;
    slab.near_mpc = near_mpc;
    slab.middle_mpc = near_mpc + box_mpc / 2;
    slab.far_mpc = near_mpc + box_mpc;
    slab.z = redshift_at_distance(cosmology, slab.middle_mpc);
    return slab;
}

}  // namespace

std::vector<Slab> plan_snapshot_slabs(const Cosmology& cosmology,
                                      const SkySettings& sky,
                                      std::span<const SnapshotFacts> snapshots) {
    FAINTWEB_EXPECTS(!snapshots.empty());
    const double end_mpc = comoving_distance_mpc(cosmology, sky.z_max);
    std::vector<Slab> slabs;
    double near_mpc = comoving_distance_mpc(cosmology, sky.z_min);
    while (near_mpc < end_mpc) {
        Slab nearest;
        double distance_z = std::numeric_limits<double>::infinity();
        for (const SnapshotFacts& snapshot : snapshots) {
            const Slab slab = slab_behind(cosmology, near_mpc, snapshot.box_mpc);
            if (std::abs(slab.z - snapshot.z) < distance_z) {
                distance_z = std::abs(slab.z - snapshot.z);
                nearest = slab;
            }
        }
        nearest.box_class = static_cast<int>(slabs.size());
        slabs.push_back(nearest);
        near_mpc = nearest.far_mpc;
        if (slabs.size() > most_slabs) {
            throw base::UsageError(fmt::format(
                "snapshots of {:g} Mpc make more than {} slabs up to z_max = {:g} (their haloes "
                "could not be told apart), lower z_max or take a wider box",
                nearest.box_mpc, most_slabs, sky.z_max));
        }
    }
    return slabs;
}

std::vector<std::size_t> snapshots_of_slab(const Slab& slab,
                                           std::span<const SnapshotFacts> snapshots) {
    const auto distance_z = [&](const SnapshotFacts& snapshot) {
        return std::abs(snapshot.box_mpc / slab.box_mpc - 1) < same_edge
                   ? std::abs(snapshot.z - slab.z)
                   : std::numeric_limits<double>::infinity();
    };
    const auto nearest = std::ranges::min_element(snapshots, {}, distance_z);
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < snapshots.size(); ++i) {
        if (std::isfinite(distance_z(snapshots[i])) &&
            std::abs(snapshots[i].z - nearest->z) <= same_z) {
            chosen.push_back(i);
        }
    }
    return chosen;
}

void check(const SkySettings& sky,
           const BoxSettings& boxes,
           const Slab& slab,
           const SnapshotFacts& snapshot) {
    constexpr int fewest_cells = 8;
    if (snapshot.n < fewest_cells) {
        throw base::UsageError(fmt::format(
            "the snapshot has {} cells along an edge (too few for haloes), give one of at least {}",
            snapshot.n, fewest_cells));
    }
    const double sky_px = slab.box_mpc / slab.middle_mpc * base::arcsec_per_rad / sky.pixel_arcsec;
    const double needed = std::min(std::ceil(sky_px), static_cast<double>(snapshot.n));
    if (boxes.web_map_px < needed) {
        throw base::UsageError(
            fmt::format("boxes.web_map_px is {} (a snapshot of {} cells at redshift {:g} shows "
                        "more), set at least {:g}",
                        boxes.web_map_px, snapshot.n, slab.z, needed));
    }
}

BoxCost snapshot_cost(const SnapshotFacts& snapshot, int map_px) {
    const double cells = std::pow(static_cast<double>(snapshot.n), 3);
    const double pixels = std::pow(static_cast<double>(map_px), 2);
    // Six meshes of gas and five of its shocks; the sums of a projection and nine images.
    return {.memory_bytes = 44 * cells + 100 * pixels,
            .disk_bytes = 18 * pixels,
            .core_s = 4e-7 * cells + 2e-6 * pixels};
}

BoxMaps make_snapshot_maps(const Cosmology& cosmology,
                           const SkySettings& sky,
                           GasMesh gas,
                           double z,
                           int map_px,
                           int n_threads) {
    FAINTWEB_EXPECTS(z > 0);
    if (gas.field_ug) {
        const auto dilution = static_cast<float>(std::pow((1 + z) / (1 + gas.z), 2));
        for (float& field : gas.field_ug->cells) {
            field *= dilution;
        }
    }
    gas.z = z;
    BoxMaps box;
    box.haloes = find_haloes(cosmology, gas.density, gas.box_mpc, n_threads, sphere_density);
    keep_mesh_masses(cosmology, z, box.haloes);
    const GasMaps maps = gas_maps(sky, {cosmology, gas, box.haloes}, map_px, n_threads);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        box.layers[Layer::inside_r100][axis] = encode(maps.inside_r100[axis], n_threads);
        box.layers[Layer::outside_r100][axis] = encode(maps.outside_r100[axis], n_threads);
        box.layers[Layer::column_density][axis] = encode(maps.column_density[axis], n_threads);
    }
    return box;
}

}  // namespace faintweb::sky
