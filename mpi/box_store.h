#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "lib/sky/lightcone.h"
#include "lib/sky/particles.h"
#include "mpi/box_file.h"
#include "mpi/communicator.h"

namespace faintweb::mpi {

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

/// How boxes are made. All three run on any thread, call no MPI, and HDF5 only under hdf5_lock.
struct BoxMakers {
    using HandOver = std::function<void(int state, const sky::Particles&)>;
    /// Evolves a box through its states, and hands over those that are wanted. A state must not
    /// depend on which are wanted.
    ///
    /// @param wanted  numbers of states, in the order in which the box passes them.
    std::function<void(const BoxJob&, const std::vector<int>& wanted, const HandOver&)> particles;
    std::function<sky::BoxMaps(const BoxJob&, int state, const sky::Particles&)> maps;
};

enum class KeepParticles { no, yes };

/// The boxes of a set of skies in a folder, made where they are missing.
///
/// Any number of processes, ranks and campaigns may share a folder: a file appears whole under a
/// name with the hash of all that shaped it, and whoever comes last replaces it by the same.
class BoxStore {
  public:
    /// @param jobs  each class and realisation once; the same on every rank.
    BoxStore(std::string folder,
             std::vector<BoxJob> jobs,
             BoxMakers makers,
             KeepParticles keep_particles);

    std::int64_t n_states() const;
    /// States whose maps are not in the folder, or not fit for use.
    std::int64_t n_missing_states() const;

    /// Makes what is missing: boxes are dealt to the ranks one by one as they become free, or
    /// states where their particles are at hand. What a killed run had finished is not made again.
    ///
    /// @throws AgreedError  what the makers threw; the boxes in work elsewhere are finished first.
    /// @throws DiskError    where a file cannot be written, on that rank; the job must then end.
    /// @collective yes: every rank.
    void prepare(const Communicator& communicator);

    /// Reads maps and haloes, from any thread. A file that is gone or damaged is made again on the
    /// spot. The store must outlive it.
    sky::BoxSource source();

  private:
    /// What one rank makes in one go.
    struct Unit {
        std::size_t job;
        std::vector<int> states;  ///< in the order in which the box passes them
    };

    const BoxJob& job(int box_class, int realisation) const;
    std::string path(BoxFileKind kind, const BoxJob& job, int state) const;
    bool is_fit(BoxFileKind kind, const BoxJob& job, int state) const;
    std::vector<int> missing_states(const BoxJob& job) const;
    std::vector<Unit> plan() const;
    void tidy_folder() const;
    void make(const BoxJob& job, const std::vector<int>& states) const;
    void make_maps(const BoxJob& job, int state, const sky::Particles& particles) const;
    template <typename Read>
    auto read_or_make(const BoxJob& job, int state, const Read& read);

    std::string folder_;
    std::vector<BoxJob> jobs_;
    BoxMakers makers_;
    KeepParticles keep_particles_;
    std::mutex making_again_;
};

}  // namespace faintweb::mpi
