// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <functional>

#include "lib/image/image.h"
#include "lib/image/window.h"
#include "lib/tile/local_rms.h"

namespace faintweb::tile {

/// Measures level and noise of a whole map from a sample of its rows: median and robust rms
/// (1.4826 x median absolute deviation) of what is not flat. Where few sampled pixels have a value
/// more rows are read, in the end all.
///
/// @param read  gives a part of the map, in any unit, blanks NaN; its windows are whole rows.
/// @return      in that unit; rms 0 if no pixel of the map has a value.
/// @throws InputError  if there are values but no noise among them: all are equal, or their
///                     scatter falls to nothing in places, as in an image without noise. The text
///                     is the reason alone.
/// @source      ours (map_noise_test.cc)
MapNoise measure_map_noise(std::int64_t cols,
                           std::int64_t rows,
                           const std::function<image::Image(const image::MapWindow&)>& read);

}  // namespace faintweb::tile
