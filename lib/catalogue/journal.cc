// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/journal.h"

#include <array>
#include <cstring>
#include <span>
#include <type_traits>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"

namespace faintweb::catalogue {
namespace {

enum class EventKind : std::int32_t { attempt = 1, begun, done, crashed, lost };

constexpr std::array<char, 8> magic{'F', 'W', 'J', 'O', 'U', 'R', 'N', 'L'};

/// First event of every attempt.
struct AttemptEvent {
    EventKind kind = EventKind::attempt;
    std::int32_t version = journal_version;
    std::array<char, 8> magic = catalogue::magic;
    FixedText<64> run_hash;
};

struct BegunEvent {
    EventKind kind = EventKind::begun;
    std::int32_t rank = 0;
    FieldKey key = 0;
    std::int64_t is_alone = 0;
};

struct DoneEvent {
    EventKind kind = EventKind::done;
    std::int32_t reserved = 0;
    StoredField stored;
};

/// Crashed, or lost.
struct KeyEvent {
    EventKind kind = EventKind::crashed;
    std::int32_t reserved = 0;
    FieldKey key = 0;
};

template <typename Event>
std::span<const std::byte> bytes_of(const Event& event) {
    static_assert(std::has_unique_object_representations_v<Event>);
    return std::as_bytes(std::span(&event, 1));
}

template <typename Event>
Event event_of(std::span<const std::byte> payload) {
    Event event;
    if (payload.size() != sizeof(event)) {
        throw base::UsageError("has a record of a size that this version does not know");
    }
    std::memcpy(&event, payload.data(), sizeof(event));
    return event;
}

void take_event(std::span<const std::byte> payload, JournalState& state) {
    EventKind kind{};
    if (payload.size() < sizeof(kind)) {
        throw base::UsageError("has a record without a kind");
    }
    std::memcpy(&kind, payload.data(), sizeof(kind));
    if (kind != EventKind::attempt && state.n_attempts == 0) {
        throw base::UsageError("does not begin with an attempt");
    }
    switch (kind) {
        case EventKind::attempt: {
            const auto event = event_of<AttemptEvent>(payload);
            if (event.magic != magic || event.version != journal_version) {
                throw base::UsageError("is of another version");
            }
            state.run_hash = event.run_hash.str();
            ++state.n_attempts;
            return;
        }
        case EventKind::begun: {
            const auto event = event_of<BegunEvent>(payload);
            FieldHistory& field = state.fields[event.key];
            field.is_begun = true;
            field.n_alone += event.is_alone != 0 ? 1 : 0;
            return;
        }
        case EventKind::done:
            state.done(event_of<DoneEvent>(payload).stored);
            return;
        case EventKind::crashed:
            state.crashed(event_of<KeyEvent>(payload).key);
            return;
        case EventKind::lost:
            state.lost(event_of<KeyEvent>(payload).key);
            return;
    }
    throw base::UsageError("has a record of a kind that this version does not know");
}

}  // namespace

JournalState read_journal(const std::string& path) {
    JournalState state;
    state.n_bytes =
        base::read_records(path, 0, [&](std::int64_t, std::span<const std::byte> payload) {
            try {
                take_event(payload, state);
            } catch (const base::UsageError& error) {
                throw base::UsageError(
                    fmt::format("{} {} (an unfinished run of another faintweb), finish it with "
                                "that one, choose another output, or remove its folder",
                                path, error.what()));
            }
        });
    return state;
}

Journal::Journal(const std::string& path, JournalState& state) : file_(path, state.n_bytes) {
    file_.append(bytes_of(AttemptEvent{.run_hash = state.run_hash}));
    ++state.n_attempts;
    file_.flush();
}

void Journal::begun(FieldKey key, std::int32_t rank, AttemptMode mode) {
    file_.append(bytes_of(
        BegunEvent{.rank = rank, .key = key, .is_alone = mode == AttemptMode::alone ? 1 : 0}));
}

void Journal::done(const StoredField& stored) {
    file_.append(bytes_of(DoneEvent{.stored = stored}));
}

void Journal::crashed(FieldKey key) {
    file_.append(bytes_of(KeyEvent{.kind = EventKind::crashed, .key = key}));
}

void Journal::lost(FieldKey key) {
    file_.append(bytes_of(KeyEvent{.kind = EventKind::lost, .key = key}));
}

}  // namespace faintweb::catalogue
