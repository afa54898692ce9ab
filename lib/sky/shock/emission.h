// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

namespace faintweb::sky {

/// Downstream over upstream density of a shock of Mach number >= 1 in monatomic gas.
double density_jump(double mach);
/// Downstream over upstream temperature of a shock of Mach number >= 1 in monatomic gas.
double temperature_jump(double mach);
/// Speed of sound in ionised gas, km/s.
double sound_speed_km_s(double temperature_kev);

/// Psi(M, T): how strongly a shock feeds radio-bright electrons, 0 .. 0.9.
///
/// Our fit to the tabulated function: 15 % for Mach numbers above 1.9 and 0.03 < T < 20 keV, over
/// twelve decades of Psi; 0 below Mach 1.3, where the fit is void.
///
/// @param temperature_kev  downstream temperature, keV.
/// @source Hoeft & Brueggen 2007 (MNRAS 375, 77), equation 32; the fit is ours (emission_test.cc).
double shock_psi(double mach, double temperature_kev);

/// The state of gas behind a shock.
struct ShockedGas {
    double electron_density_cm3 = 0;
    double temperature_kev = 0;
    double magnetic_field_ug = 0;
    double mach = 0;
};

/// Radio power of a shock per surface, erg/s/Hz per physical Mpc2.
///
/// @param frequency_hz  in the rest frame of the shock.
/// @param efficiency    energy share of the accelerated electrons, xi_e.
/// @source Hoeft & Brueggen 2007, equation 32.
double shock_power(const ShockedGas& gas, double z, double frequency_hz, double efficiency);

/// Field strength with the energy density of the microwave background at redshift z, micro-gauss.
double cmb_field_ug(double z);

/// Magnetic field behind a shock, micro-gauss: compressed and amplified cosmic field, but no more
/// than a share eps_b of the thermal energy.
///
/// @param mean_density_cm3  cosmic mean of the electron density at redshift z.
/// @param amplification     times the frozen-in field of 1 nG comoving.
/// @source Gheller et al. 2018, section 3.1 (the field); the limits are ours (SkySettings).
double magnetic_field_ug(double electron_density_cm3,
                         double temperature_kev,
                         double mean_density_cm3,
                         double z,
                         double amplification,
                         double eps_b);

/// Brightness of a power of 1 erg/s/Hz per comoving Mpc2 at redshift z, Jy/arcsec2 as seen from
/// here: dimming and K-correction are in it, the power being that at the emitted frequency.
double brightness_per_power(double z);

}  // namespace faintweb::sky
