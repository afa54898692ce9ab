#include "apps/boxes.h"

#include <cstddef>

#include "lib/sky/box.h"
#include "lib/sky/particle_mesh.h"

namespace faintweb::apps {

mpi::BoxStore box_store(const campaign::Campaign& campaign,
                        const std::vector<sky::Slab>& slabs,
                        int n_threads) {
    const sky::BoxSettings& boxes = campaign.boxes;
    const int first_test = boxes.n_realisations - boxes.n_test_realisations;
    std::vector<mpi::BoxJob> jobs;
    for (int box_class = 0; box_class < static_cast<int>(boxes.edges_mpc.size()); ++box_class) {
        for (int realisation = 0; realisation < boxes.n_realisations; ++realisation) {
            const int n_skies =
                realisation < first_test ? campaign.simulate.n_train : campaign.simulate.n_test;
            if (n_skies == 0) {
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
                           const sky::Team& team,
                           const std::vector<mpi::WantedState>& wanted,
                           const mpi::BoxMakers::HandOver& hand_over) {
        sky::ParticleMesh box(
            cosmology, sky::box_run(boxes, job.box_class, job.realisation), n_threads, team);
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
                      const mpi::BoxJob& job, int, const sky::Particles& particles) {
        return sky::make_box_maps(
            cosmology, sky, boxes, particles, job.box_class, job.realisation, n_threads);
    };
    return mpi::BoxStore(boxes.folder,
                         std::move(jobs),
                         std::move(makers),
                         boxes.keep_particles ? mpi::KeepParticles::yes : mpi::KeepParticles::no,
                         boxes.ranks_per_box);
}

}  // namespace faintweb::apps
