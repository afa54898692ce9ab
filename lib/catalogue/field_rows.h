// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "lib/catalogue/records.h"
#include "lib/image/fits_map.h"
#include "lib/image/wcs.h"
#include "lib/image/window.h"
#include "lib/source/photometry.h"
#include "lib/tile/grid.h"
#include "lib/tile/local_rms.h"
#include "lib/tile/pixel_counts.h"

namespace faintweb::catalogue {

/// One classified field, tile by tile. Every span has grid.count() elements, in the grid's order.
struct ClassifiedField {
    MapId map;
    FieldId field;
    image::MapWindow window{};
    tile::TileGrid grid{};
    std::span<const float> scores{};  ///< network output in [0, 1]; not read for blank tiles
    std::span<const source::TileFlux> fluxes{};  ///< of the same image that was classified
    std::span<const std::uint8_t> is_blank{};    ///< 1: more than half blank
    std::span<const std::uint8_t> labels{};   ///< 1 signal, 0 noise; empty: the truth is not known
    double threshold = 0.5;                   ///< a tile is detected if its score is above
    std::span<const double> probabilities{};  ///< calibrated; empty: the scores themselves
    const image::Wcs* wcs = nullptr;          ///< of the map; null: no sky positions
    std::int32_t flags = 0;                   ///< TileFlag bits that hold for every tile
    double rms_jy_arcsec2 = no_rms;           ///< robust rms of the field
    /// Jy/arcsec2, at the centre of each tile; empty: not measured.
    std::span<const float> local_rms{};
    tile::PixelCounts pixels{};
    std::string window_hash{};
};

/// Turns the scores of a field into its rows, counts and outcomes.
///
/// Rows are made for detected tiles and, where the truth is known, for missed ones. A blank tile is
/// neither detected nor missed, whatever its label: it has score no_score, no row, and no outcome.
/// A field of blank tiles only has the status blank.
///
/// @return  with score_offset 0: the writer alone knows what comes before.
/// @throws InputError  if a score is not in [0, 1]; names the tile.
/// @source ours; outcomes from Gheller et al. 2018, section 4.
FieldResult make_field_result(const ClassifiedField& classified);

/// A field that could not be classified: all its tiles are failed.
///
/// @param reason  one line; cut to what /fields holds.
FieldResult make_failed_field(MapId map,
                              FieldId field,
                              const image::MapWindow& window,
                              const tile::TileGrid& grid,
                              const std::string& reason);

/// A map that was opened.
///
/// @param n_fields  fields that it is cut into.
/// @param flags     TileFlag bits that hold for all of it.
/// @param noise     of the map, in Jy/arcsec2.
MapRecord make_map_record(MapId map,
                          const image::MapInfo& info,
                          std::int32_t n_fields,
                          std::int32_t flags = 0,
                          const tile::MapNoise& noise = {},
                          const tile::NoiseMesh& mesh = {});

/// A map that could not be used; it has no fields.
MapRecord make_failed_map(MapId map, const std::string& path, const std::string& reason);

}  // namespace faintweb::catalogue
