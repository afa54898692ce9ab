// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <vector>

#include "lib/image/image.h"

namespace faintweb::sky {

/// One side of a discrete Gaussian of standard deviation sigma_px, [0] is the middle; sums to 1.
///
/// The kernel of diffusion on a lattice, exp(-t) I_n(t) with t = sigma^2: unlike a sampled Gaussian
/// it has exactly that width however narrow, and unlike a band-limited one it is nowhere negative.
///
/// @source Lindeberg 1990 (IEEE PAMI 12, 234), section 5.
std::vector<float> gaussian_taps(double sigma_px);

/// Index in [0, n) of a line that is mirrored at its ends: ... b a | a b c | c b ...
std::int64_t mirrored(std::int64_t i, std::int64_t n);

/// Filters rows, then columns, with a symmetric kernel given by one side; mirrored at the edges.
///
/// @param picture  [rows, cols]; blanks spread.
image::Image filter_separable(const image::Image& picture,
                              const std::vector<float>& taps,
                              int n_threads);

}  // namespace faintweb::sky
