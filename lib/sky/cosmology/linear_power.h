// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <vector>

#include "lib/sky/cosmology/cosmology.h"

namespace faintweb::sky {

/// Transfer function of cold matter and baryons with acoustic wiggles; 1 for k -> 0.
///
/// All that depends on the cosmology alone is worked out once.
///
/// @source Eisenstein & Hu 1998 (ApJ 496, 605), equations 2-7, 10-12, 14-24. No massive neutrinos.
class MatterTransfer {
  public:
    explicit MatterTransfer(const Cosmology& cosmology);

    /// T at wavenumber k > 0 in 1/Mpc (not h/Mpc).
    double operator()(double k_per_mpc) const;

  private:
    double baryon_share_;         ///< of all matter
    double equality_wavenumber_;  ///< 1/Mpc
    double sound_horizon_mpc_;
    double silk_wavenumber_;  ///< 1/Mpc
    double alpha_c_, beta_c_, alpha_b_, beta_b_, beta_node_;
};

/// Linear matter power spectrum today, normalised to sigma8.
class LinearPower {
  public:
    explicit LinearPower(const Cosmology& cosmology);

    /// Linear power P(k) today, Mpc3, at k > 0 in 1/Mpc.
    double power_mpc3(double k_per_mpc) const;
    /// Rms of linear density contrast today in spheres of comoving radius in Mpc, >= 0.006.
    double sigma(double radius_mpc) const;

  private:
    MatterTransfer transfer_;
    double spectral_index_;
    double amplitude_ = 1;
    std::vector<double> k_per_mpc_;  ///< evenly spaced in ln k
    std::vector<double> variances_;  ///< of the density contrast per step of ln k
};

}  // namespace faintweb::sky
