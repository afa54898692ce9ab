// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/field_store.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <string_view>
#include <type_traits>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/record_file.h"
#include "lib/base/watchdog.h"

namespace faintweb::pipeline {
namespace {

using catalogue::FieldHistory;
using catalogue::FieldId;
using catalogue::FieldKey;
using catalogue::JournalState;
using catalogue::ShardName;
using catalogue::StoredField;

// Files beside the journal and the shards, one per rank: keys of fields that ended their process,
// and of fields whose rows were found damaged.
constexpr const char* crash_notes = "crash_";
constexpr const char* lost_notes = "lost_";

std::string journal_path(const std::string& folder) {
    return folder + "/journal";
}

/// One stored field on its way to rank 0.
struct Report {
    std::int64_t field = 0;
    StoredField stored;
};
static_assert(std::is_trivially_copyable_v<Report>);

/// Hands over the notes of one kind that ranks have left.
void take_notes_of(const std::string& folder,
                   const std::string& kind,
                   const std::function<void(FieldKey key)>& take) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().filename().string().starts_with(kind)) {
            for (const FieldKey key : base::read_death_notes(entry.path())) {
                take(key);
            }
        }
    }
}

void remove_notes(const std::string& folder) {
    std::vector<std::filesystem::path> notes;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(crash_notes) || name.starts_with(lost_notes)) {
            notes.push_back(entry.path());
        }
    }
    for (const std::filesystem::path& path : notes) {
        std::filesystem::remove(path);
    }
}

}  // namespace

std::string objection_to_run_folder(const std::string& folder) {
    // A run that ends meanwhile removes it.
    std::error_code error;
    std::filesystem::directory_iterator next(folder, error);
    for (; !error && next != std::filesystem::directory_iterator(); next.increment(error)) {
        const std::string name = next->path().filename().string();
        const auto is_numbered = [&](std::string_view kind) {
            return name.starts_with(kind) &&
                   name.find_first_not_of("0123456789_", kind.size()) == std::string::npos;
        };
        if (name.starts_with(".nfs")) {
            continue;  // what NFS leaves of a file that is gone while somebody holds it open
        }
        const bool is_folder = std::filesystem::is_directory(next->path(), error);
        if (is_folder || (name != "journal" && !is_numbered("shard_") &&
                          !is_numbered(crash_notes) && !is_numbered(lost_notes))) {
            return fmt::format("holds {}, which is not of an unfinished run", name);
        }
        error.clear();
    }
    return "";
}

FieldStore::FieldStore(const comm::Communicator& communicator,
                       std::string folder,
                       const std::string& run_hash,
                       std::vector<FieldKey> keys)
    : communicator_(communicator), folder_(std::move(folder)), keys_(std::move(keys)) {
    const int attempt = comm::from_root(communicator_, [&] {
        open(run_hash);
        return shard_name_.attempt;
    });
    shard_name_ = {attempt, communicator_.rank()};
}

void FieldStore::open(const std::string& run_hash) {
    base::make_folder(folder_);
    // Before anything in it is touched: it is removed in the end.
    if (const std::string objection = objection_to_run_folder(folder_); !objection.empty()) {
        throw base::UsageError(
            fmt::format("{} {}, move it or choose another output", folder_, objection));
    }
    JournalState state = catalogue::read_journal(journal_path(folder_));
    if (state.n_attempts == 0) {
        // What else is there is left of a run that died before its journal was begun.
        std::filesystem::remove_all(folder_);
        base::make_folder(folder_);
        state.run_hash = run_hash;
    }
    if (state.run_hash != run_hash) {
        throw base::UsageError(fmt::format(
            "{} holds an unfinished run of another campaign (other settings, model, device or "
            "version), finish it with its own, choose another output, or remove that folder",
            folder_));
    }
    journal_.emplace(journal_path(folder_), state);
    shard_name_.attempt = state.n_attempts;
    take_notes(state);
    adopt_shards(state);
    journal_->flush();
    remove_notes(folder_);
    sort_out(state);
}

void FieldStore::take_notes(JournalState& state) {
    take_notes_of(folder_, crash_notes, [&](FieldKey key) {
        journal_->crashed(key);
        state.crashed(key);
    });
    take_notes_of(folder_, lost_notes, [&](FieldKey key) {
        journal_->lost(key);
        state.lost(key);
    });
}

/// What ranks had written when they died, which the journal was not told.
void FieldStore::adopt_shards(JournalState& state) {
    std::map<ShardName, std::int64_t> last_done;
    for (const auto& [key, field] : state.fields) {
        if (field.stored) {
            std::int64_t& offset = last_done[field.stored->shard];
            offset = std::max(offset, field.stored->offset);
        }
    }
    for (const ShardName name : catalogue::list_shards(folder_)) {
        const auto first = last_done.find(name);
        const std::vector<StoredField> found =
            catalogue::read_shard(folder_, name, first == last_done.end() ? 0 : first->second);
        bool is_any = false;
        for (const StoredField& stored : found) {
            const auto known = state.fields.find(stored.key);
            if (known == state.fields.end() || !known->second.stored) {
                if (!is_any) {
                    base::flush_file(catalogue::shard_path(folder_, name));
                    is_any = true;
                }
                journal_->done(stored);
                state.done(stored);
            }
        }
    }
}

