// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/image/image.h"
#include "lib/image/window.h"
#include "lib/tile/noise_mesh.h"

namespace faintweb::tile {

/// What one map has in common wherever it is cut into fields.
struct MapNoise {
    float level = 0;           ///< median of the map, Jy/arcsec2
    float rms = 0;             ///< robust rms of the map, Jy/arcsec2; 0: no pixel has a value
    bool is_in_steps = false;  ///< values are rounded so coarsely that neighbours are often equal

    bool operator==(const MapNoise&) const = default;
};

/// The local rms of a part of a map: that of the boxes of a mesh, and between their centres what
/// the straight lines in both directions give.
///
/// A box without an rms takes no part: the others of the four around a pixel have its weight. Where
/// none of the four has one the map's holds.
class LocalRms {
  public:
    LocalRms() = default;
    /// @param rms  [boxes.rows, boxes.cols], any unit; 0: none.
    LocalRms(const NoiseMesh& mesh,
             const image::BoxWindow& boxes,
             std::vector<float> rms,
             float rms_of_map);

    /// Whether there is nothing here to divide by.
    bool is_empty() const { return rms_.empty(); }
    /// @param pixel  inside the part that was measured.
    float at(const image::MapPixel& pixel) const;
    /// Of some pixels of a row.
    ///
    void row(const image::MapPixel& first, std::span<float> rms) const;

  private:
    float box(std::int64_t col, std::int64_t row) const {
        return rms_[static_cast<std::size_t>(row * boxes_.cols + col)];
    }

    NoiseMesh mesh_;
    image::BoxWindow boxes_{};
    std::vector<float> rms_;
    float rms_of_map_ = 0;
};

/// Measures the local rms of a part of a map.
///
/// In each box: median and median absolute deviation of some pixels, then mean and rms of all that
/// lie within 3 rms of the mean, until no pixel comes or goes. A box has no rms if a sixteenth of
/// it has a value or less, or if more than half of its values were left out. Its value is then the
/// second lowest of its own rms and the geometric means of those of opposite neighbours (the lowest
/// of three or fewer): emission as large as a box or two hardly raises it, and a gradient does not
/// change it.
///
/// @param pixels     [window.rows, window.cols], blanks NaN; flat runs, which lie outside the
///                   observation, take no part.
/// @param window     what the image shows.
/// @param part       whose rms is wanted; `window` reaches mesh.reach_px() further, or
///                   to the map's edge.
/// @param map_noise  of the map, in the unit of the pixels.
/// @return           in the unit of the pixels.
/// @source           ours (local_rms_test.cc); boxes and clipping as in SExtractor (Bertin &
///                   Arnouts 1996, section 7.1) and BANE (Hancock et al. 2012, 2018).
LocalRms measure_local_rms(const image::Image& pixels,
                           const image::MapWindow& window,
                           const image::MapWindow& part,
                           const NoiseMesh& mesh,
                           const MapNoise& map_noise);

}  // namespace faintweb::tile
