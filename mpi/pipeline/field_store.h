// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/base/stopwatch.h"
#include "lib/catalogue/journal.h"
#include "lib/catalogue/records.h"
#include "lib/catalogue/shard.h"
#include "mpi/comm/communicator.h"
#include "mpi/comm/share_fields.h"
#include "mpi/io/catalogue_file.h"

namespace faintweb::pipeline {

/// Fields that are flushed at once: a loss of power costs no more.
inline constexpr std::size_t epoch_fields = 64;

/// Seconds after which fields are flushed although there are fewer: a loss of power costs no more.
inline constexpr double epoch_s = 5;

/// Why a folder is not that of a run, which may be gone on with and removed, as "holds ..."; empty
/// if it is.
std::string objection_to_run_folder(const std::string& folder);

/// The results of a run until they are merged into its catalogue: a shard for every rank and a
/// journal that says what is in them, in one folder that all ranks see. Whatever ends a run,
/// another with the same folder goes on from there.
///
/// A field that was worked on goes through keep(), on any thread. The thread that calls MPI writes
/// it to the shard and tells rank 0 when it is on the disk, which then says so in the journal: as
/// the ledger of share_fields the store does this.
class FieldStore : public comm::FieldLedger {
  public:
    /// Begins a run in a folder, or goes on with the one that is there.
    ///
    /// @param run_hash  of all that rows follow from beside their field.
    /// @param keys      one for every field of the plan, in its order.
    /// @throws UsageError (on all ranks)  if the folder holds an unfinished run of another hash, or
    ///     what is no run's.
    /// @collective yes: every rank.
    FieldStore(const comm::Communicator& communicator,
               std::string folder,
               const std::string& run_hash,
               std::vector<catalogue::FieldKey> keys);

    // The next functions say how rank 0 found the run; other ranks know of no fields. The lists are
    // fields of the plan in ascending order, those to be handed out as comm::share_fields takes
    // them.

    /// Number of fields that are done.
    std::int64_t n_done() const { return n_done_; }
    /// Fields that were begun and not finished: they are to be tried first, and alone.
    const std::vector<std::int64_t>& interrupted() const { return interrupted_; }
    /// Fields that were never begun.
    const std::vector<std::int64_t>& pending() const { return pending_; }
    /// Fields that are not to be tried again. What is kept of them has to say that they failed.
    const std::vector<catalogue::FieldId>& quarantined() const { return quarantined_; }
    catalogue::FieldKey key_of(catalogue::FieldId field) const { return keys_[field.place()]; }
    /// Number of fields of the plan that nothing was kept of so far; on rank 0, 0 elsewhere.
    std::int64_t n_missing() const;
    /// Where this process leaves a note if it dies; see base::Watchdog.
    std::string notes_path() const;

    /// Takes the rows of a field.
    void keep(catalogue::FieldId field, catalogue::FieldResult result);

    void begun(std::int64_t number, int rank) override;
    std::string report(bool is_last) override;
    void take_reports(const std::string& reports) override;

    /// The rows of all fields, which must all have been kept, in the order of the plan.
    ///
    /// A record that turns out to be damaged is one to be made again: the source throws, and the
    /// journal has been told.
    ///
    /// @collective yes: every rank.
    io::FieldSource source();

    /// Removes the folder, once its rows are in the catalogue; for rank 0 alone.
    void remove();

  private:
    void open(const std::string& run_hash);
    void take_notes(catalogue::JournalState& state);
    void adopt_shards(catalogue::JournalState& state);
    void sort_out(const catalogue::JournalState& state);
    void flush_journal();

    const comm::Communicator& communicator_;
    std::string folder_;
    std::vector<catalogue::FieldKey> keys_;
    catalogue::ShardName shard_name_;
    std::optional<catalogue::ShardWriter> shard_;
    std::mutex mutex_;
    std::vector<std::pair<catalogue::FieldId, catalogue::FieldResult>> kept_;
    // Written to the shard, perhaps not on the disk yet.
    std::vector<std::pair<catalogue::FieldId, catalogue::StoredField>> unflushed_;
    base::Stopwatch since_flush_;

    // The members below are used on rank 0 alone.
    std::optional<catalogue::Journal> journal_;
    std::vector<std::optional<catalogue::StoredField>> stored_;  ///< [n_fields]
    std::int64_t n_unflushed_events_ = 0;
    base::Stopwatch since_journal_flush_;
    std::int64_t n_done_ = 0;
    std::vector<std::int64_t> interrupted_;
    std::vector<std::int64_t> pending_;
    std::vector<catalogue::FieldId> quarantined_;
};

}  // namespace faintweb::pipeline
