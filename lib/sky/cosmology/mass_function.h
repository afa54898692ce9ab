// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <vector>

#include "lib/sky/cosmology/cosmology.h"

namespace faintweb::sky {

/// How many haloes of each mass there are.
class MassFunction {
  public:
    explicit MassFunction(const Cosmology& cosmology);

    /// Comoving number density of haloes above each mass of masses_msun() at redshift z, 1/Mpc3.
    ///
    /// @source Sheth & Tormen 1999 (MNRAS 308, 119), equation 10; counts are those of M200m.
    std::vector<double> n_greater_table(double z) const;
    /// One value of it: haloes above mass_msun at redshift z, 1/Mpc3; 1e11 <= mass_msun <= 1e16.
    double n_greater_per_mpc3(double mass_msun, double z) const;
    /// The masses above which n_per_mpc3 haloes lie at redshift z, Msun, held in 1e11 .. 1e16.
    std::vector<double> masses_at_n_greater(const std::vector<double>& n_per_mpc3, double z) const;
    /// The masses of the table, rising, Msun.
    const std::vector<double>& masses_msun() const { return masses_msun_; }

  private:
    Cosmology cosmology_;
    std::vector<double> masses_msun_;
    std::vector<double> sigmas_;
    std::vector<double> minus_dln_sigma_dln_mass_;
};

}  // namespace faintweb::sky
