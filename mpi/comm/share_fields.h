#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "mpi/comm/communicator.h"

namespace faintweb::comm {

/// Pause of a rank's message loop when there is nothing to do: short against a field (> 10 ms),
/// long enough to leave the core to the work.
inline constexpr std::chrono::microseconds message_pause{200};
/// Fields that rank 0 holds in memory on their way to other ranks.
inline constexpr std::size_t max_sends_in_flight = 8;

struct ShareSettings {
    /// Fields that a rank holds at most for every one that it works on at a time: one at work, the
    /// others waiting, so that no rank waits.
    int credits = 2;
    /// Rank 0 only reads and hands out (it needs another rank to work then).
    bool is_rank0_dedicated = false;
    /// The first fields of the order are worked on with nothing else at work.
    std::size_t n_alone = 0;
    /// Longest silence of a rank that holds fields, and of rank 0; 0: any. A stopped process cannot
    /// watch itself.
    double lease_s = 0;
    /// Fields that this rank works on at the same time, each on a thread of its own; ranks may
    /// differ.
    int n_at_once = 1;
};

/// What happens to a field. `work` runs on the rank that gets the field, on one of its n_at_once
/// threads that never call MPI; `read` on rank 0 alone, on any thread; all others are called by the
/// thread that calls MPI.
struct FieldWork {
    /// The pixels of a field. A base::InputError costs this field only.
    std::function<std::vector<float>(std::int64_t field)> read;
    std::function<void(std::int64_t field, std::vector<float> pixels)> work;
    /// Called on rank 0 for a field that could not be read.
    std::function<void(std::int64_t field, const std::string& reason)> fail;
    /// Called on rank 0 for every field that has ended, with the number of fields ended so far.
    std::function<void(std::int64_t n_ended)> progress;
    /// Called on rank 0 when a rank is about to work on a field, which waits until this has been
    /// called (on another rank: until it has told rank 0).
    std::function<void(std::int64_t field, int rank)> begun = nullptr;
    /// Called on every rank again and again, and once more, with is_last, when it has nothing left
    /// to work on: gives what rank 0's `take_reports` is to know, empty: nothing yet.
    std::function<std::string(bool is_last)> report = nullptr;
    /// Called on rank 0 with all reports that wait, joined to one text: a report must show its own
    /// end.
    std::function<void(const std::string& reports)> take_reports = nullptr;
    /// Asked on every rank: where one says yes, no more fields are handed out to any.
    std::function<bool()> is_asked_to_stop = nullptr;
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
                                       const FieldWork& field_work);

}  // namespace faintweb::comm
