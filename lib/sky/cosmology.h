#pragma once

namespace faintweb::sky {

/// The flat universe that the skies are made in.
///
/// @source Gheller et al. 2018, section 3.1; n_s and the temperature of the background, which they
/// do
///         not give, are Planck's.
struct Cosmology {
    static constexpr double omega_matter = 0.308;
    static constexpr double omega_lambda = 0.692;
    static constexpr double omega_baryon = 0.0478;
    static constexpr double h = 0.678;  ///< H0 / (100 km/s/Mpc)
    static constexpr double sigma8 = 0.815;
    static constexpr double spectral_index = 0.967;
    static constexpr double t_cmb_k = 2.7255;
    static constexpr double hubble_km_s_mpc = 100 * h;
    /// Critical density today, Msun/Mpc3.
    static constexpr double critical_density_msun_mpc3 = 2.77536627e11 * h * h;
    static constexpr double matter_density_msun_mpc3 = omega_matter * critical_density_msun_mpc3;
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

/// H(z) / H0.
double expansion_rate(double z);

/// Comoving distance to redshift z >= 0, Mpc.
double comoving_distance_mpc(double z);

/// Linear growth factor D(z), 1 today.
double growth_factor(double z);

/// Critical density at redshift z, Msun per physical Mpc3.
double critical_density_msun_mpc3(double z);

/// Mean number of free electrons at redshift z, per physical cm3.
double mean_electron_density_cm3(double z);

}  // namespace faintweb::sky
