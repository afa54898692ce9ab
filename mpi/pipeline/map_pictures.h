// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/image/window.h"
#include "lib/label/rule.h"
#include "lib/report/stretch.h"

/// Pictures of maps.
namespace faintweb::pipeline {

/// What `picture` is asked to draw.
struct PictureOptions {
    std::vector<std::string> inputs;         ///< maps that share one picture, or one catalogue
    std::string output;                      ///< PNG file, or the folder for a catalogue's pictures
    std::optional<image::MapWindow> window;  ///< of every map; none: all of it
    std::optional<report::StretchKind> stretch;
    std::string haloes;           ///< CSV of simulate; may be empty
    std::vector<int> haloes_on;   ///< numbers of the maps that get circles, from 1; empty: all
    double min_mass_msun = 1e14;  ///< M200 of the smallest halo that gets a circle
    std::string truth;            ///< sky image whose signal tiles are outlined; may be empty
    std::vector<int> truth_on;    ///< numbers of the maps that get outlines, from 1; empty: all
    label::LabelRule label;
    int tile_px = campaign::Campaign{}.tile_px;
};

/// Draws maps side by side into options.output.
///
/// @throws base::UsageError, base::InputError  one line for what does not fit.
void draw_maps(const PictureOptions& options);

}  // namespace faintweb::pipeline
