// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/field_messages.h"

#include <thread>

#include <fmt/core.h>

#include "lib/base/error.h"

namespace faintweb::comm {

bool is_overdue(Clock::time_point heard, double lease_s) {
    return lease_s > 0 && std::chrono::duration<double>(Clock::now() - heard).count() > lease_s;
}

void throw_silent(int rank, double lease_s) {
    throw base::Error(base::ExitCode::interrupted,
                      fmt::format("nothing was heard of rank {} for {:g} s (it is stopped, or its "
                                  "host is not there), run again to go on",
                                  rank, lease_s));
}

void finish(MPI_Request& request, int rank, double lease_s) {
    const Clock::time_point start = Clock::now();
    for (;;) {
        int is_finished = 0;
        check_mpi(MPI_Test(&request, &is_finished, MPI_STATUS_IGNORE), "MPI_Test");
        if (is_finished != 0) {
            return;
        }
        if (is_overdue(start, lease_s)) {
            throw_silent(rank, lease_s);
        }
        std::this_thread::yield();
    }
}

void send_bytes(
    MPI_Comm comm, int rank, int tag, const void* data, std::size_t n_bytes, double lease_s) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Isend(data, static_cast<int>(n_bytes), MPI_BYTE, rank, tag, comm, &request),
              "MPI_Isend");
    finish(request, rank, lease_s);
}

void receive_bytes(
    MPI_Comm comm, int rank, int tag, void* data, std::size_t n_bytes, double lease_s) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Irecv(data, static_cast<int>(n_bytes), MPI_BYTE, rank, tag, comm, &request),
              "MPI_Irecv");
    finish(request, rank, lease_s);
}

int probe(MPI_Comm comm, int from, int tag) {
    int is_there = 0;
    MPI_Status status;
    check_mpi(MPI_Iprobe(from, tag, comm, &is_there, &status), "MPI_Iprobe");
    return is_there != 0 ? status.MPI_SOURCE : -1;
}

}  // namespace faintweb::comm
