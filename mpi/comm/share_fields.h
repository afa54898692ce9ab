// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "mpi/comm/communicator.h"
#include "mpi/comm/field_scheduler.h"

namespace faintweb::comm {

/// Pause of a rank's message loop when there is nothing to do: short against a field (> 10 ms),
/// long enough to leave the core to the work.
inline constexpr std::chrono::microseconds message_pause{200};

/// Fields that rank 0 holds in memory on their way to other ranks.
inline constexpr std::size_t max_sends_in_flight = 8;

/// How fields are shared out, and who is told of it.
struct ShareSettings {
    ScheduleSettings schedule{};
    /// Rank 0 only reads and hands out (it needs another rank to work then).
    bool is_rank0_dedicated = false;
    /// Fields that this rank works on at the same time, each on a thread of its own; ranks may
    /// differ.
    int n_at_once = 1;
    /// Takes the number of fields that have ended so far; called on rank 0 for every field that
    /// has, by the thread that calls MPI.
    std::function<void(std::int64_t n_ended)> progress = nullptr;
    /// Whether this rank is to stop; asked on every rank. Where one says yes, no more fields are
    /// handed out to any.
    std::function<bool()> is_asked_to_stop = nullptr;
};

/// What happens to a field.
struct FieldJob {
    /// Gives the pixels of a field, which may be none; called on rank 0 alone, on any thread. A
    /// base::InputError costs this field only.
    std::function<std::vector<float>(std::int64_t field)> read;
    /// Works on a field; called on the rank that gets it, on one of its n_at_once threads, which
    /// never call MPI.
    std::function<void(std::int64_t field, std::vector<float> pixels)> work;
    /// Takes the reason why a field could not be read; called on rank 0, by the thread that calls
    /// MPI.
    std::function<void(std::int64_t field, const std::string& reason)> fail;
};

/// Keeps account of the fields of a run, so that another can go on from there. The thread that
/// calls MPI makes all calls.
class FieldLedger {
  public:
    virtual ~FieldLedger() = default;
    /// Takes note that a rank is about to work on a field; called on rank 0. The work waits until
    /// this has been called (on another rank: until it has told rank 0).
    virtual void begun(std::int64_t field, int rank) = 0;
    /// Says what has become of fields since the last report; called on every rank again and again,
    /// and once more, with is_last, when the rank has nothing left to work on.
    ///
    /// @return  what rank 0's take_reports() is to know; empty: nothing yet.
    virtual std::string report(bool is_last) = 0;
    /// Takes all reports that wait, joined to one text; called on rank 0. A report must show its
    /// own end.
    virtual void take_reports(const std::string& reports) = 0;
};

/// The ledger of work that no other run goes on with.
class NoLedger : public FieldLedger {
  public:
    void begun(std::int64_t, int) override {}
    std::string report(bool) override { return ""; }
    void take_reports(const std::string&) override {}
};

/// The order in which fields are handed out: largest first, equal ones by number.
std::vector<std::int64_t> largest_first(std::span<const std::int64_t> n_pixels);

/// Rank 0 reads fields in the given order and hands them out point to point, to the rank that holds
/// fewest; it works itself as one of them between its messages.
///
/// Which rank gets which field depends on timing, so the work must not depend on the rank.
///
/// @param order  field numbers, each once; read on rank 0 alone.
/// @return       the fields that were worked here, in the order of their work. Fewer than the
///     order's over all ranks only if one was asked to stop.
/// @throws       what the functions throw, on their rank, and base::Error (interrupted) where a
///     rank was silent for longer than the lease; the job must then end (Session::run does).
/// @collective yes: every rank.
std::vector<std::int64_t> share_fields(const Communicator& communicator,
                                       std::span<const std::int64_t> order,
                                       const ShareSettings& settings,
                                       const FieldJob& job,
                                       FieldLedger& ledger);

/// Shares fields as the function above, without a ledger.
///
/// @collective yes: every rank.
std::vector<std::int64_t> share_fields(const Communicator& communicator,
                                       std::span<const std::int64_t> order,
                                       const ShareSettings& settings,
                                       const FieldJob& job);

}  // namespace faintweb::comm
