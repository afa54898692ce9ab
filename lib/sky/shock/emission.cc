// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/emission.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/base/units.h"
#include "lib/sky/cosmology/cosmology.h"

namespace faintweb::sky {

double density_jump(double mach) {
    return 4 * mach * mach / (mach * mach + 3);
}

double temperature_jump(double mach) {
    const double m2 = mach * mach;
    return (5 * m2 - 1) * (m2 + 3) / (16 * m2);
}

double sound_speed_km_s(double temperature_kev) {
    constexpr double cm_per_km = 1e5;
    return std::sqrt(5.0 / 3 * temperature_kev * erg_per_kev /
                     (mass_per_particle * proton_mass_gram)) /
           cm_per_km;
}

double shock_psi(double mach, double temperature_kev) {
    if (mach < 1.3) {
        return 0;
    }
    const double y = 4 / (mach * mach - 1);
    const double l = std::log(std::max(temperature_kev, 1e-4));
    return std::exp(-0.1288 + 0.02029 * l + 5.84e-4 * l * l -
                    y * (0.1692 + 11.0997 * y) / (0.1731 + y) + y * l);
}

double cmb_field_ug(double z) {
    return 3.25 * (1 + z) * (1 + z);
}

double magnetic_field_ug(double electron_density_cm3,
                         double temperature_kev,
                         double mean_density_cm3,
                         double z,
                         double amplification,
                         double eps_b) {
    constexpr double cosmic_field_ug = 1e-3;
    constexpr double particles_per_electron = 1.9;
    constexpr double ug_per_gauss = 1e6;
    const double frozen_in = amplification * cosmic_field_ug * (1 + z) * (1 + z) *
                             std::pow(electron_density_cm3 / mean_density_cm3, 2.0 / 3);
    const double thermal_energy =
        1.5 * particles_per_electron * electron_density_cm3 * temperature_kev * erg_per_kev;
    const double saturated =
        std::sqrt(8 * std::numbers::pi * eps_b * thermal_energy) * ug_per_gauss;
    return std::min(frozen_in, saturated);
}

double shock_power(const ShockedGas& gas, double z, double frequency_hz, double efficiency) {
    const double m2 = gas.mach * gas.mach;
    const double half_s = (m2 + 1) / (m2 - 1);
    const double cmb = cmb_field_ug(z);
    const double field = gas.magnetic_field_ug;
    return 6.4e34 * (gas.electron_density_cm3 / 1e-4) * (efficiency / 0.05) *
           std::pow(frequency_hz / 1.4e9, -half_s) * std::pow(gas.temperature_kev / 7, 1.5) *
           std::pow(field, 1 + half_s) / (cmb * cmb + field * field) *
           shock_psi(gas.mach, gas.temperature_kev);
}

double brightness_per_power(double z) {
    constexpr double erg_s_cm2_hz_per_jy = 1e-23;
    return 1 / (4 * std::numbers::pi * (1 + z) * (cm_per_mpc * cm_per_mpc) * erg_s_cm2_hz_per_jy *
                (base::arcsec_per_rad * base::arcsec_per_rad));
}

}  // namespace faintweb::sky
