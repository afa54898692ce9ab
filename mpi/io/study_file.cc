// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/io/study_file.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <hdf5.h>

#include "lib/base/file.h"
#include "mpi/io/hdf5.h"

namespace faintweb::io {
namespace {

using score::n_counts;

/// The table as bytes: its numbers come first in a row, then its texts, each at its greatest
/// length.
struct RunsTable {
    Hdf5Handle type;  ///< of a row; its columns are in the order of score::study_columns()
    std::vector<char> rows;
};

/// Bytes that a column takes in every row.
std::size_t width_of(const score::StudyColumn& column, std::span<const score::StudyRow> rows) {
    std::size_t width = 1;
    for (const score::StudyRow& row : rows) {
        if (const auto value = column.value(row);
            const auto* text = std::get_if<std::string>(&value)) {
            width = std::max(width, text->size());
        }
    }
    return width;
}

template <typename T>
constexpr bool is_text = std::is_same_v<T, std::string>;

RunsTable table_of(std::span<const score::StudyRow> rows) {
    const std::vector<score::StudyColumn> columns = score::study_columns();
    // The kinds of the values do not depend on the row.
    const score::StudyRow example;
    std::vector<std::size_t> offsets(columns.size());
    std::vector<Hdf5Handle> types(columns.size());
    std::size_t row_bytes = 0;
    for (const bool are_texts : {false, true}) {
        for (std::size_t c = 0; c < columns.size(); ++c) {
            const score::StudyValue value = columns[c].value(example);
            if (std::holds_alternative<std::string>(value) != are_texts) {
                continue;
            }
            types[c] = std::visit(
                [&]<typename T>(const T&) {
                    if constexpr (is_text<T>) {
                        return text_type(width_of(columns[c], rows));
                    } else {
                        return number_type<T>();
                    }
                },
                value);
            offsets[c] = row_bytes;
            row_bytes += H5Tget_size(types[c].id());
        }
    }
    RunsTable table{Hdf5Handle(H5Tcreate(H5T_COMPOUND, row_bytes), &H5Tclose),
                    std::vector<char>(rows.size() * row_bytes, '\0')};
    for (std::size_t c = 0; c < columns.size(); ++c) {
        H5Tinsert(table.type.id(), columns[c].name.c_str(), offsets[c], types[c].id());
        for (std::size_t r = 0; r < rows.size(); ++r) {
            char* const at = table.rows.data() + r * row_bytes + offsets[c];
            std::visit(
                [&]<typename T>(const T& value) {
                    if constexpr (is_text<T>) {
                        std::memcpy(at, value.data(), value.size());
                    } else {
                        std::memcpy(at, &value, sizeof(value));
                    }
                },
                columns[c].value(rows[r]));
        }
    }
    return table;
}

/// [n_rows, n_fields, n_counts]; -1 where there is no model.
void add_field_counts(const File& file, std::span<const score::StudyRow> rows) {
    std::size_t n_fields = 0;
    for (const score::StudyRow& row : rows) {
        n_fields = std::max(n_fields, row.fields.size());
    }
    std::vector<std::int64_t> counts(rows.size() * n_fields * n_counts, -1);
    for (std::size_t r = 0; r < rows.size(); ++r) {
        for (std::size_t f = 0; f < rows[r].fields.size(); ++f) {
            std::ranges::copy(
                score::counts_of(rows[r].fields[f]),
                counts.begin() + static_cast<std::ptrdiff_t>((r * n_fields + f) * n_counts));
        }
    }
    std::string names;
    for (const char* const name : score::count_names) {
        names += (names.empty() ? "" : ",") + std::string(name);
    }
    const Dataset dataset = file.add_dataset(
        "fields", number_type<std::int64_t>(),
        {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(n_fields),
         static_cast<std::int64_t>(n_counts)});
    dataset.write(counts.data());
    dataset.add_attribute("columns", names);
}

}  // namespace

void write_study(const std::string& path, std::span<const score::StudyRow> rows) {
    const std::scoped_lock lock(hdf5_lock);
    base::remove_partial(path);
    File file = File::create(base::partial_path(path), {}, disk_failure("write", path));
    file.add_attribute("format", "faintweb study");
    file.add_attribute("format_version", 1.0);
    const RunsTable runs = table_of(rows);
    file.add_dataset("runs", runs.type, {static_cast<std::int64_t>(rows.size())})
        .write(runs.rows.data());
    add_field_counts(file, rows);
    file.close();
    base::publish_partial(path);
}

}  // namespace faintweb::io
