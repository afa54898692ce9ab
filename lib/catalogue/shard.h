// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/base/record_file.h"
#include "lib/catalogue/records.h"

namespace faintweb::catalogue {

/// Which field it is, whatever its number in a plan: a hash of its file's identity, its window, and
/// all else that its rows follow from.
using FieldKey = std::uint64_t;

/// A shard: the rows of the fields that one rank has worked on in one attempt.
struct ShardName {
    std::int32_t attempt = 0;
    std::int32_t rank = 0;
    auto operator<=>(const ShardName&) const = default;
};

/// Where the rows of a field lie until all are merged.
struct StoredField {
    FieldKey key = 0;
    ShardName shard;
    std::int64_t offset = 0;  ///< of the record in its shard
    std::int64_t n_rows = 0;  ///< of /tiles
    std::int64_t n_scores = 0;
    bool operator==(const StoredField&) const = default;
};

/// Path of a shard in the folder of a run.
std::string shard_path(const std::string& folder, ShardName name);

/// The shards in a folder, in order.
std::vector<ShardName> list_shards(const std::string& folder);

/// Writes the shard of this rank. Its records are on the disk after flush().
class ShardWriter {
  public:
    /// Begins a new shard.
    /// @throws DiskError, InputError
    ShardWriter(const std::string& folder, ShardName name);

    StoredField append(FieldKey key, const FieldResult& result);
    void flush() { file_.flush(); }

  private:
    ShardName name_;
    base::RecordWriter file_;
};

/// The fields of a shard from an offset on; what is torn at its end is left out.
std::vector<StoredField> read_shard(const std::string& folder, ShardName name, std::int64_t first);

/// Reads fields back from the shards of a folder.
class ShardReader {
  public:
    explicit ShardReader(std::string folder) : folder_(std::move(folder)) {}

    /// @throws InputError  if the record is damaged, or not that of this field.
    FieldResult read(const StoredField& stored);

  private:
    std::string folder_;
    std::map<ShardName, std::unique_ptr<base::Descriptor>> files_;
};

}  // namespace faintweb::catalogue
