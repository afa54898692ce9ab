// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>

#include "lib/sky/box/fft.h"
#include "lib/sky/cosmology/linear_power.h"

namespace faintweb::sky {

/// Whether the modes of a field have random amplitudes, as nature's, or their mean one, which
/// spares comparisons the scatter of few large modes.
enum class Amplitudes { random, fixed };

/// Fourier modes of a Gaussian field of linear density contrast today, as MeshFft::forward would
/// make them from its values on an n^3 mesh.
///
/// The phases come from white noise keyed by (seed, box_key, point), so that they do not depend on
/// who makes which part.
///
/// @param team  each member gets its own modes; FourierMesh says which.
/// @collective yes: every member of the team.
/// @source Pen 1997 (ApJ 490, L127): white noise times the root of the power.
FourierMesh gaussian_field(const LinearPower& power,
                           double box_mpc,
                           int n,
                           std::uint64_t seed,
                           std::uint64_t box_key,
                           Amplitudes amplitudes,
                           int n_threads,
                           const Team& team = {});

}  // namespace faintweb::sky
