// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cmath>
#include <numbers>
#include <vector>

#include "lib/sky/box/box_halo.h"
#include "lib/sky/box/mesh.h"
#include "lib/sky/cosmology/cosmology.h"

namespace faintweb::sky::synthetic {

inline constexpr double box_mpc = 40;
inline constexpr double z = 0.1;

/// A halo in the middle of a periodic box, at the crossing of a filament along x.
inline BoxHalo halo(double mass_msun = 6e14) {
    BoxHalo halo;
    halo.position_mpc = {box_mpc / 2, box_mpc / 2, box_mpc / 2};
    halo.mass_msun = mass_msun;
    halo.r200_mpc =
        std::cbrt(3 * 0.72 * mass_msun /
                  (4 * std::numbers::pi * 200 * critical_density_msun_mpc3(Cosmology{}, z)));
    halo.r100_mpc = 1.33 * halo.r200_mpc;
    return halo;
}

/// Its density over the mean: a round clump, and a filament of width 1 Mpc through it.
inline Mesh density() {
    constexpr int n = 64;
    Mesh mesh;
    mesh.n = n;
    mesh.cells.reserve(std::size_t{n} * n * n);
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k < n; ++k) {
                const double x = i * box_mpc / n - box_mpc / 2;
                const double y = j * box_mpc / n - box_mpc / 2;
                const double w = k * box_mpc / n - box_mpc / 2;
                const double r2 = x * x + y * y + w * w;
                const double off_axis2 = y * y + w * w;
                mesh.cells.push_back(static_cast<float>(0.3 + 800 / std::pow(1 + r2 / 0.6, 1.5) +
                                                        20 * std::exp(-off_axis2 / 2)));
            }
        }
    }
    return mesh;
}

}  // namespace faintweb::sky::synthetic
