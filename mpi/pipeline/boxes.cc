// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/boxes.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/sky/box/particle_mesh.h"
#include "lib/sky/lightcone/snapshot.h"
#include "mpi/io/snapshot_file.h"
#include "mpi/pipeline/paths.h"

namespace faintweb::pipeline {
namespace {

/// Every slab of simulate.slabs must be there.
void check_slabs(const campaign::Campaign& campaign, std::size_t n_slabs) {
    const std::vector<int>& wanted = campaign.simulate.slabs;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] >= static_cast<int>(n_slabs)) {
            throw base::UsageError(
                fmt::format("{}: simulate.slabs names slab {} (the sky has {}, the first is 0), "
                            "name one of them",
                            campaign::position_of(campaign, fmt::format("simulate.slabs[{}]", i)),
                            wanted[i], n_slabs));
        }
    }
}

BoxStack simulated_boxes(const campaign::Campaign& campaign, int n_threads) {
    const sky::BoxSettings& boxes = campaign.boxes;
    const std::vector<sky::Slab> slabs =
        sky::plan_slabs(campaign.cosmology, campaign.sky, campaign.boxes);
    check_slabs(campaign, slabs.size());
    const int first_test = boxes.n_realisations - boxes.n_test_realisations;
    std::vector<BoxJob> jobs;
    for (int box_class = 0; box_class < static_cast<int>(boxes.edges_mpc.size()); ++box_class) {
        for (int realisation = 0; realisation < boxes.n_realisations; ++realisation) {
            if (n_mocks(campaign,
                        realisation < first_test ? sky::SkySet::train : sky::SkySet::test) == 0) {
                continue;
            }
            BoxJob job;
            job.box_class = box_class;
            job.realisation = realisation;
            job.box_mpc = boxes.edges_mpc[static_cast<std::size_t>(box_class)];
            for (const sky::Slab& slab : slabs) {
                if (slab.box_class == box_class) {
                    job.z.push_back(slab.z);
                }
            }
            job.particles_text = sky::particles_recipe(campaign.cosmology, boxes);
            job.maps_text = sky::maps_recipe(campaign.sky, boxes);
            jobs.push_back(job);
        }
    }
    BoxMakers makers;
    makers.particles = [cosmology = campaign.cosmology, boxes, n_threads](
                           const BoxJob& job, const sky::Team& team,
                           const std::vector<WantedState>& wanted,
                           const BoxMakers::HandOver& hand_over) {
        sky::ParticleMesh box(cosmology, sky::box_run(boxes, job.box_class, job.realisation),
                              n_threads, team);
        // Every redshift is passed, wanted or not: the steps on the way shape what comes after.
        std::size_t next = 0;
        for (auto state = static_cast<int>(job.z.size()) - 1; next < wanted.size(); --state) {
            box.advance_to(job.z[static_cast<std::size_t>(state)]);
            if (state == wanted[next].state) {
                hand_over(state, box.state(wanted[next].member));
                ++next;
            }
        }
    };
    makers.maps = [cosmology = campaign.cosmology, sky = campaign.sky, boxes, n_threads](
                      const BoxJob& job, int, const sky::Particles& particles) {
        return sky::make_box_maps(cosmology, sky, boxes, particles, job.box_class, job.realisation,
                                  n_threads);
    };
    return {slabs,
            boxes,
            sky::box_cost(boxes),
            {},
            {},
            BoxStore(boxes.folder, std::move(jobs), std::move(makers),
                     boxes.keep_particles ? KeepParticles::yes : KeepParticles::no,
                     boxes.ranks_per_box)};
}

io::SnapshotOptions snapshot_options(const campaign::Campaign& campaign) {
    const campaign::SnapshotSettings& names = campaign.snapshot;
    io::SnapshotOptions options;
    options.group = names.group;
    options.density = {names.density, names.density_factor};
    options.temperature = {names.temperature, names.temperature_factor};
    for (std::size_t i = 0; i < 3; ++i) {
        options.velocity[i] = {names.velocity[i], names.velocity_factor};
        options.magnetic_field[i] = {names.magnetic_field[i], names.magnetic_field_factor};
    }
    options.z_min = campaign.sky.z_min - sky::snapshot_reach_z;
    options.z_max = campaign.sky.z_max + sky::snapshot_reach_z;
    return options;
}

/// A file, and where the campaign names it.
struct NamedFile {
    std::string path;
    std::string position;
};

