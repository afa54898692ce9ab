#include "lib/catalogue/digest.h"

#include <bit>

#include "lib/base/text.h"

namespace faintweb::catalogue {

static_assert(std::endian::native == std::endian::little,
              "the digest is over little-endian values");

CatalogueDigest::Table::Table(std::span<const Column> columns)
    : columns_(columns), hashes_(columns.size()) {}

void CatalogueDigest::Table::add(const TableView& rows) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
        if (columns_[c].in_digest == InDigest::no) {
            continue;
        }
        values_.clear();
        for (std::size_t i = 0; i < rows.n_records; ++i) {
            const std::byte* value = rows.value(i, columns_[c]);
            values_.insert(values_.end(), value, value + columns_[c].size_bytes);
        }
        hashes_[c].add(values_);
    }
}

std::string CatalogueDigest::Table::finish() {
    std::string lines;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
        const Column& column = columns_[c];
        if (column.in_digest == InDigest::yes) {
            lines += base::text(column.name, ' ', static_cast<int>(column.type), ' ');
            lines +=
                base::text(column.size_bytes, ' ', column.unit, ' ', hashes_[c].finish(), '\n');
        }
    }
    return lines;
}

CatalogueDigest::CatalogueDigest()
    : tiles_(tile_columns), fields_(field_columns), maps_(map_columns) {}

std::string CatalogueDigest::finish(const Provenance& provenance) {
    base::Sha256 whole;
    whole.add(base::text("faintweb catalogue ", format_version, '\n'));
    whole.add("tiles\n" + tiles_.finish());
    whole.add("fields\n" + fields_.finish());
    whole.add("maps\n" + maps_.finish());
    whole.add("score " + scores_.finish() + '\n');
    // Lengths stand before the texts, so that no two lists of entries read the same.
    const auto add_entry = [&](const std::string& key, const std::string& value) {
        whole.add(base::text(key.size(), ' ', key, ' ', value.size(), ' ', value, '\n'));
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
