// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/io/versions.h"

#include <fmt/core.h>
#include <hdf5.h>

#include "mpi/comm/session.h"

namespace faintweb::io {

std::string library_versions() {
    unsigned major = 0;
    unsigned minor = 0;
    unsigned release = 0;
    H5get_libversion(&major, &minor, &release);
    const std::string nccl = comm::nccl_version();
    return fmt::format("{}, HDF5 {}.{}.{}{}", comm::mpi_version(), major, minor, release,
                       nccl.empty() ? "" : ", NCCL " + nccl);
}

}  // namespace faintweb::io
