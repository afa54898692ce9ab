// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <vector>

#include "mpi/comm/field_messages.h"
#include "mpi/comm/field_threads.h"
#include "mpi/comm/share_fields.h"

namespace faintweb::comm {

/// Any rank of share_fields but rank 0: it works on the fields that it is handed.
class FieldWorker {
  public:
    /// @collective yes: every rank, rank 0 makes a FieldCoordinator.
    FieldWorker(const Communicator& communicator,
                const ShareSettings& settings,
                const FieldJob& job,
                FieldLedger& ledger);

    /// @return  the fields that were worked here, in the order of their work.
    std::vector<std::int64_t> run();

  private:
    bool tell_news();
    void send_report(NewsMessage::Kind kind);
    void tell(const NewsMessage& message) const;
    bool take_message();

    MPI_Comm comm_;
    const ShareSettings& settings_;
    FieldLedger& ledger_;
    std::vector<std::int64_t> worked_here_;
    bool is_over_ = false;
    bool has_asked_to_stop_ = false;
    Clock::time_point heard_ = Clock::now();
    FieldThreads threads_;  // last: they may still be at work while the others go
};

}  // namespace faintweb::comm
