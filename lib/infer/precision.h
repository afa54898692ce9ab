// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

#include "lib/learn/device.h"

namespace faintweb::infer {

/// Chooses the precision that a network is used with.
///
/// @param wanted   "fp32", "bf16", or "auto": bf16 where the device multiplies it itself,
///                 but not on a CPU for networks whose kernels are faster in fp32.
/// @param network  as in network_info().
/// @throws UsageError  if wanted is another word.
learn::Precision choose_precision(const std::string& wanted,
                                  learn::Device device,
                                  const std::string& network);

/// Whether this processor has registers for matrices of bf16 (Intel AMX), and the system lets this
/// process use them.
bool has_matrix_registers();

/// Which kernels a network is computed with on a device: scores of different kernels differ in
/// their last bits. "AVX2", "AVX512 with bf16 and AMX", "NVIDIA H200 9.0".
std::string kernels_of(learn::Device device, learn::Precision precision);

}  // namespace faintweb::infer
