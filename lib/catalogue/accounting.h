// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "lib/catalogue/records.h"

namespace faintweb::catalogue {

/// Where every map, field and tile of a run ended.
struct Accounting {
    std::int64_t n_maps = 0;
    std::int64_t n_failed_maps = 0;
    std::int64_t n_fields = 0;
    std::int64_t n_blank_fields = 0;
    std::int64_t n_failed_fields = 0;
    std::int64_t n_tiles = 0;
    std::int64_t n_detected = 0;
    std::int64_t n_empty = 0;
    std::int64_t n_blank = 0;
    std::int64_t n_failed = 0;
    /// Area on the sky, deg2: with a value and classified; without a value; with a value but in
    /// tiles that are more than half blank; of fields that failed.
    double searched_deg2 = 0;
    double blank_deg2 = 0;
    double unsearched_deg2 = 0;
    double failed_deg2 = 0;
    /// Over the fields whose truth is known.
    std::int64_t n_fields_with_truth = 0;
    std::int64_t n_1c = 0;
    std::int64_t n_1f = 0;
    std::int64_t n_0f = 0;
    std::int64_t n_0c = 0;

    /// Whether a map or a field failed: the run then ends with exit code 3.
    bool has_failures() const { return n_failed_maps > 0 || n_failed_fields > 0; }
    bool operator==(const Accounting&) const = default;
};

/// Adds up what became of maps, fields, tiles and areas.
///
/// @param fields  of these maps: FieldRecord::map is an index of `maps`.
Accounting account(std::span<const MapRecord> maps, std::span<const FieldRecord> fields);

/// "9 fields, 22500 tiles: 412 detected, 22088 empty, 0 blank, 0 failed; 256 deg2 searched, 0 deg2
/// blank, 0 deg2 with values but in blank tiles".
std::string accounting_text(const Accounting& accounting);

/// Checks that one field's counts add up and match its rows and scores.
///
/// @throws Error (internal)  if a tile is lost or counted twice; names the field.
void check_field(const FieldResult& result);

/// Checks that nothing is lost between the plan and a catalogue: every map's fields are there, once
/// and in order, lie in their map and do not overlap, and cover all of it; every tile is detected,
/// empty, blank or failed; /tiles has as many rows as the fields say; /score has one element per
/// tile.
///
/// @param maps    the plan: MapRecord::n_fields says how many fields each map was cut into.
/// @throws Error (internal)  names the first loss.
void check_totals(std::span<const MapRecord> maps,
                  std::span<const FieldRecord> fields,
                  std::int64_t n_rows,
                  std::int64_t n_scores);

/// Checks that the rows of consecutive fields are all there and in order.
///
/// @throws Error (internal)  names the first loss.
void check_rows(std::span<const FieldRecord> fields, std::span<const TileRecord> tiles);

}  // namespace faintweb::catalogue
