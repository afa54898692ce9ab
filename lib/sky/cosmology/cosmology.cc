// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/cosmology/cosmology.h"

#include <cmath>

#include "lib/sky/cosmology/integrate.h"

namespace faintweb::sky {
namespace {

double growth_unnormalised(const Cosmology& cosmology, double a) {
    // With u = a^(5/2) the integrand of da / (a E)^3 is smooth down to a = 0.
    const double integral = integrate(
        [&](double u) {
            const double b = std::pow(u, 0.4);
            return 0.4 /
                   std::pow(cosmology.omega_matter + cosmology.omega_lambda() * b * b * b, 1.5);
        },
        0, std::pow(a, 2.5), 256);
    return expansion_rate(cosmology, 1 / a - 1) * integral;
}

}  // namespace

double expansion_rate(const Cosmology& cosmology, double z) {
    return std::sqrt(cosmology.omega_matter * std::pow(1 + z, 3) + cosmology.omega_lambda());
}

double comoving_distance_mpc(const Cosmology& cosmology, double z) {
    return light_speed_km_s / cosmology.hubble_km_s_mpc() *
           integrate([&](double x) { return 1 / expansion_rate(cosmology, x); }, 0, z, 64);
}

double growth_factor(const Cosmology& cosmology, double z) {
    return growth_unnormalised(cosmology, 1 / (1 + z)) / growth_unnormalised(cosmology, 1);
}

double redshift_at_distance(const Cosmology& cosmology, double comoving_mpc) {
    // Newton on a smooth, rising, concave function: from the linear guess, which lies below the
    // answer, a few steps reach rounding.
    const double per_mpc = cosmology.hubble_km_s_mpc() / light_speed_km_s;
    double z = comoving_mpc * per_mpc;
    double step = 1;
    for (int i = 0; i < 20 && std::abs(step) > 1e-15 * (1 + z); ++i) {
        const double off = comoving_distance_mpc(cosmology, z) - comoving_mpc;
        step = off * expansion_rate(cosmology, z) * per_mpc;
        z -= step;
    }
    return z;
}

Growth growth(const Cosmology& cosmology, double a) {
    const double rate = expansion_rate(cosmology, 1 / a - 1);
    const double matter = cosmology.omega_matter / (a * a * a * rate * rate);
    Growth g;
    g.first = growth_factor(cosmology, 1 / a - 1);
    g.second = -3.0 / 7 * g.first * g.first * std::pow(matter, -1.0 / 143);
    g.first_rate = std::pow(matter, 5.0 / 9);
    g.second_rate = 2 * std::pow(matter, 6.0 / 11);
    return g;
}

double critical_density_msun_mpc3(const Cosmology& cosmology, double z) {
    const double rate = expansion_rate(cosmology, z);
    return cosmology.critical_density_msun_mpc3() * rate * rate;
}

double mean_electron_density_cm3(const Cosmology& cosmology, double z) {
    const double today = cosmology.omega_baryon * cosmology.critical_density_msun_mpc3() *
                         gram_per_msun / (cm_per_mpc * cm_per_mpc * cm_per_mpc) /
                         (mass_per_electron * proton_mass_gram);
    return today * std::pow(1 + z, 3);
}

}  // namespace faintweb::sky
