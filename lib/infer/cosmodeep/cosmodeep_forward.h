// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <memory>

#include "lib/infer/forward_pass.h"
#include "lib/learn/torch_network.h"

namespace faintweb::infer::cosmodeep {

/// The forward pass of a Cosmodeep by kernels of its own.
///
/// @param network  of that kind; must outlive the pass.
/// @param weights  of its inference_weights().
/// @return         null where there are no kernels for the device and precision.
std::unique_ptr<const ForwardPass> make_forward_pass(const learn::Network& network,
                                                     const learn::NamedWeights& weights,
                                                     const ForwardSettings& settings);

}  // namespace faintweb::infer::cosmodeep
