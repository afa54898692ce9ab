// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/shard.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <type_traits>

#include <fcntl.h>
#include <fmt/core.h>

#include "lib/base/error.h"

namespace faintweb::catalogue {
namespace {

/// What the record of a field begins with; its field, its rows, and scores and local rms of its
/// tiles follow.
struct RecordHead {
    FieldKey key = 0;
    std::int64_t n_rows = 0;
    std::int64_t n_scores = 0;
};
static_assert(std::has_unique_object_representations_v<RecordHead>);

template <typename T>
void append_bytes(std::vector<std::byte>& bytes, std::span<const T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto added = std::as_bytes(values);
    bytes.insert(bytes.end(), added.begin(), added.end());
}

/// Takes values off the front of `bytes`, which must hold as many.
template <typename T>
void take_bytes(std::span<const std::byte>& bytes, std::span<T> values) {
    // No memcpy, which may not be given the address of an empty vector.
    std::ranges::copy(bytes.first(values.size_bytes()), std::as_writable_bytes(values).begin());
    bytes = bytes.subspan(values.size_bytes());
}

std::size_t record_bytes(const RecordHead& head) {
    return sizeof(RecordHead) + sizeof(FieldRecord) +
           static_cast<std::size_t>(head.n_rows) * sizeof(TileRecord) +
           static_cast<std::size_t>(head.n_scores) * 2 * sizeof(float);
}

}  // namespace

std::string shard_path(const std::string& folder, ShardName name) {
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "/shard_%06d_%06d", name.attempt, name.rank);
    return folder + text.data();
}

std::vector<ShardName> list_shards(const std::string& folder) {
    std::vector<ShardName> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        ShardName name;
        const std::string file = entry.path().filename().string();
        if (std::sscanf(file.c_str(), "shard_%d_%d", &name.attempt, &name.rank) == 2) {
            names.push_back(name);
        }
    }
    std::ranges::sort(names);
    return names;
}

ShardWriter::ShardWriter(const std::string& folder, ShardName name)
    : name_(name), file_(shard_path(folder, name)) {}

StoredField ShardWriter::append(FieldKey key, const FieldResult& result) {
    const RecordHead head{key, static_cast<std::int64_t>(result.tiles.size()),
                          static_cast<std::int64_t>(result.scores.size())};
    std::vector<std::byte> bytes;
    bytes.reserve(record_bytes(head));
    append_bytes(bytes, std::span(&head, 1));
    append_bytes(bytes, std::span(&result.field, 1));
    append_bytes(bytes, std::span(result.tiles));
    append_bytes(bytes, std::span(result.scores));
    append_bytes(bytes, std::span(result.local_rms));
    return {key, name_, file_.append(bytes), head.n_rows, head.n_scores};
}

std::vector<StoredField> read_shard(const std::string& folder, ShardName name, std::int64_t first) {
    std::vector<StoredField> stored;
    base::read_records(
        shard_path(folder, name), first,
        [&](std::int64_t offset, std::span<const std::byte> payload) {
            RecordHead head;
            if (payload.size() >= sizeof(head)) {
                std::memcpy(&head, payload.data(), sizeof(head));
                stored.push_back({head.key, name, offset, head.n_rows, head.n_scores});
            }
        });
    return stored;
}

FieldResult ShardReader::read(const StoredField& stored) {
    const std::string path = shard_path(folder_, stored.shard);
    std::unique_ptr<base::Descriptor>& file = files_[stored.shard];
    if (!file) {
        file = std::make_unique<base::Descriptor>(path, O_RDONLY);
    }
    const std::vector<std::byte> payload = base::read_record(*file, path, stored.offset);
    const RecordHead head{stored.key, stored.n_rows, stored.n_scores};
    if (payload.size() != record_bytes(head) ||
        std::memcmp(payload.data(), &head, sizeof(head)) != 0) {
        throw base::InputError(fmt::format("the record at byte {} of {} is that of another field",
                                           stored.offset, path));
    }
    FieldResult result;
    result.tiles.resize(static_cast<std::size_t>(head.n_rows));
    result.scores.resize(static_cast<std::size_t>(head.n_scores));
    result.local_rms.resize(result.scores.size());
    auto bytes = std::span(payload).subspan(sizeof(head));
    take_bytes(bytes, std::span(&result.field, 1));
    take_bytes(bytes, std::span(result.tiles));
    take_bytes(bytes, std::span(result.scores));
    take_bytes(bytes, std::span(result.local_rms));
    return result;
}

}  // namespace faintweb::catalogue
