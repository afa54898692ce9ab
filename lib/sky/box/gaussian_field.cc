// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/gaussian_field.h"

#include <cmath>
#include <numbers>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/base/random.h"

namespace faintweb::sky {

FourierMesh gaussian_field(const LinearPower& power,
                           double box_mpc,
                           int n,
                           std::uint64_t seed,
                           std::uint64_t box_key,
                           Amplitudes amplitudes,
                           int n_threads,
                           const Team& team) {
    const auto edge = static_cast<std::size_t>(n);
    const Planes own = team.planes(n);
    FourierMesh field(n, own);
    base::parallel_for(n_threads, static_cast<std::size_t>(own.size()), [&](std::size_t plane) {
        const std::size_t i = plane + static_cast<std::size_t>(own.first);
        for (std::size_t j = 0; j < edge; ++j) {
            base::fill_normal(seed, base::Purpose::box_noise, box_key, (i * edge + j) * edge, edge,
                              field.row(static_cast<int>(i), static_cast<int>(j)));
        }
    });
    MeshFft(n, team).forward(field, n_threads);

    // The root of the power at every squared wave number, which is a whole number.
    const double cell_mpc3 = std::pow(box_mpc / n, 3);
    const auto half = static_cast<std::size_t>(n / 2);
    std::vector<float> root(3 * half * half + 1, 0);
    base::parallel_for(n_threads, half, [&](std::size_t part) {
        for (std::size_t m = part; m < root.size(); m += half) {
            if (m > 0) {
                const double k = 2 * std::numbers::pi / box_mpc * std::sqrt(static_cast<double>(m));
                root[m] = static_cast<float>(std::sqrt(power.power_mpc3(k) / cell_mpc3));
            }
        }
    });
    // Rms of a mode of the noise.
    const auto fixed = static_cast<float>(std::pow(static_cast<double>(n), 1.5));
    base::parallel_for(n_threads, edge, [&](std::size_t i) {
        for (int j = own.first; j < own.end; ++j) {
            const int x = field.waves(static_cast<int>(i));
            const int y = field.waves(j);
            std::complex<float>* modes = field.modes(static_cast<int>(i), j);
            for (int k = 0; k <= n / 2; ++k) {
                float factor = root[static_cast<std::size_t>(x * x + y * y + k * k)];
                if (amplitudes == Amplitudes::fixed) {
                    const float size = std::abs(modes[k]);
                    factor *= size > 0 ? fixed / size : 0;
                }
                modes[k] *= factor;
            }
        }
    });
    return field;
}

}  // namespace faintweb::sky
