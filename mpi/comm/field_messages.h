// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "mpi/comm/native.h"

// What the coordinator and the workers of share_fields say to each other. A message is one of the
// structs below and, where that says so, what it announces: pixels or the bytes of a report.
namespace faintweb::comm {

/// What tells the kinds of messages apart.
enum Tag : int { tag_field = 21, tag_pixels, tag_news, tag_report };

/// A message from the coordinator to a worker.
struct FieldMessage {
    enum class Kind : std::int64_t { field, no_more_fields, still_there };
    Kind kind = Kind::field;
    std::int64_t field = 0;
    std::int64_t n_pixels = 0;  ///< that follow, also if there are none
};

/// A message from a worker to the coordinator.
struct NewsMessage {
    enum class Kind : std::int64_t {
        begun,
        finished,
        unreadable,
        asked_to_stop,
        report,       ///< for the ledger; its bytes follow
        last_report,  ///< a report after which the worker has nothing left to say
    };
    Kind kind = Kind::begun;
    std::int64_t field = 0;
    std::int64_t n_bytes = 0;  ///< of a report
};

using Clock = std::chrono::steady_clock;

/// Whether something was last heard longer ago than the lease; a lease of 0 s never ends.
bool is_overdue(Clock::time_point heard, double lease_s);

/// Ends the work of this rank because another was silent for longer than the lease.
///
/// @throws base::Error  (interrupted) names the rank.
[[noreturn]] void throw_silent(int rank, double lease_s);

/// Waits until a message to or from a rank is through, no longer than the lease: the rank's host
/// may have gone.
///
/// @throws base::Error  as throw_silent().
void finish(MPI_Request& request, int rank, double lease_s);

/// Sends one message to a rank, for no longer than the lease.
///
/// @throws base::Error  as throw_silent().
void send_bytes(
    MPI_Comm comm, int rank, int tag, const void* data, std::size_t n_bytes, double lease_s);

/// Receives one message of a known size from a rank, for no longer than the lease.
///
/// @throws base::Error  as throw_silent().
void receive_bytes(
    MPI_Comm comm, int rank, int tag, void* data, std::size_t n_bytes, double lease_s);

/// The rank that a message with this tag waits from; -1 if there is none.
int probe(MPI_Comm comm, int from, int tag);

}  // namespace faintweb::comm
