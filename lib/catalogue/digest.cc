// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/digest.h"

#include <algorithm>
#include <bit>

#include <fmt/core.h>

#include "lib/base/hash.h"
#include "lib/catalogue/tables.h"

namespace faintweb::catalogue {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the digest is over little-endian values");

constexpr bool is_in_digest(const Column& column) {
    return column.in_digest == InDigest::yes;
}

template <typename Record>
void add_record(base::Sha256& hash, const Record& record) {
    const TableView table = table_of(std::span(&record, 1));
    for (const Column& column : table.columns) {
        if (is_in_digest(column)) {
            hash.add({table.value(0, column), column.size_bytes});
        }
    }
}

/// @param path  its last part is the table's name.
void add_columns(base::Sha256& hash, std::string_view path, std::span<const Column> columns) {
    hash.add(fmt::format("{}\n", path.substr(path.rfind('/') + 1)));
    for (const Column& column : columns) {
        if (is_in_digest(column)) {
            hash.add(fmt::format("{} {} ", column.name, static_cast<int>(column.type)));
            hash.add(fmt::format("{} {}\n", column.size_bytes, column.unit));
        }
    }
}

}  // namespace

std::string field_digest(const FieldResult& result) {
    base::Sha256 hash;
    add_record(hash, result.field);
    hash.add(fmt::format("{} {}\n", result.tiles.size(), result.scores.size()));
    static_assert(std::ranges::all_of(tile_columns, is_in_digest), "rows are hashed whole");
    for_each_field_table([&](const auto& table) {
        if (table.per != Per::field) {
            hash.add_values(table.elements_of(result));
        }
    });
    return hash.finish();
}

std::string catalogue_digest(std::span<const MapRecord> maps,
                             std::string_view field_digests,
                             const Provenance& provenance) {
    base::Sha256 whole;
    whole.add(fmt::format("faintweb catalogue {}\n", format_version));
    for_each_record_table([&](std::string_view path, std::span<const Column> columns) {
        add_columns(whole, path, columns);
    });
    // Lengths stand before the texts, so that no two lists of entries read the same.
    whole.add(fmt::format("{} {}\n", maps.size(), field_digests.size()));
    for (const MapRecord& map : maps) {
        add_record(whole, map);
    }
    whole.add(field_digests);
    const auto add_entry = [&](const std::string& key, const std::string& value) {
        whole.add(fmt::format("{} {} {} {}\n", key.size(), key, value.size(), value));
    };
    add_entry("model_sha256", provenance.model_sha256);
    add_entry("device", provenance.device);
    add_entry("precision", provenance.precision);
    for (const auto& [key, value] : provenance.settings) {
        add_entry(key, value);
    }
    return whole.finish();
}

}  // namespace faintweb::catalogue
