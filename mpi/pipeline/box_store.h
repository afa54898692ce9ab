// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "lib/sky/box/particles.h"
#include "lib/sky/box/team.h"
#include "lib/sky/lightcone/lightcone.h"
#include "mpi/comm/communicator.h"
#include "mpi/io/box_file.h"

namespace faintweb::pipeline {

/// One simulated box of a lightcone: a class and a realisation, at the redshift of each of its
/// slabs.
struct BoxJob {
    int box_class = 0;
    int realisation = 0;
    double box_mpc = 0;
    /// Redshift of each state, numbered as slabs are: 0 = nearest. The box passes them from the
    /// last to the first.
    std::vector<double> z;
    std::string particles_text;  ///< everything that shapes the particles, but the redshifts
    std::string maps_text;       ///< everything else that shapes the maps, which layers among it
};

/// A state of a box that is to be made, and the member of the team that gets its particles.
struct WantedState {
    int state;
    int member;
};

/// How boxes are made. Its functions run on any thread; they call no MPI but for the exchanges of
/// the team, and HDF5 only under hdf5_lock.
struct BoxMakers {
    /// Takes the particles of a state; called on every member of the team alike, with no particles
    /// on those that get none.
    using HandOver = std::function<void(int state, sky::Particles)>;
    /// Evolves a box through its states, and hands over those that are wanted. A state must depend
    /// neither on which are wanted nor on the team.
    ///
    /// @param wanted  in the order in which the box passes them.
    /// @collective yes: every member of the team.
    std::function<void(
        const BoxJob&, const sky::Team&, const std::vector<WantedState>& wanted, const HandOver&)>
        particles;
    /// Draws the maps of a state from its particles.
    std::function<sky::BoxMaps(const BoxJob&, int state, const sky::Particles&)> maps;
};

/// Whether the particles of a box stay in the folder, beside its maps.
enum class KeepParticles { no, yes };

/// The boxes of a set of skies in a folder, made where they are missing.
///
/// Any number of processes, ranks and campaigns may share a folder: a file appears whole under a
/// name with the hash of all that shaped it, and whoever comes last replaces it by the same.
class BoxStore {
  public:
    /// @param jobs           each class and realisation once; the same on every rank.
    /// @param ranks_per_box  simulate a box together, at least; all where there are fewer.
    BoxStore(std::string folder,
             std::vector<BoxJob> jobs,
             BoxMakers makers,
             KeepParticles keep_particles,
             int ranks_per_box = 1);

    /// States of all boxes.
    std::int64_t n_states() const;
    /// States whose maps are not in the folder, or not fit for use.
    std::int64_t n_missing_states() const;

    /// Makes what is missing: boxes are dealt to the ranks one by one as they become free, or
    /// states where their particles are at hand. What a killed run had finished is not made again.
    ///
    /// With several ranks per box, boxes are dealt in turn to groups of ranks. A group simulates
    /// its box together until each rank holds the particles of a state, then each makes its maps,
    /// which takes as much memory as without a group.
    ///
    /// @throws CollectiveError  what the makers threw; the boxes in work elsewhere, and those that
    ///                          are dealt to other groups, are finished first.
    /// @throws DiskError        where a file cannot be written, on that rank; the job must end
    ///                          then.
    /// @collective yes: every rank.
    void prepare(const comm::Communicator& communicator);

    /// A source that reads maps and haloes, from any thread. A file that is gone or damaged is made
    /// again on the spot, by that rank alone. The store must outlive the source.
    sky::BoxSource source();

  private:
    /// What one rank, or one group of ranks, makes in one go.
    struct Unit {
        std::size_t job;
        std::vector<int> states;  ///< in the order in which the box passes them
    };

    const BoxJob& job(int box_class, int realisation) const;
    std::string path(io::BoxFileKind kind, const BoxJob& job, int state) const;
    bool is_fit(io::BoxFileKind kind, const BoxJob& job, int state) const;
    std::vector<int> missing_states(const BoxJob& job) const;
    std::vector<Unit> plan() const;
    void tidy_folder() const;
    using Advance = std::function<void()>;
    std::exception_ptr farm(const comm::Communicator& communicator,
                            const std::vector<Unit>& units,
                            const Advance& advance) const;
    std::exception_ptr make_in_groups(const comm::Communicator& communicator,
                                      int n_groups,
                                      const std::vector<Unit>& units,
                                      const Advance& advance) const;
    void make(const comm::Communicator& group,
              const BoxJob& job,
              const std::vector<int>& states) const;
    bool make_from_kept_particles(const BoxJob& job, int state) const;
    void make_maps(const BoxJob& job, int state, const sky::Particles& particles) const;
    template <typename Read>
    auto read_or_make(const BoxJob& job, int state, const Read& read);

    std::string folder_;
    std::vector<BoxJob> jobs_;
    BoxMakers makers_;
    KeepParticles keep_particles_;
    int ranks_per_box_;
    std::mutex making_again_;
};

}  // namespace faintweb::pipeline
