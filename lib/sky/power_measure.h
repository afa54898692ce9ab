#pragma once

#include <cstdint>
#include <vector>

#include "lib/sky/mesh.h"

namespace faintweb::sky {

/// A power spectrum in bins one wave per box wide, up to the Nyquist wavenumber of the mesh.
struct PowerSpectrum {
    std::vector<double> k_per_mpc;      ///< mean of the bin's modes
    std::vector<double> power_mpc3;     ///< mean of the bin's modes
    std::vector<std::int64_t> n_modes;  ///< a wave and its conjugate count as two
};

enum class MeshWindow {
    none,           ///< cells are samples of a field
    cloud_in_cell,  ///< particles were deposited with deposit_cic: its damping is divided out
};

/// Measures the power spectrum of a periodic mesh.
///
/// @param contrast  density over its mean, or that less one: the mean does not matter.
PowerSpectrum measure_power(const Mesh& contrast, double box_mpc, MeshWindow window, int n_threads);

/// Cross spectrum (real part) of two meshes of one size.
///
/// @param window  of the first mesh; the second one has none.
PowerSpectrum measure_cross_power(
    const Mesh& first, const Mesh& second, double box_mpc, MeshWindow window, int n_threads);

}  // namespace faintweb::sky