/// Puts the place where a file is named before what is wrong with it.
template <typename Work>
auto blaming(const NamedFile& file, const Work& work) {
    try {
        return work();
    } catch (const base::UsageError& error) {
        throw base::UsageError(file.position + ": " + error.what());
    }
}

/// The snapshots of a set of skies; none if there are no such skies.
struct Snapshots {
    std::vector<NamedFile> files;
    std::vector<std::string> identities;
    std::vector<sky::SnapshotFacts> facts;
};

Snapshots find_snapshots(const campaign::Campaign& campaign, sky::SkySet set) {
    Snapshots found;
    if (n_mocks(campaign, set) == 0) {
        return found;
    }
    const campaign::SkyFiles named = campaign::sky_files(campaign, set);
    const io::SnapshotOptions options = snapshot_options(campaign);
    for (std::size_t i = 0; i < named.files.size(); ++i) {
        const NamedFile& file = found.files.emplace_back(NamedFile{
            named.files[i], campaign::position_of(campaign, fmt::format("{}[{}]", named.key, i))});
        found.facts.push_back(blaming(
            file, [&] { return io::snapshot_facts(file.path, options, campaign.cosmology); }));
        found.identities.push_back(identity_of(file.path));
    }
    return found;
}

/// Which of a set of snapshots fill each slab.
std::vector<std::vector<std::size_t>> share_out(const campaign::Campaign& campaign,
                                                const Snapshots& snapshots,
                                                const std::vector<sky::Slab>& slabs) {
    std::vector<std::vector<std::size_t>> of_slabs;
    for (const sky::Slab& slab : slabs) {
        const std::vector<std::size_t>& chosen =
            of_slabs.emplace_back(sky::snapshots_of_slab(slab, snapshots.facts));
        for (const std::size_t i : chosen) {
            blaming(snapshots.files[i],
                    [&] { sky::check(campaign.sky, campaign.boxes, slab, snapshots.facts[i]); });
        }
        if (chosen.empty()) {
            throw base::UsageError(
                fmt::format("{}: no test snapshot has a box of {:g} Mpc (those of training skies "
                            "have), give one",
                            snapshots.files.front().position, slab.box_mpc));
        }
    }
    return of_slabs;
}

/// All that shapes the maps of a snapshot but the snapshot.
std::string snapshot_maps_recipe(const campaign::Campaign& campaign) {
    // Raised whenever the same settings make other maps than before.
    constexpr int version = 1;
    return fmt::format("snapshot maps {}\n{}", version,
                       campaign::settings_text(
                           campaign, {"cosmology", "snapshot", "boxes.web_map_px",
                                      "sky.frequency_hz", "sky.a_dyn", "sky.a_web", "sky.eps_b"}));
}

/// The boxes that the snapshots of a campaign stand for.
struct SnapshotBoxes {
    sky::BoxSettings boxes;
    sky::BoxCost cost;
    std::vector<BoxJob> jobs;
    std::map<std::pair<int, int>, NamedFile> file_of;  ///< by class and realisation
    std::vector<std::string> unused;
    std::vector<std::string> doubts;
};

/// The slabs of the first set that there are snapshots of.
std::vector<sky::Slab> slabs_of_snapshots(const campaign::Campaign& campaign,
                                          const std::array<Snapshots, 2>& sets) {
    std::vector<sky::Slab> slabs;
    for (const Snapshots& set : sets) {
        if (slabs.empty() && !set.facts.empty()) {
            slabs = sky::plan_snapshot_slabs(campaign.cosmology, campaign.sky, set.facts);
        }
    }
    return slabs;
}

/// Tells what a set's snapshots do not say of themselves, and which of them no slab shows.
void note_shortcomings(const Snapshots& set,
                       const std::vector<bool>& is_used,
                       SnapshotBoxes& found) {
    for (std::size_t i = 0; i < set.files.size(); ++i) {
        for (const std::string& attribute : set.facts[i].missing) {
            found.doubts.push_back(
                fmt::format("{} has no attribute {}: taken as that of the campaign's cosmology",
                            set.files[i].path, attribute));
        }
        if (!is_used[i]) {
            found.unused.push_back(set.files[i].path);
        }
    }
}