void FieldStore::sort_out(const JournalState& state) {
    stored_.resize(keys_.size());
    for (FieldId number; number.place() < keys_.size(); ++number) {
        const auto found = state.fields.find(key_of(number));
        const FieldHistory field = found == state.fields.end() ? FieldHistory{} : found->second;
        if (field.stored) {
            stored_[number.place()] = field.stored;
            ++n_done_;
        } else if (field.is_quarantined()) {
            quarantined_.push_back(number);
        } else if (field.is_interrupted()) {
            interrupted_.push_back(number.value());
        } else {
            pending_.push_back(number.value());
        }
    }
}

std::int64_t FieldStore::n_missing() const {
    return std::ranges::count(stored_, false, &std::optional<StoredField>::has_value);
}

std::string FieldStore::notes_path() const {
    return fmt::format("{}/{}{}", folder_, crash_notes, communicator_.rank());
}

void FieldStore::keep(FieldId field, catalogue::FieldResult result) {
    const std::scoped_lock lock(mutex_);
    kept_.emplace_back(field, std::move(result));
}

void FieldStore::begun(std::int64_t number, int rank) {
    const bool is_alone = std::ranges::binary_search(interrupted_, number);
    journal_->begun(
        key_of(FieldId(number)), rank,
        is_alone ? catalogue::AttemptMode::alone : catalogue::AttemptMode::among_others);
    ++n_unflushed_events_;
}

std::string FieldStore::report(bool is_last) {
    std::vector<std::pair<FieldId, catalogue::FieldResult>> kept;
    {
        const std::scoped_lock lock(mutex_);
        kept.swap(kept_);
    }
    for (const auto& [field, result] : kept) {
        if (!shard_) {
            shard_.emplace(folder_, shard_name_);
        }
        if (unflushed_.empty()) {
            since_flush_.lap();
        }
        unflushed_.emplace_back(field, shard_->append(key_of(field), result));
    }
    const bool is_due =
        is_last || unflushed_.size() >= epoch_fields || since_flush_.seconds() > epoch_s;
    std::string message;
    if (!unflushed_.empty() && is_due) {
        shard_->flush();
        for (const auto& [field, stored] : unflushed_) {
            const Report report{field.value(), stored};
            message.append(reinterpret_cast<const char*>(&report), sizeof(report));
        }
        unflushed_.clear();
    }
    return message;
}

void FieldStore::take_reports(const std::string& reports) {
    for (std::size_t at = 0; at + sizeof(Report) <= reports.size(); at += sizeof(Report)) {
        Report one;
        std::memcpy(&one, reports.data() + at, sizeof(one));
        journal_->done(one.stored);
        stored_[FieldId(one.field).place()] = one.stored;
        ++n_unflushed_events_;
    }
    if (n_unflushed_events_ >= static_cast<std::int64_t>(epoch_fields) ||
        since_journal_flush_.seconds() > epoch_s) {
        flush_journal();
    }
}

void FieldStore::flush_journal() {
    if (n_unflushed_events_ > 0) {
        journal_->flush();
        n_unflushed_events_ = 0;
    }
    since_journal_flush_.lap();
}

io::FieldSource FieldStore::source() {
    std::vector<StoredField> stored = comm::from_root(communicator_, [&] {
        flush_journal();
        std::vector<StoredField> all;
        for (std::size_t i = 0; i < stored_.size(); ++i) {
            if (!stored_[i]) {
                throw base::Error(
                    base::ExitCode::internal,
                    fmt::format("field {} was lost (a fault of this program), report it", i));
            }
            all.push_back(*stored_[i]);
        }
        return all;
    });
    io::FieldSource source;
    for (const StoredField& field : stored) {
        source.sizes.push_back({field.n_rows, field.n_scores});
    }
    source.load = [this, stored = std::move(stored),
                   shards = std::make_shared<catalogue::ShardReader>(folder_)](FieldId field) {
        const StoredField& place = stored[field.place()];
        try {
            return shards->read(place);
        } catch (const base::InputError& error) {
            base::RecordWriter(fmt::format("{}/{}{}", folder_, lost_notes, communicator_.rank()))
                .append(std::as_bytes(std::span(&place.key, 1)));
            throw base::DiskError(fmt::format(
                "{}, check the disk and run again, which makes that field anew", error.what()));
        }
    };
    return source;
}

void FieldStore::remove() {
    journal_.reset();
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
    if (error) {
        base::log_warning(
            fmt::format("cannot remove {} ({}), it is no longer needed", folder_, error.message()));
    }
}

}  // namespace faintweb::pipeline
