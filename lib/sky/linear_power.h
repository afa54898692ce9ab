#pragma once

#include "lib/sky/cosmology.h"

namespace faintweb::sky {

/// Transfer function of matter with baryon wiggles at wavenumber k in 1/Mpc (not h/Mpc); 1 for k ->
/// 0.
///
/// @source Eisenstein & Hu 1998 (ApJ 496, 605), equations 2-7, 10-12, 14-24.
double matter_transfer(const Cosmology& cosmology, double k_per_mpc);

/// Linear matter power spectrum today, normalised to sigma8.
class LinearPower {
  public:
    explicit LinearPower(const Cosmology& cosmology);

    /// Linear power P(k) today, Mpc3, at k in 1/Mpc.
    double power_mpc3(double k_per_mpc) const;
    /// Rms of linear density contrast today in spheres of comoving radius in Mpc.
    double sigma(double radius_mpc) const;

  private:
    Cosmology cosmology_;
    double amplitude_ = 1;
};

}  // namespace faintweb::sky
