// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>

#include "lib/image/image.h"
#include "lib/sky/box/mesh.h"
#include "lib/sky/box/particles.h"

namespace faintweb::sky {

/// A box seen along its three axes: [axis] is [map_px, map_px], columns along axis (axis + 1) % 3,
/// rows along axis (axis + 2) % 3; the centre of pixel c is at (c + 0.5) * box edge / map_px.
struct Projection {
    std::array<image::Image, 3> emission;        ///< per pixel, unit of the specific emissivity
    std::array<image::Image, 3> column_density;  ///< mass, over the mean of all pixels
};

/// Projects the sheet of matter: tracers between the particles carry what they weigh times a
/// specific emissivity times J, the brightness of a fold.
///
/// J = clip(1 / (|det dx/dq| + 0.02), 0.3, 20)^0.7 / 2: where a cold flow turns over, gas is
/// shocked below the mesh. Every tracer is spread over the local distance between tracers, 1.2 box
/// edges / (particles * n_sheet) * density^(-1/3): it goes into the level of an image pyramid whose
/// pixels have about that width. Levels are added from coarse to fine under narrow Gaussians,
/// across the periodic edges. Sums are in integers, so that they do not depend on n_threads.
///
/// @param specific_emissivity  per mass of a mean mesh cell, >= 0.
/// @param density              over the mean, same size.
/// @param map_px               >= 2.
/// @param n_sheet              tracers per lattice cell and edge, >= 1.
/// @param n_threads            >= 1; each that projects takes 64 bytes per pixel, as many as fit
///                             into 1.5 GiB.
/// @source Abel, Hahn & Kaehler 2012 (MNRAS 427, 61) for the sheet; J and the pyramid are ours.
Projection project_sheet(const Particles& particles,
                         const Mesh& specific_emissivity,
                         const Mesh& density,
                         int map_px,
                         int n_sheet,
                         int n_threads);

/// The same with mesh cells for tracers, J = 1 and the mesh cell for the distance between tracers:
/// for gas that comes without particles.
Projection project_cells(const Mesh& specific_emissivity,
                         const Mesh& density,
                         int map_px,
                         int n_threads);

}  // namespace faintweb::sky