/// Adds the boxes of a set to those of the sets before. A set has as many realisations as some slab
/// has snapshots; where there are fewer, they serve again.
void add_boxes(const campaign::Campaign& campaign,
               const Snapshots& set,
               const std::vector<sky::Slab>& slabs,
               const std::string& maps_recipe,
               SnapshotBoxes& found) {
    sky::BoxSettings& boxes = found.boxes;
    boxes.n_test_realisations = 0;
    if (set.facts.empty()) {
        return;
    }
    const auto of_slabs = share_out(campaign, set, slabs);
    for (const auto& chosen : of_slabs) {
        boxes.n_test_realisations =
            std::max(boxes.n_test_realisations, static_cast<int>(chosen.size()));
    }
    std::vector<bool> is_used(set.files.size(), false);
    for (std::size_t s = 0; s < slabs.size(); ++s) {
        for (int r = 0; r < boxes.n_test_realisations; ++r) {
            const std::size_t i = of_slabs[s][static_cast<std::size_t>(r) % of_slabs[s].size()];
            BoxJob job;
            job.box_class = slabs[s].box_class;
            job.realisation = boxes.n_realisations + r;
            job.box_mpc = slabs[s].box_mpc;
            job.z = {slabs[s].z};
            job.particles_text = "snapshot " + set.identities[i];
            job.maps_text = maps_recipe;
            found.jobs.push_back(job);
            found.file_of[{job.box_class, job.realisation}] = set.files[i];
            is_used[i] = true;
            const sky::BoxCost of_job = sky::snapshot_cost(set.facts[i], boxes.web_map_px);
            found.cost = of_job.memory_bytes > found.cost.memory_bytes ? of_job : found.cost;
        }
    }
    boxes.n_realisations += boxes.n_test_realisations;
    note_shortcomings(set, is_used, found);
}

BoxMakers makers_of_snapshots(const campaign::Campaign& campaign,
                              const SnapshotBoxes& found,
                              int n_threads) {
    BoxMakers makers;
    makers.particles = [](const BoxJob& job, const sky::Team&,
                          const std::vector<WantedState>& wanted,
                          const BoxMakers::HandOver& hand_over) {
        sky::Particles none;  // the gas is all there is
        none.box_mpc = job.box_mpc;
        for (const auto& [state, member] : wanted) {
            none.z = job.z[static_cast<std::size_t>(state)];
            hand_over(state, none);
        }
    };
    makers.maps = [cosmology = campaign.cosmology, sky = campaign.sky,
                   options = snapshot_options(campaign), map_px = found.boxes.web_map_px,
                   file_of = found.file_of,
                   n_threads](const BoxJob& job, int, const sky::Particles& none) {
        const NamedFile& file = file_of.at({job.box_class, job.realisation});
        sky::GasMesh gas =
            blaming(file, [&] { return io::read_snapshot(file.path, options, cosmology); });
        return sky::make_snapshot_maps(cosmology, sky, std::move(gas), none.z, map_px, n_threads);
    };
    return makers;
}

BoxStack snapshots_as_boxes(const campaign::Campaign& campaign, int n_threads) {
    const std::array sets{find_snapshots(campaign, sky::SkySet::train),
                          find_snapshots(campaign, sky::SkySet::test)};
    const std::vector<sky::Slab> slabs = slabs_of_snapshots(campaign, sets);
    check_slabs(campaign, slabs.size());
    SnapshotBoxes found;
    found.boxes = campaign.boxes;
    found.boxes.n_realisations = 0;
    const std::string maps_recipe = snapshot_maps_recipe(campaign);
    for (const Snapshots& set : sets) {
        add_boxes(campaign, set, slabs, maps_recipe, found);
    }
    BoxMakers makers = makers_of_snapshots(campaign, found, n_threads);
    return {
        slabs,
        found.boxes,
        found.cost,
        std::move(found.unused),
        std::move(found.doubts),
        BoxStore(found.boxes.folder, std::move(found.jobs), std::move(makers), KeepParticles::no)};
}

}  // namespace

BoxStack stack_boxes(const campaign::Campaign& campaign, int n_threads) {
    switch (campaign.sky.source) {
        case sky::SkySource::boxes:
            return simulated_boxes(campaign, n_threads);
        case sky::SkySource::hdf5:
            return snapshots_as_boxes(campaign, n_threads);
        case sky::SkySource::fits:
            break;
    }
    return {{}, {}, {}, {}, {}, BoxStore(campaign.boxes.folder, {}, {}, KeepParticles::no)};
}

}  // namespace faintweb::pipeline
