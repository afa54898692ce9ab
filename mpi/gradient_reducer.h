#pragma once

#include <memory>
#include <span>

#include "mpi/communicator.h"

namespace faintweb::mpi {

/// Sums gradients over the ranks. Pieces may be added while backward still runs, in the same order
/// on every rank; none may be touched until `finish` has returned.
class GradientReducer {
  public:
    virtual ~GradientReducer() = default;
    /// Starts to replace the piece by its sum over the ranks.
    virtual void add(std::span<float> piece) = 0;
    /// Waits until every piece added since the last call holds its sum.
    virtual void finish() = 0;
};

/// The reducer for these ranks: nothing to do for one, MPI over host memory for more.
std::unique_ptr<GradientReducer> make_gradient_reducer(const Communicator& communicator);

}  // namespace faintweb::mpi
