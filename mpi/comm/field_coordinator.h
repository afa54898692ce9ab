// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <vector>

#include "lib/base/stopwatch.h"
#include "mpi/comm/field_messages.h"
#include "mpi/comm/field_scheduler.h"
#include "mpi/comm/field_threads.h"
#include "mpi/comm/share_fields.h"

namespace faintweb::comm {

/// Sends messages to workers, and keeps what they carry until MPI has taken it.
class FieldSender {
  public:
    explicit FieldSender(MPI_Comm comm) : comm_(comm) {}

    bool is_full() const { return sends_.size() >= max_sends_in_flight; }
    void start(int rank, FieldMessage message, std::vector<float> pixels = {});
    void forget_finished();
    void finish_all(double lease_s);

  private:
    /// One message on its way, with the buffers that MPI reads.
    struct Send {
        int rank;
        FieldMessage message;
        std::vector<float> pixels;
        MPI_Request requests[2];
    };

    MPI_Comm comm_;
    std::list<Send> sends_;
};

/// Rank 0 of share_fields: it reads fields, hands them out and works on some itself. In a world of
/// one it makes no call of MPI.
class FieldCoordinator {
  public:
    /// @collective yes: every rank, the others make a FieldWorker.
    FieldCoordinator(const Communicator& communicator,
                     std::span<const std::int64_t> order,
                     const ShareSettings& settings,
                     const FieldJob& job,
                     FieldLedger& ledger);

    /// @return  the fields that were worked here, in the order of their work.
    std::vector<std::int64_t> run();

  private:
    bool take_messages();
    void take(const NewsMessage& message, int from, const std::string& reason = "");
    void ended();
    void keep_in_touch();
    bool hand_out_one();

    MPI_Comm comm_;
    int n_ranks_;
    const ShareSettings& settings_;
    const FieldJob& job_;
    FieldLedger& ledger_;
    int n_at_once_;  ///< of rank 0
    FieldScheduler scheduler_;
    const base::Stopwatch clock_;
    double last_beat_s_ = 0;
    std::vector<std::int64_t> worked_here_;
    std::string reports_;  ///< that the ledger has not been given
    FieldSender sender_;
    FieldThreads threads_;  // last: they may still be at work while the others go
};

}  // namespace faintweb::comm
