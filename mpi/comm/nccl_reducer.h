// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <memory>

#include "mpi/comm/gradient_reducer.h"

/// Reducers of gradients in a GPU's memory; only where faintweb is built with CUDA.
namespace faintweb::comm {

/// Makes a reducer that sums on the GPUs, while backward goes on.
///
/// @collective yes: every rank.
/// @throws UsageError  if two ranks share a GPU, which NCCL cannot: says which, and what to do.
std::unique_ptr<GradientReducer> make_nccl_reducer(const Communicator& communicator,
                                                   int gpu,
                                                   Wire wire);

/// Makes a reducer that copies gradients of a GPU to host memory for another reducer, and its sums
/// back.
std::unique_ptr<GradientReducer> make_staged_reducer(int gpu,
                                                     std::unique_ptr<GradientReducer> on_host);

}  // namespace faintweb::comm
