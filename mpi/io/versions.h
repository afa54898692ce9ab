#pragma once

#include <string>

namespace faintweb::io {

/// "Open MPI 4.1.4, HDF5 1.10.8", and NCCL's version where it is built in.
std::string library_versions();

}  // namespace faintweb::io
