// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace faintweb::sky {

using Vector3 = std::array<float, 3>;

/// Values on the points of a periodic cubic mesh.
///
/// Point (i, j, k) stands at (i, j, k) * edge of the cube / n; k runs fastest.
struct Mesh {
    int n = 0;
    std::vector<float> cells;  ///< [n, n, n]

    std::size_t index(int i, int j, int k) const {
        const auto edge = static_cast<std::size_t>(n);
        return (static_cast<std::size_t>(i) * edge + static_cast<std::size_t>(j)) * edge +
               static_cast<std::size_t>(k);
    }
    float& at(int i, int j, int k) { return cells[index(i, j, k)]; }
    float at(int i, int j, int k) const { return cells[index(i, j, k)]; }
    /// Trilinear interpolation at a position in cells, of any sign and size.
    float interpolate(float x, float y, float z) const;
};

/// A mesh of n^3 cells that all have one value.
Mesh make_mesh(int n, float value = 0);

/// Convolves with a Gaussian across the periodic boundary.
///
/// @param sigma_cells  >= 0; 0 leaves the mesh as it is.
void smooth_periodic(Mesh& mesh, double sigma_cells, int n_threads);

}  // namespace faintweb::sky
