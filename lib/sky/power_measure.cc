#include "lib/sky/power_measure.h"

#include <cmath>
#include <numbers>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"
#include "lib/sky/cic.h"
#include "lib/sky/fft.h"

namespace faintweb::sky {
namespace {

struct BinSum {
    double wave = 0;
    double power = 0;
    std::int64_t n_modes = 0;
};

PowerSpectrum measure(const FourierMesh& first,
                      const FourierMesh& second,
                      double box_mpc,
                      const std::vector<float>& window,
                      int window_power,
                      int n_threads) {
    const int n = first.n;
    const auto n_bins = static_cast<std::size_t>(n / 2);
    // One set of bins per plane, added in order: the sum does not depend on the threads.
    std::vector<std::vector<BinSum>> planes(static_cast<std::size_t>(n));
    base::parallel_for(n_threads, planes.size(), [&](std::size_t plane) {
        std::vector<BinSum>& bins = planes[plane];
        bins.resize(n_bins);
        const int i = static_cast<int>(plane);
        const int x = wave_number(i, n);
        for (int j = 0; j < n; ++j) {
            const int y = wave_number(j, n);
            const std::complex<float>* a = first.modes(i, j);
            const std::complex<float>* b = second.modes(i, j);
            for (int k = 0; k <= n / 2; ++k) {
                const double wave = std::sqrt(static_cast<double>(x * x + y * y + k * k));
                const auto nearest = static_cast<std::size_t>(std::lround(wave));
                if (nearest < 1 || nearest > n_bins) {
                    continue;
                }
                const int count = k == 0 || 2 * k == n ? 1 : 2;
                const double damping =
                    window_power == 0
                        ? 1
                        : std::pow(static_cast<double>(window[static_cast<std::size_t>(i)]) *
                                       static_cast<double>(window[static_cast<std::size_t>(j)]) *
                                       static_cast<double>(window[static_cast<std::size_t>(k)]),
                                   window_power);
                BinSum& bin = bins[nearest - 1];
                bin.wave += count * wave;
                bin.power +=
                    count * static_cast<double>(std::real(a[k] * std::conj(b[k]))) / damping;
                bin.n_modes += count;
            }
        }
    });
    PowerSpectrum spectrum;
    const double volume_over_cells2 = std::pow(box_mpc, 3) / std::pow(n, 6);
    for (std::size_t bin = 0; bin < n_bins; ++bin) {
        BinSum sum;
        for (const std::vector<BinSum>& bins : planes) {
            sum.wave += bins[bin].wave;
            sum.power += bins[bin].power;
            sum.n_modes += bins[bin].n_modes;
        }
        const auto count = static_cast<double>(sum.n_modes);
        spectrum.k_per_mpc.push_back(2 * std::numbers::pi / box_mpc * sum.wave / count);
        spectrum.power_mpc3.push_back(volume_over_cells2 * sum.power / count);
        spectrum.n_modes.push_back(sum.n_modes);
    }
    return spectrum;
}

}  // namespace

PowerSpectrum measure_power(const Mesh& contrast,
                            double box_mpc,
                            MeshWindow window,
                            int n_threads) {
    FourierMesh modes = to_fourier_mesh(contrast);
    MeshFft(contrast.n, n_threads).forward(modes);
    return measure(modes,
                   modes,
                   box_mpc,
                   cic_window(contrast.n),
                   window == MeshWindow::none ? 0 : 2,
                   n_threads);
}

PowerSpectrum measure_cross_power(
    const Mesh& first, const Mesh& second, double box_mpc, MeshWindow window, int n_threads) {
    FAINTWEB_EXPECTS(first.n == second.n);
    const MeshFft fft(first.n, n_threads);
    FourierMesh first_modes = to_fourier_mesh(first);
    FourierMesh second_modes = to_fourier_mesh(second);
    fft.forward(first_modes);
    fft.forward(second_modes);
    return measure(first_modes,
                   second_modes,
                   box_mpc,
                   cic_window(first.n),
                   window == MeshWindow::none ? 0 : 1,
                   n_threads);
}

}  // namespace faintweb::sky
