#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/base/hash.h"
#include "lib/catalogue/columns.h"
#include "lib/catalogue/records.h"

namespace faintweb::catalogue {

/// The canonical digest of a catalogue: SHA-256 over the rows of every table in canonical order,
/// column by column with name, unit and type, over all scores, and over what changes results
/// (model, device kind, precision, settings).
///
/// It does not depend on paths, host, time, ranks or threads. Tables may come in pieces, so that a
/// catalogue need not be in memory as a whole.
class CatalogueDigest {
  public:
    CatalogueDigest();

    /// The next rows of a table, in canonical order.
    void add(std::span<const TileRecord> tiles) { tiles_.add(table_of(tiles)); }
    void add(std::span<const FieldRecord> fields) { fields_.add(table_of(fields)); }
    void add(std::span<const MapRecord> maps) { maps_.add(table_of(maps)); }
    void add_scores(std::span<const float> scores) { scores_.add_values(scores); }

    /// 64 hexadecimal digits. Ends the object's use.
    std::string finish(const Provenance& provenance);

  private:
    /// One hash per column, because rows come in pieces but are hashed column by column.
    class Table {
      public:
        explicit Table(std::span<const Column> columns);
        void add(const TableView& rows);
        std::string finish();

      private:
        std::span<const Column> columns_;
        std::vector<base::Sha256> hashes_;
        std::vector<std::byte> values_;
    };

    Table tiles_;
    Table fields_;
    Table maps_;
    base::Sha256 scores_;
};

}  // namespace faintweb::catalogue
