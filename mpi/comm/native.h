// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <memory>
#include <string>

#include <mpi.h>

#include "lib/base/error.h"
#include "mpi/comm/communicator.h"

namespace faintweb::comm {

/// What a Communicator knows of its ranks.
struct Communicator::Handle {
    MPI_Comm comm = MPI_COMM_NULL;
    int rank = 0;
    int size = 1;
    int local_rank = 0;
    int local_size = 1;
    bool is_one_host = true;
    int n_sharing_cores = 1;
    bool has_launcher = false;
};

/// Asks MPI about a communicator, whose errors come back as codes from then on.
///
/// @collective yes: every rank of that communicator.
std::unique_ptr<Communicator::Handle> make_handle(MPI_Comm comm);

/// The MPI communicator of a Communicator that has one.
inline MPI_Comm comm_of(const Communicator& communicator) {
    return *static_cast<const MPI_Comm*>(communicator.native());
}

/// Turns an MPI error code into an exception that names the call.
inline void check_mpi(int code, const char* call) {
    if (code != MPI_SUCCESS) {
        char text[MPI_MAX_ERROR_STRING] = {};
        int length = 0;
        MPI_Error_string(code, text, &length);
        throw base::Error(base::ExitCode::internal, std::string(call) + " failed: " + text);
    }
}

}  // namespace faintweb::comm
