// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "lib/base/record_file.h"
#include "lib/catalogue/shard.h"

namespace faintweb::catalogue {

/// Version of the journal's and the shards' layout. A run of another version is not gone on with.
inline constexpr std::int32_t journal_version = 1;

/// What a journal says of one field.
struct FieldHistory {
    bool is_begun = false;  ///< in the last attempt at it, which did not end
    int n_alone = 0;        ///< attempts since it was last done, with nothing else at work
    int n_crashes = 0;      ///< attempts that it ended itself, by a fatal signal or by hanging
    std::optional<StoredField> stored;

    /// Begun and neither done nor known to be innocent: tried again first, and alone.
    bool is_interrupted() const { return is_begun && !stored; }
    /// Ends every process that tries it, and is left alone: two attempts of its own doing, or three
    /// alone.
    bool is_quarantined() const { return !stored && (n_crashes >= 2 || n_alone >= 3); }
};

/// What is known of a run that was not finished.
struct JournalState {
    std::string run_hash;         ///< of all that its rows follow from beside its inputs
    std::int32_t n_attempts = 0;  ///< 0: there is no such run
    std::int64_t n_bytes = 0;     ///< of the journal's whole records
    std::unordered_map<FieldKey, FieldHistory> fields;

    // What an event changes, whether it is read back or has just happened.
    void done(const StoredField& stored) { fields[stored.key] = {.stored = stored}; }
    void crashed(FieldKey key) {
        FieldHistory& culprit = fields[key];
        culprit.is_begun = true;
        ++culprit.n_crashes;
    }
    void lost(FieldKey key) { fields.erase(key); }
};

/// @throws UsageError  if the file is no journal of this version.
JournalState read_journal(const std::string& path);

enum class AttemptMode : std::uint8_t { among_others, alone };

/// Appends to the journal of a run; rank 0 alone does. An event outlives the process as soon as the
/// call returns, and a loss of power after flush().
class Journal {
  public:
    /// Begins an attempt at the run: goes on behind what `state` was read from, and empties that
    /// file first if there was no attempt before.
    Journal(const std::string& path, JournalState& state);

    void begun(FieldKey key, std::int32_t rank, AttemptMode mode);
    /// Only after the shard has been flushed.
    void done(const StoredField& stored);
    void crashed(FieldKey key);
    /// Its rows can no longer be read: it is to be done again.
    void lost(FieldKey key);
    void flush() { file_.flush(); }

  private:
    base::RecordWriter file_;
};

}  // namespace faintweb::catalogue
