// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/columns.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include <fmt/core.h>

namespace faintweb::catalogue {
namespace {

template <typename T>
T load(const std::byte* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof(T));
    return value;
}

template <typename T>
std::string number_text(const std::byte* bytes) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), load<T>(bytes)).ptr;
    return {text.data(), end};
}

const char* type_name(ColumnType type) {
    switch (type) {
        case ColumnType::int32:
            return "int32";
        case ColumnType::int64:
            return "int64";
        case ColumnType::float32:
            return "float32";
        case ColumnType::float64:
            return "float64";
        case ColumnType::text:
            return "string";
    }
    return "";
}

/// A YAML scalar in single quotes, in which only the quote itself is special.
std::string yaml_text(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        quoted += c;
        if (c == '\'') {
            quoted += c;
        }
    }
    return quoted + "'";
}

}  // namespace

const char* outcome_name(Outcome outcome) {
    switch (outcome) {
        case Outcome::none:
            return "";
        case Outcome::signal_found:
            return "1C";
        case Outcome::signal_missed:
            return "1F";
        case Outcome::noise_called_signal:
            return "0F";
        case Outcome::noise:
            return "0C";
    }
    return "";
}

std::string value_text(const TableView& table, std::size_t record, const Column& column) {
    const std::byte* bytes = table.value(record, column);
    switch (column.type) {
        case ColumnType::int32:
            return number_text<std::int32_t>(bytes);
        case ColumnType::int64:
            return number_text<std::int64_t>(bytes);
        case ColumnType::float32:
            return number_text<float>(bytes);
        case ColumnType::float64:
            return number_text<double>(bytes);
        case ColumnType::text:
            break;
    }
    const std::string_view text(reinterpret_cast<const char*>(bytes), column.size_bytes);
    return std::string(text.substr(0, text.find('\0')));
}

std::string find_non_finite(const TableView& table) {
    for (const Column& column : table.columns) {
        if (column.type != ColumnType::float32 && column.type != ColumnType::float64) {
            continue;
        }
        for (std::size_t i = 0; i < table.n_records; ++i) {
            const std::byte* bytes = table.value(i, column);
            const double value = column.type == ColumnType::float32
                                     ? static_cast<double>(load<float>(bytes))
                                     : load<double>(bytes);
            if (!std::isfinite(value)) {
                return fmt::format("{} of row {}", column.name, i);
            }
        }
    }
    return "";
}

std::string column_docs(std::span<const Column> columns) {
    std::string docs = "| column | type | unit | meaning |\n|---|---|---|---|\n";
    for (const Column& column : columns) {
        docs += fmt::format("| {} | {} | {} | ", column.name, type_name(column.type), column.unit);
        docs += fmt::format("{} |\n", column.description);
    }
    return docs;
}

std::vector<std::string> astropy_column_meta(std::span<const Column> columns) {
    std::vector<std::string> lines{"datatype:"};
    for (const Column& column : columns) {
        std::string line = fmt::format("- {{name: {}", column.name);
        if (!column.unit.empty()) {
            line += fmt::format(", unit: {}", column.unit);
        }
        lines.push_back(fmt::format("{}, datatype: {}, description: {}}}", line,
                                    type_name(column.type), yaml_text(column.description)));
    }
    return lines;
}

}  // namespace faintweb::catalogue
