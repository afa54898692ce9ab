// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "lib/catalogue/records.h"
#include "lib/image/wcs.h"

namespace faintweb::catalogue {

// Each export is written to PATH.partial and renamed, so that a file that exists is whole.
// The rows of tables end with the name of their map, which stands in map_names at its number.

/// Comma-separated values: one line of column names, one line per tile. Numbers are written so that
/// they read back as they were.
///
/// @throws DiskError, InputError  if the file cannot be written.
void write_csv(const std::string& path,
               std::span<const TileRecord> tiles,
               std::span<const std::string> map_names);

/// Why a file is not one that write_csv wrote, or an earlier version of it, as "is no ..."; empty
/// if it is.
std::string objection_to_csv(const std::string& path);

/// A FITS binary table `TILES` with units (TUNITn) and descriptions (TCOMMn). What is no printable
/// ASCII in the name of a map, and so not allowed in FITS, is a question mark.
/// image::objection_to_fits tells it from others.
///
/// @param digest  of the catalogue that the tiles come from, kept as DIGEST; may be empty.
/// @throws DiskError, InputError  if the file cannot be written.
void write_fits_table(const std::string& path,
                      std::span<const TileRecord> tiles,
                      std::span<const std::string> map_names,
                      const std::string& digest);

/// How the tiles of one map lie on the sky.
struct RegionFrame {
    std::string map_name = {};
    const image::Wcs* wcs = nullptr;  ///< null: regions in image coordinates
    std::int64_t tile_px = 40;
};

/// DS9 regions: the outline of every tile, coloured by its outcome, with its probability as text
/// and the name of its map as tag, by which DS9 can take regions together.
///
/// A map with a WCS gives fk5 polygons, one without gives boxes in image coordinates (1-based, as
/// DS9 counts). A tile with a corner off the sky is drawn as a box of the same size about its
/// centre.
///
/// @param frames  one per map, in the order of the catalogue's maps.
/// @throws UsageError  if tiles of several maps are asked for and one of them has no WCS: image
///     coordinates mean something on one map only.
/// @throws DiskError, InputError  if the file cannot be written.
void write_ds9_regions(const std::string& path,
                       std::span<const TileRecord> tiles,
                       std::span<const RegionFrame> frames);

/// Why a file is not one that write_ds9_regions wrote, as "is no ..."; empty if it is.
std::string objection_to_ds9(const std::string& path);

}  // namespace faintweb::catalogue
