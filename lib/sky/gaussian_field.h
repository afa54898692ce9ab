#pragma once

#include <cstdint>

#include "lib/sky/fft.h"
#include "lib/sky/linear_power.h"

namespace faintweb::sky {

enum class ModeAmplitude {
    random,  ///< Gaussian, as in the sky
    fixed,   ///< every mode has its rms, only phases are random: spectra without sample variance
};

/// Modes of a Gaussian random field of matter density contrast, linearly grown to today.
///
/// White noise is a pure function of (seed, box_key, cell), so a mesh does not depend on how it is
/// dealt out; its transform is shaped to the power spectrum. The mean (zero mode) is 0.
///
/// @param n    edge of the mesh, even.
/// @return     as MeshFft::forward would give them: MeshFft::backward and a division by n^3 make
///             the field.
FourierMesh gaussian_modes(const LinearPower& power,
                           double box_mpc,
                           std::uint64_t seed,
                           std::uint64_t box_key,
                           ModeAmplitude amplitude,
                           int n,
                           const MeshFft& fft);

}  // namespace faintweb::sky
