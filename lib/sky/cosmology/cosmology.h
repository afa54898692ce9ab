// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

namespace faintweb::sky {

/// The flat universe that the skies are made in.
///
/// @source Gheller et al. 2018, section 3.1; n_s and the temperature of the background, which they
///         do not give, are Planck's.
struct Cosmology {
    double omega_matter = 0.308;
    double omega_baryon = 0.0478;
    double h = 0.678;  ///< H0 / (100 km/s/Mpc)
    double sigma8 = 0.815;
    double spectral_index = 0.967;
    double t_cmb_k = 2.7255;

    double omega_lambda() const { return 1 - omega_matter; }
    double hubble_km_s_mpc() const { return 100 * h; }
    /// Critical density today, Msun/Mpc3.
    double critical_density_msun_mpc3() const { return 2.77536627e11 * h * h; }
    /// Mean matter density today, Msun per comoving Mpc3.
    double matter_density_msun_mpc3() const { return omega_matter * critical_density_msun_mpc3(); }

    bool operator==(const Cosmology&) const = default;
};

inline constexpr double light_speed_km_s = 299792.458;
inline constexpr double gravity_mpc_km2_s2_msun = 4.30091e-9;
inline constexpr double cm_per_mpc = 3.0857e24;
inline constexpr double gram_per_msun = 1.98847e33;
inline constexpr double proton_mass_gram = 1.67262e-24;
inline constexpr double erg_per_kev = 1.60218e-9;
/// Mean mass per particle and per electron of ionised primordial gas, in proton masses.
inline constexpr double mass_per_particle = 0.59;
inline constexpr double mass_per_electron = 1.14;
/// M200c / M200m of haloes: that of a Navarro-Frenk-White profile of concentration 5.
inline constexpr double critical_per_mean_mass = 0.72;

/// H(z) / H0.
double expansion_rate(const Cosmology& cosmology, double z);

/// Comoving distance to redshift z >= 0, Mpc.
double comoving_distance_mpc(const Cosmology& cosmology, double z);

/// Redshift at a comoving distance in Mpc, >= 0.
double redshift_at_distance(const Cosmology& cosmology, double comoving_mpc);

/// Linear growth factor D(z), 1 today.
double growth_factor(const Cosmology& cosmology, double z);

/// Growth of structure to second order at scale factor a, and its logarithmic rates.
struct Growth {
    double first = 0;        ///< D, 1 today
    double second = 0;       ///< D2, negative
    double first_rate = 0;   ///< d ln D / d ln a
    double second_rate = 0;  ///< d ln D2 / d ln a
};

/// @source Bouchet et al. 1995 (A&A 296, 575), the fits for flat universes.
Growth growth(const Cosmology& cosmology, double a);

/// Critical density at redshift z, Msun per physical Mpc3.
double critical_density_msun_mpc3(const Cosmology& cosmology, double z);

/// Mean number of free electrons at redshift z, per physical cm3.
double mean_electron_density_cm3(const Cosmology& cosmology, double z);

}  // namespace faintweb::sky
