// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace faintweb::sky {

/// Three periodic cubes of Gaussian noise of mean 0 and rms 1 that ripple and mottle shock
/// surfaces.
///
/// Power falls as k^-4.7, a little steeper than Kolmogorov's k^-11/3, which would leave speckles
/// below the beam. The same for every sky: surfaces differ by where they cut the cubes.
class Texture {
  public:
    static constexpr int edge = 128;  ///< cells, a power of two
    enum Cube : std::size_t { ripple = 0, strength = 1, density = 2 };

    Texture();
    /// The one set of cubes, made at first use.
    static const Texture& cubes();

    /// Trilinear interpolation; periodic.
    /// @param x,y,z  cells, >= 0.
    float at(Cube cube, float x, float y, float z) const {
        const float* c = cells_[cube].data();
        const auto i = static_cast<std::uint32_t>(static_cast<std::int32_t>(x));
        const auto j = static_cast<std::uint32_t>(static_cast<std::int32_t>(y));
        const auto k = static_cast<std::uint32_t>(static_cast<std::int32_t>(z));
        const float a = x - static_cast<float>(static_cast<std::int32_t>(i));
        const float b = y - static_cast<float>(static_cast<std::int32_t>(j));
        const float d = z - static_cast<float>(static_cast<std::int32_t>(k));
        constexpr std::uint32_t mask = edge - 1;
        const float* i0 = c + ((i & mask) * edge * edge);
        const float* i1 = c + (((i + 1) & mask) * edge * edge);
        const std::uint32_t j0 = (j & mask) * edge;
        const std::uint32_t j1 = ((j + 1) & mask) * edge;
        const std::uint32_t k0 = k & mask;
        const std::uint32_t k1 = (k + 1) & mask;
        const float v00 = i0[j0 + k0] + d * (i0[j0 + k1] - i0[j0 + k0]);
        const float v01 = i0[j1 + k0] + d * (i0[j1 + k1] - i0[j1 + k0]);
        const float v10 = i1[j0 + k0] + d * (i1[j0 + k1] - i1[j0 + k0]);
        const float v11 = i1[j1 + k0] + d * (i1[j1 + k1] - i1[j1 + k0]);
        const float v0 = v00 + b * (v01 - v00);
        const float v1 = v10 + b * (v11 - v10);
        return v0 + a * (v1 - v0);
    }

  private:
    std::vector<float> cells_[3];
};

}  // namespace faintweb::sky
