#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/base/error.h"

namespace faintweb::mpi {

/// An error that every rank has met alike, so that all can leave in order and only one speaks.
class AgreedError : public base::Error {
  public:
    using Error::Error;
};

/// The ranks that work together. A default-made communicator is a world of one that needs no MPI,
/// so that the same code runs with and without mpirun. Cheap to copy: copies are the same
/// communicator.
class Communicator {
  public:
    Communicator();

    int rank() const;
    int size() const;
    /// Position and number of this communicator's ranks on this host.
    int local_rank() const;
    int local_size() const;
    /// Ranks of this host that may run on the same cores as this one, itself included: 1 where the
    /// launcher has bound each rank to cores of its own.
    int n_sharing_cores() const;
    bool is_root() const { return rank() == 0; }
    /// Whether mpirun, srun or the like started this process, which is to end when that does.
    bool has_launcher() const;
    /// Whether all ranks of this communicator are on one host, also where it is part of another.
    bool is_one_host() const;

    /// @collective yes: every rank of the communicator must make each call below.
    void barrier() const;
    /// A barrier for long waits: leaves the core to ranks that are still at work.
    void wait_for_all() const;
    /// Gives every rank the root's text.
    void broadcast(std::string& text) const;
    /// One text per rank, in rank order, on the root; empty elsewhere.
    std::vector<std::string> gather(const std::string& text) const;
    /// One text per rank, in rank order, on every rank.
    std::vector<std::string> all_gather(const std::string& text) const;
    /// Replaces every element by its sum over the ranks.
    void sum(std::span<float> values) const;
    void sum(std::span<double> values) const;
    void sum(std::span<std::int64_t> values) const;
    std::int64_t max(std::int64_t value) const;
    /// Sends `parts[r]` to rank r and gives what every rank sent here, in rank order.
    std::vector<std::vector<std::byte>> exchange(
        const std::vector<std::vector<std::byte>>& parts) const;
    /// Sends sent[r] to rank r and fills received[r] with what that one sent here: for ranks that
    /// know the sizes of what comes.
    void exchange(const std::vector<std::span<const std::byte>>& sent,
                  const std::vector<std::span<std::byte>>& received) const;
    /// A communicator of the ranks that give the same group, in the order of their ranks here. Its
    /// local_rank(), local_size() and n_sharing_cores() stay those of this one, so that groups that
    /// work at the same time take different GPUs and cores.
    Communicator split(int group) const;

    /// The MPI_Comm behind this object (a pointer to it), null for a world of one without MPI. For
    /// the files of mpi/ only.
    const void* native() const;

    struct Handle;
    explicit Communicator(std::shared_ptr<Handle> handle);

  private:
    std::shared_ptr<Handle> handle_;
};

/// Calls `work` on every rank. If it throws on any, every rank throws that error (the lowest
/// rank's) as an AgreedError, so that none goes on alone into a collective call that the others
/// never make.
///
/// @collective yes: every rank.
void together(const Communicator& communicator, const std::function<void()>& work);

/// Within the work of `together`: ends that work on every rank once it has failed on any, so that
/// none waits in the collective call that comes next for one that never makes it.
///
/// @collective yes: every rank that is still at work.
void keep_together(const Communicator& communicator);

/// Calls `compute` on the root only and gives its text to every rank. An error there is thrown on
/// every rank as an AgreedError.
///
/// @collective yes: every rank.
std::string from_root(const Communicator& communicator,
                      const std::function<std::string()>& compute);

}  // namespace faintweb::mpi
