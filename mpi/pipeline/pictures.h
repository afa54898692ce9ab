// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

#include "lib/catalogue/records.h"
#include "lib/image/fits_map.h"
#include "lib/image/image.h"
#include "lib/image/window.h"

/// Pictures of the fields of a catalogue.
namespace faintweb::pipeline {

/// Reads a part of a map in Jy/arcsec2.
///
/// @param window               map pixels.
/// @param jy_arcsec2_per_unit  of the map's values.
image::Image read_jy_arcsec2(const image::FitsMap& map,
                             const image::MapWindow& window,
                             double jy_arcsec2_per_unit);

/// Draws the classified fields of a catalogue into a folder.
///
/// @param path  of the catalogue's file: maps are looked for beside it too.
/// @throws base::InputError  if a map can no longer be read.
void draw_catalogue(const catalogue::Catalogue& catalogue,
                    const std::string& path,
                    const std::string& folder);

}  // namespace faintweb::pipeline
