#include "apps/boxes.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <map>
#include <set>
#include <utility>

#include "apps/workplace.h"
#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/sky/particle_mesh.h"
#include "lib/sky/snapshot.h"
#include "mpi/snapshot_file.h"

namespace faintweb::apps {
namespace {

/// Every slab of simulate.slabs must be there.
void check_slabs(const campaign::Campaign& campaign, std::size_t n_slabs) {
    const std::vector<int>& wanted = campaign.simulate.slabs;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] >= static_cast<int>(n_slabs)) {
            throw base::UsageError(
                base::text(campaign::position_of(campaign, base::text("simulate.slabs[", i, "]")),
                           ": simulate.slabs names slab ",
                           wanted[i],
                           " (the sky has ",
                           n_slabs,
                           ", the first is 0), name one of them"));
        }
    }
}

BoxStack simulated_boxes(const campaign::Campaign& campaign, int n_threads) {
    const sky::BoxSettings& boxes = campaign.boxes;
    const std::vector<sky::Slab> slabs =
        sky::plan_slabs(campaign.cosmology, campaign.sky, campaign.boxes);
    check_slabs(campaign, slabs.size());
    const int first_test = boxes.n_realisations - boxes.n_test_realisations;
    std::vector<mpi::BoxJob> jobs;
    for (int box_class = 0; box_class < static_cast<int>(boxes.edges_mpc.size()); ++box_class) {
        for (int realisation = 0; realisation < boxes.n_realisations; ++realisation) {
            if (n_mocks(campaign, realisation < first_test ? MockSet::train : MockSet::test) == 0) {
                continue;
            }
            mpi::BoxJob job;
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
    mpi::BoxMakers makers;
    makers.particles = [cosmology = campaign.cosmology, boxes, n_threads](
                           const mpi::BoxJob& job,
                           const std::vector<int>& wanted,
                           const mpi::BoxMakers::HandOver& hand_over) {
        sky::ParticleMesh box(
            cosmology, sky::box_run(boxes, job.box_class, job.realisation), n_threads);
        // Every redshift is passed, wanted or not: the steps on the way shape what comes after.
        std::size_t next = 0;
        for (auto state = static_cast<int>(job.z.size()) - 1; next < wanted.size(); --state) {
            box.advance_to(job.z[static_cast<std::size_t>(state)]);
            if (state == wanted[next]) {
                hand_over(state, box.state());
                ++next;
            }
        }
    };
    makers.maps = [cosmology = campaign.cosmology, sky = campaign.sky, boxes, n_threads](
                      const mpi::BoxJob& job, int, const sky::Particles& particles) {
        return sky::make_box_maps(
            cosmology, sky, boxes, particles, job.box_class, job.realisation, n_threads);
    };
    return {slabs,
            boxes,
            sky::box_cost(boxes),
            {},
            mpi::BoxStore(boxes.folder,
                          std::move(jobs),
                          std::move(makers),
                          boxes.keep_particles ? mpi::KeepParticles::yes : mpi::KeepParticles::no)};
}

mpi::SnapshotOptions snapshot_options(const campaign::Campaign& campaign) {
    const campaign::SnapshotSettings& names = campaign.snapshot;
    mpi::SnapshotOptions options;
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

/// The snapshots of a set, and where each was named.
struct Snapshots {
    std::vector<std::string> paths;
    std::vector<std::string> positions;
    std::vector<sky::SnapshotFacts> facts;
};

Snapshots find_snapshots(const campaign::Campaign& campaign, MockSet set) {
    Snapshots found;
    if (n_mocks(campaign, set) == 0) {
        return found;
    }
    const campaign::SkyFiles named = campaign::sky_files(campaign, set);
    found.paths = named.files;
    for (std::size_t i = 0; i < named.files.size(); ++i) {
        found.positions.push_back(
            campaign::position_of(campaign, base::text(named.key, "[", i, "]")));
        try {
            found.facts.push_back(mpi::snapshot_facts(
                named.files[i], snapshot_options(campaign), campaign.cosmology));
        } catch (const base::UsageError& error) {
            throw base::UsageError(found.positions.back() + ": " + error.what());
        }
    }
    return found;
}

/// What tells a snapshot from another: a hash of all of its bytes would take as long as its maps.
std::string identity_of(const std::string& path) {
    std::string start(1 << 20, '\0');
    std::ifstream file(path, std::ios::binary);
    file.read(start.data(), static_cast<std::streamsize>(start.size()));
    start.resize(static_cast<std::size_t>(file.gcount()));
    return base::text("snapshot ", file_stamp(path), ", starts with ", base::sha256(start));
}

BoxStack snapshots(const campaign::Campaign& campaign, int n_threads) {
    constexpr const char* maps_version = "snapshot maps 1\n";
    const std::array sets{find_snapshots(campaign, MockSet::train),
                          find_snapshots(campaign, MockSet::test)};
    sky::BoxSettings boxes = campaign.boxes;
    const std::vector<sky::SnapshotFacts>& planned =
        sets[0].facts.empty() ? sets[1].facts : sets[0].facts;
    const std::vector<sky::Slab> slabs =
        planned.empty() ? std::vector<sky::Slab>()
                        : sky::plan_snapshot_slabs(campaign.cosmology, campaign.sky, planned);
    check_slabs(campaign, slabs.size());

    // A set has as many realisations as some slab has snapshots; where there are fewer, they serve
    // again.
    std::vector<mpi::BoxJob> jobs;
    std::map<std::pair<int, int>, std::string> path_of;  // by class and realisation
    std::set<std::string> used;
    sky::BoxCost cost;
    boxes.n_realisations = 0;
    for (const Snapshots& set : sets) {
        std::vector<std::vector<std::size_t>> of_slab;
        std::size_t n_realisations = 0;
        for (std::size_t s = 0; !set.facts.empty() && s < slabs.size(); ++s) {
            of_slab.push_back(sky::snapshots_of_slab(slabs[s], set.facts));
            n_realisations = std::max(n_realisations, of_slab[s].size());
            if (of_slab[s].empty()) {
                throw base::UsageError(base::text(set.positions.front(),
                                                  ": no test snapshot has a box of ",
                                                  slabs[s].box_mpc,
                                                  " Mpc (those of training skies have), give one"));
            }
            for (const std::size_t i : of_slab[s]) {
                try {
                    sky::check(campaign.sky, boxes, slabs[s], set.facts[i]);
                } catch (const base::UsageError& error) {
                    throw base::UsageError(set.positions[i] + ": " + error.what());
                }
            }
        }
        for (std::size_t s = 0; s < of_slab.size(); ++s) {
            for (std::size_t r = 0; r < n_realisations; ++r) {
                const std::size_t i = of_slab[s][r % of_slab[s].size()];
                mpi::BoxJob job;
                job.box_class = slabs[s].box_class;
                job.realisation = boxes.n_realisations + static_cast<int>(r);
                job.box_mpc = slabs[s].box_mpc;
                job.z = {slabs[s].z};
                job.particles_text = identity_of(set.paths[i]);
                job.maps_text = maps_version + campaign::settings_text(campaign,
                                                                       {"cosmology",
                                                                        "snapshot",
                                                                        "boxes.web_map_px",
                                                                        "sky.frequency_hz",
                                                                        "sky.a_dyn",
                                                                        "sky.a_web",
                                                                        "sky.eps_b"});
                path_of[{job.box_class, job.realisation}] = set.paths[i];
                used.insert(set.paths[i]);
                jobs.push_back(job);
                const sky::BoxCost of_job = sky::snapshot_cost(set.facts[i], boxes.web_map_px);
                cost = of_job.memory_bytes > cost.memory_bytes ? of_job : cost;
            }
        }
        boxes.n_test_realisations = static_cast<int>(n_realisations);
        boxes.n_realisations += boxes.n_test_realisations;
    }

    std::vector<std::string> unused;
    for (const Snapshots& set : sets) {
        std::ranges::copy_if(set.paths, std::back_inserter(unused), [&](const std::string& path) {
            return !used.contains(path);
        });
    }
    mpi::BoxMakers makers;
    makers.particles = [](const mpi::BoxJob& job,
                          const std::vector<int>& wanted,
                          const mpi::BoxMakers::HandOver& hand_over) {
        sky::Particles none;  // the gas is all there is
        none.box_mpc = job.box_mpc;
        for (const int state : wanted) {
            none.z = job.z[static_cast<std::size_t>(state)];
            hand_over(state, none);
        }
    };
    makers.maps = [cosmology = campaign.cosmology,
                   sky = campaign.sky,
                   options = snapshot_options(campaign),
                   map_px = boxes.web_map_px,
                   path_of,
                   n_threads](const mpi::BoxJob& job, int, const sky::Particles& none) {
        return sky::make_snapshot_maps(
            cosmology,
            sky,
            mpi::read_snapshot(path_of.at({job.box_class, job.realisation}), options, cosmology),
            none.z,
            map_px,
            n_threads);
    };
    return {
        slabs,
        boxes,
        cost,
        std::move(unused),
        mpi::BoxStore(boxes.folder, std::move(jobs), std::move(makers), mpi::KeepParticles::no)};
}

}  // namespace

BoxStack stack_boxes(const campaign::Campaign& campaign, int n_threads) {
    switch (campaign.sky.source) {
        case sky::SkySource::boxes:
            return simulated_boxes(campaign, n_threads);
        case sky::SkySource::hdf5:
            return snapshots(campaign, n_threads);
        case sky::SkySource::fits:
            break;
    }
    return {{}, {}, {}, {}, mpi::BoxStore(campaign.boxes.folder, {}, {}, mpi::KeepParticles::no)};
}

}  // namespace faintweb::apps
