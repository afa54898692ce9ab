// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/emission.h"

#include <cmath>
#include <utility>

#include <gtest/gtest.h>

#include "lib/sky/cosmology/cosmology.h"

namespace faintweb::sky {
namespace {

TEST(Emission, psi_matches_the_published_table_at_1_kev) {
    for (const auto& [mach, psi] :
         {std::pair{2.0, 1.57e-6}, std::pair{2.5, 7.5e-4}, std::pair{3.0, 0.0131},
          std::pair{3.5, 0.057}, std::pair{4.0, 0.142}, std::pair{5.0, 0.326},
          std::pair{6.0, 0.481}, std::pair{8.0, 0.677}, std::pair{10.0, 0.762},
          std::pair{30.0, 0.887}, std::pair{1e6, 0.903}}) {
        EXPECT_NEAR(shock_psi(mach, 1) / psi, 1, 0.15) << "Mach " << mach;
    }
    EXPECT_EQ(shock_psi(1.2, 1), 0);
}

TEST(Emission, psi_scales_with_temperature_as_the_slope_of_the_electrons) {
    // T^(s - 2) with s - 2 = 4 / (M^2 - 1), but for the slow change of the fit.
    const double mach = 3;
    const double ratio = shock_psi(mach, 2) / shock_psi(mach, 1);
    EXPECT_NEAR(ratio, std::pow(2.0, 4 / (mach * mach - 1)), 0.03 * ratio);
}

TEST(Emission, jumps_conserve_mass_momentum_and_energy) {
    EXPECT_DOUBLE_EQ(density_jump(1), 1);
    EXPECT_DOUBLE_EQ(temperature_jump(1), 1);
    EXPECT_NEAR(density_jump(1e6), 4, 1e-9);
    for (const double mach : {1.5, 2.0, 4.0, 20.0}) {
        // In front: density 1, sound speed 1 (pressure 3/5), velocity M.
        const double density = density_jump(mach);
        const double velocity = mach / density;
        const double pressure = 0.6 * density * temperature_jump(mach);
        EXPECT_NEAR(density * velocity * velocity + pressure, mach * mach + 0.6,
                    1e-9 * mach * mach);
        EXPECT_NEAR(velocity * velocity / 2 + 2.5 * pressure / density, mach * mach / 2 + 2.5 * 0.6,
                    1e-9 * mach * mach);
    }
}

TEST(Emission, sound_speed_of_1_kev_gas) {
    EXPECT_NEAR(sound_speed_km_s(1), 520, 7);
}

TEST(Emission, power_of_the_reference_shock) {
    // Equation 32 at its own scales: only Psi and the fields remain.
    const ShockedGas gas{1e-4, 7, 2, 1e4};
    const double cmb = cmb_field_ug(0);
    EXPECT_NEAR(
        shock_power(gas, 0, 1.4e9, 0.05) / (6.4e34 * 4 / (cmb * cmb + 4) * shock_psi(1e4, 7)), 1,
        1e-6);
    // Strong shocks have spectral index 1 and power linear in efficiency.
    EXPECT_NEAR(shock_power(gas, 0, 2.8e9, 0.05) / shock_power(gas, 0, 1.4e9, 0.05), 0.5, 1e-6);
    EXPECT_NEAR(shock_power(gas, 0, 1.4e9, 0.01) / shock_power(gas, 0, 1.4e9, 0.05), 0.2, 1e-9);
}

TEST(Emission, field_is_frozen_in_until_the_dynamo_saturates) {
    const double mean = mean_electron_density_cm3(Cosmology{}, 0.2);
    const double thin = magnetic_field_ug(8 * mean, 1, mean, 0.2, 1, 1);
    EXPECT_NEAR(thin, 4e-3 * 1.44, 1e-6);
    const double saturated = magnetic_field_ug(1e-3, 4, mean, 0.2, 1e9, 1e-3);
    EXPECT_NEAR(saturated / magnetic_field_ug(1e-3, 1, mean, 0.2, 1e9, 1e-3), 2, 1e-9);
    // 8 pi * 1e-3 * 1.5 * 1.9e-3 * 4 keV = (0.678 uG)^2, by hand.
    EXPECT_NEAR(saturated, 0.678, 0.002);
}

}  // namespace
}  // namespace faintweb::sky
