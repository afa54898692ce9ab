// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace faintweb::tile {

/// Where the local noise of a map is measured: in square boxes that lie side by side, the first
/// with its corner at map pixel (0, 0).
struct NoiseMesh {
    std::int64_t box_px = 64;     ///< edge of a box; even
    std::int64_t patch_px = 408;  ///< a flat patch of more pixels lies outside the observation

    /// About a full width at half maximum of the beam.
    std::int64_t beam_px() const { return box_px / 10; }
    /// Edge of the blocks by which flat patches are looked for.
    std::int64_t block_px() const { return box_px / 2; }
    /// Pixels that are read around a pixel to know its noise, and whether it lies outside: a pixel
    /// lies between the centres of boxes, which reach half a box further and are compared with
    /// their neighbours, and whether a box's last pixel is flat shows beside the next one.
    std::int64_t reach_px() const { return 2 * box_px + box_px / 2 + 1; }
    bool operator==(const NoiseMesh&) const = default;
};

/// Largest difference between values that count as equal, in units of the map's rms.
inline constexpr float flat_tolerance_sigma = 1e-6F;

/// Boxes of 10 beams, at least 64 and at most 256 pixels; patches of 10 beams, at least 100 pixels.
///
/// @param beam_px  full width at half maximum, geometric mean of both axes, pixel; 0: unknown.
inline NoiseMesh make_noise_mesh(double beam_px) {
    if (beam_px <= 0) {
        return {};
    }
    // pi / (4 ln 2) beam_px^2 is the solid angle of a Gaussian beam.
    constexpr double area_factor = 1.1330900354567985;
    const auto half = static_cast<std::int64_t>(std::lround(std::clamp(5 * beam_px, 32.0, 128.0)));
    const auto n_patch = static_cast<std::int64_t>(
        std::clamp(std::ceil(10 * area_factor * beam_px * beam_px), 100.0, 36864.0));
    return {2 * half, n_patch};
}

}  // namespace faintweb::tile
