// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "lib/catalogue/columns.h"
#include "lib/catalogue/records.h"

/// The tables of a catalogue, each declared once: its writer, its verifier, its reader and its
/// digest loop over them.
namespace faintweb::catalogue {

/// What a table has one element for.
enum class Per { row, field, tile };
inline constexpr std::size_t n_pers = 3;

/// A table to which every field gives some elements.
///
/// @tparam Element  a record with columns, or a number.
/// @tparam Part     what holds a field's elements: a vector of them, or the single one.
template <typename Element, typename Part>
struct FieldTable {
    std::string_view path;  ///< in a catalogue's file
    Per per;
    std::vector<Element> Rows::*rows;
    Part FieldResult::*part;

    static constexpr bool has_columns = !std::is_arithmetic_v<Element>;

    std::span<const Element> elements_of(const FieldResult& result) const {
        if constexpr (std::is_same_v<Part, Element>) {
            return std::span(&(result.*part), 1);
        } else {
            return result.*part;
        }
    }
    void give(FieldResult& result, std::span<const Element> elements) const {
        if constexpr (std::is_same_v<Part, Element>) {
            result.*part = elements.front();
        } else {
            (result.*part).assign(elements.begin(), elements.end());
        }
    }
};

inline constexpr std::string_view fields_path = "/fields";
/// The table of MapRecord, which belongs to no field.
inline constexpr std::string_view maps_path = "/provenance/maps";

/// In the order in which they lie in the file and count for the digest.
inline constexpr std::tuple field_tables{
    FieldTable<TileRecord, std::vector<TileRecord>>{"/tiles", Per::row, &Rows::tiles,
                                                    &FieldResult::tiles},
    FieldTable<FieldRecord, FieldRecord>{fields_path, Per::field, &Rows::fields,
                                         &FieldResult::field},
    FieldTable<float, std::vector<float>>{"/score", Per::tile, &Rows::scores, &FieldResult::scores},
    FieldTable<float, std::vector<float>>{"/local_rms", Per::tile, &Rows::local_rms,
                                          &FieldResult::local_rms},
};

/// Calls `visit(table)` for each FieldTable.
template <typename Visit>
constexpr void for_each_field_table(const Visit& visit) {
    std::apply([&](const auto&... table) { (visit(table), ...); }, field_tables);
}

/// Calls `visit(path, columns)` for each table of records, that of the maps included.
template <typename Visit>
constexpr void for_each_record_table(const Visit& visit) {
    for_each_field_table([&]<typename Element, typename Part>(const FieldTable<Element, Part>& t) {
        if constexpr (FieldTable<Element, Part>::has_columns) {
            visit(t.path, columns_of<Element>());
        }
    });
    visit(maps_path, columns_of<MapRecord>());
}

}  // namespace faintweb::catalogue
