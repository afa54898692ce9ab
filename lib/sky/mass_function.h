#pragma once

#include <vector>

namespace faintweb::sky {

/// Transfer function of matter with baryon wiggles at wavenumber k in 1/Mpc (not h/Mpc); 1 for k ->
/// 0.
///
/// @source Eisenstein & Hu 1998 (ApJ 496, 605), equations 2-7, 10-12, 14-24.
double matter_transfer(double k_per_mpc);

/// Linear matter power spectrum today, normalised to sigma8, and the number of haloes that follows.
class MassFunction {
  public:
    MassFunction();

    /// Linear power P(k) today, Mpc3, at k in 1/Mpc.
    double power_mpc3(double k_per_mpc) const;
    /// Rms of linear density contrast today in spheres of comoving radius in Mpc.
    double sigma(double radius_mpc) const;
    /// Comoving number density of haloes above each mass of masses_msun() at redshift z, 1/Mpc3.
    ///
    /// @source Sheth & Tormen 1999 (MNRAS 308, 119), equation 10; counts are those of M200m.
    std::vector<double> n_greater_table(double z) const;
    /// One value of it: haloes above mass_msun at redshift z, 1/Mpc3; 1e11 <= mass_msun <= 1e16.
    double n_greater_per_mpc3(double mass_msun, double z) const;
    /// The masses of the table, rising, Msun.
    const std::vector<double>& masses_msun() const { return masses_msun_; }

  private:
    double amplitude_ = 1;
    std::vector<double> masses_msun_;
    std::vector<double> sigmas_;
    std::vector<double> minus_dln_sigma_dln_mass_;
};

}  // namespace faintweb::sky
