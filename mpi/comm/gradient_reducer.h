// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <memory>
#include <span>
#include <string>

#include "lib/base/stopwatch.h"
#include "lib/learn/shared_memory.h"
#include "mpi/comm/communicator.h"

namespace faintweb::comm {

/// What gradients travel as between ranks.
enum class Wire {
    fp32,
    /// Numbers of half the bytes: what a rank sends is rounded to nearest even, to 8 bits, and so
    /// are sums.
    bf16,
};

/// How gradients are summed.
struct ReducerSettings {
    /// Who sums. "shared": memory that the ranks of one host share, and shared_memory() for more;
    /// "mpi": MPI over host memory; "nccl": GPUs among themselves; "auto": nccl for gradients on a
    /// GPU, else shared where all ranks are on one host that has the memory, else mpi.
    std::string kind = "auto";
    Wire wire = Wire::fp32;
    int gpu = -1;  ///< number of the GPU whose memory holds the gradients; below 0: host memory
};

/// Where the time of reductions went on this rank, seconds since the start.
struct ReductionTimes {
    /// Time that reductions had begun and were not yet waited for, while this rank computed: it was
    /// hidden where something else than this rank's core did the work (a GPU, a network card).
    double hidden_s = 0;
    double exposed_s = 0;  ///< time in which this rank did nothing else
};

/// Sums gradients over the ranks. Pieces may be added while backward still runs, in the same order
/// on every rank; none may be touched until `finish` has returned. Pieces in a GPU's memory are
/// taken and given back in the order of its default stream.
class GradientReducer {
  public:
    virtual ~GradientReducer() = default;
    /// Starts to replace the piece by its sum over the ranks.
    ///
    /// @collective yes: every rank, pieces of the same sizes in the same order.
    void add(std::span<float> piece);
    /// Waits until every piece added since the last call holds its sum, the same bits on every
    /// rank.
    ///
    /// @collective yes: every rank.
    /// @throws Error  if the network or a GPU failed.
    void finish();
    /// The times of all reductions so far.
    ReductionTimes times() const { return times_; }
    /// Memory in which the ranks can do with less than sums of all gradients, for TrainingStep;
    /// null for ranks that have none. The memory lasts as long as this object.
    virtual learn::SharedMemory* shared_memory() { return nullptr; }

  private:
    virtual void start(std::span<float> piece) = 0;
    virtual void wait() = 0;
    /// Whether the sums go on between start() and wait().
    virtual bool is_background() const { return false; }

    /// Counts the time of this rank since the last call as hidden, if pieces were under way.
    void end_of_computing();

    ReductionTimes times_;
    base::Stopwatch watch_;
    bool is_adding_ = false;  // pieces were added since finish()
};

/// Makes the reducer for these ranks; that of one rank alone does nothing, unless NCCL is asked
/// for.
///
/// @collective yes: every rank, the same kind and wire.
/// @throws CollectiveError  if there is no such kind, or it cannot be used here: says why, and what
///                          to do.
std::unique_ptr<GradientReducer> make_gradient_reducer(const Communicator& communicator,
                                                       const ReducerSettings& settings = {});

}  // namespace faintweb::comm
