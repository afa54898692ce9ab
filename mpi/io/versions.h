// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

namespace faintweb::io {

/// The versions of the libraries beside LibTorch: "Open MPI 4.1.4, HDF5 1.10.8", and NCCL's where
/// it is built in.
std::string library_versions();

}  // namespace faintweb::io
