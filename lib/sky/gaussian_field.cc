#include "lib/sky/gaussian_field.h"

#include <cmath>
#include <numbers>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/base/random.h"

namespace faintweb::sky {

FourierMesh gaussian_modes(const LinearPower& power,
                           double box_mpc,
                           std::uint64_t seed,
                           std::uint64_t box_key,
                           ModeAmplitude amplitude,
                           int n,
                           const MeshFft& fft) {
    FourierMesh mesh = make_fourier_mesh(n);
    const auto edge = static_cast<std::size_t>(n);
    base::parallel_for(fft.n_threads(), edge, [&](std::size_t i) {
        for (std::size_t j = 0; j < edge; ++j) {
            base::fill_normal(seed,
                              base::Purpose::box_noise,
                              box_key,
                              (i * edge + j) * edge,
                              edge,
                              mesh.row(static_cast<int>(i), static_cast<int>(j)));
        }
    });
    fft.forward(mesh);

    // A mode's power depends on its squared wave number only, a whole number: one table holds all
    // the values there are.
    const int half = n / 2;
    const double cell_mpc = box_mpc / n;
    const double k_per_wave = 2 * std::numbers::pi / box_mpc;
    std::vector<float> scale(static_cast<std::size_t>(3 * half * half + 1));
    base::parallel_for(fft.n_threads(), scale.size(), [&](std::size_t wave2) {
        scale[wave2] =
            wave2 == 0 ? 0
                       : static_cast<float>(std::sqrt(
                             power.power_mpc3(k_per_wave * std::sqrt(static_cast<double>(wave2))) /
                             (cell_mpc * cell_mpc * cell_mpc)));
    });
    const auto rms = static_cast<float>(std::pow(n, 1.5));
    base::parallel_for(fft.n_threads(), edge, [&](std::size_t plane) {
        const int i = static_cast<int>(plane);
        const int x = wave_number(i, n);
        for (int j = 0; j < n; ++j) {
            const int y = wave_number(j, n);
            std::complex<float>* modes = mesh.modes(i, j);
            for (int k = 0; k <= half; ++k) {
                const float wanted = scale[static_cast<std::size_t>(x * x + y * y + k * k)];
                if (amplitude == ModeAmplitude::fixed) {
                    const float size = std::abs(modes[k]);
                    modes[k] *= size > 0 ? rms / size * wanted : 0;
                } else {
                    modes[k] *= wanted;
                }
            }
        }
    });
    return mesh;
}

}  // namespace faintweb::sky
