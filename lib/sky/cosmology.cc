#include "lib/sky/cosmology.h"

#include <cmath>

namespace faintweb::sky {
namespace {

/// Simpson's rule on n (even) intervals.
template <typename Function>
double integrate(Function f, double from, double to, int n) {
    const double step = (to - from) / n;
    double sum = f(from) + f(to);
    for (int i = 1; i < n; ++i) {
        sum += (i % 2 == 1 ? 4 : 2) * f(from + i * step);
    }
    return sum * step / 3;
}

double growth_unnormalised(double a) {
    // With u = a^(5/2) the integrand of da / (a E)^3 is smooth down to a = 0.
    const double integral = integrate(
        [](double u) {
            const double b = std::pow(u, 0.4);
            return 0.4 /
                   std::pow(Cosmology::omega_matter + Cosmology::omega_lambda * b * b * b, 1.5);
        },
        0,
        std::pow(a, 2.5),
        256);
    return expansion_rate(1 / a - 1) * integral;
}

}  // namespace

double expansion_rate(double z) {
    return std::sqrt(Cosmology::omega_matter * std::pow(1 + z, 3) + Cosmology::omega_lambda);
}

double comoving_distance_mpc(double z) {
    return light_speed_km_s / Cosmology::hubble_km_s_mpc *
           integrate([](double x) { return 1 / expansion_rate(x); }, 0, z, 64);
}

double growth_factor(double z) {
    return growth_unnormalised(1 / (1 + z)) / growth_unnormalised(1);
}

double critical_density_msun_mpc3(double z) {
    const double rate = expansion_rate(z);
    return Cosmology::critical_density_msun_mpc3 * rate * rate;
}

double mean_electron_density_cm3(double z) {
    constexpr double today = Cosmology::omega_baryon * Cosmology::critical_density_msun_mpc3 *
                             gram_per_msun / (cm_per_mpc * cm_per_mpc * cm_per_mpc) /
                             (mass_per_electron * proton_mass_gram);
    return today * std::pow(1 + z, 3);
}

}  // namespace faintweb::sky
