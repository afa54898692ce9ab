#include "lib/sky/gaussian_field.h"

#include <cmath>
#include <cstring>
#include <numbers>

#include <gtest/gtest.h>

#include "lib/sky/power_measure.h"

namespace faintweb::sky {
namespace {

Mesh field(double box_mpc, std::uint64_t seed, ModeAmplitude amplitude, int n, int n_threads = 2) {
    const MeshFft fft(n, n_threads);
    FourierMesh mesh =
        gaussian_modes(LinearPower(Cosmology{}), box_mpc, seed, 7, amplitude, n, fft);
    fft.backward(mesh);
    Mesh cells = to_mesh(mesh);
    for (float& cell : cells.cells) {
        cell /= static_cast<float>(cells.cells.size());
    }
    return cells;
}

/// Variance of a field in spheres, summed over every mode that the mesh has.
double sigma_of_modes(const Mesh& cells, double box_mpc, double radius_mpc) {
    FourierMesh mesh = to_fourier_mesh(cells);
    const int n = cells.n;
    MeshFft(n, 2).forward(mesh);
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            for (int k = 0; k <= n / 2; ++k) {
                const double x = 2 * std::numbers::pi / box_mpc * radius_mpc *
                                 std::hypot(wave_number(i, n), wave_number(j, n), k);
                if (x > 0) {
                    const double window = 3 * (std::sin(x) - x * std::cos(x)) / (x * x * x);
                    sum += (k == 0 || 2 * k == n ? 1 : 2) *
                           static_cast<double>(std::norm(mesh.modes(i, j)[k])) * window * window;
                }
            }
        }
    }
    return std::sqrt(sum) / (static_cast<double>(n) * n * n);
}

TEST(GaussianField, has_the_sigma8_of_its_cosmology) {
    // A box wide enough to hold the long waves (below 2 pi / L they are missing) on a mesh fine
    // enough for 8 Mpc/h, with every mode at its rms: no sample variance is left to hide behind.
    const Cosmology cosmology;
    constexpr double box_mpc = 600;
    const Mesh cells = field(box_mpc, 1, ModeAmplitude::fixed, 128);
    EXPECT_NEAR(sigma_of_modes(cells, box_mpc, 8 / cosmology.h), cosmology.sigma8, 1e-3);
}

TEST(GaussianField, every_bin_has_the_input_power) {
    constexpr double box_mpc = 200;
    const LinearPower power{Cosmology{}};
    const PowerSpectrum fixed =
        measure_power(field(box_mpc, 2, ModeAmplitude::fixed, 64), box_mpc, MeshWindow::none, 2);
    const PowerSpectrum random =
        measure_power(field(box_mpc, 2, ModeAmplitude::random, 64), box_mpc, MeshWindow::none, 2);
    int n_full_bins = 0;
    for (std::size_t bin = 0; bin < fixed.k_per_mpc.size(); ++bin) {
        const double expected = power.power_mpc3(fixed.k_per_mpc[bin]);
        // Power is not linear across the widest, first bins.
        EXPECT_NEAR(fixed.power_mpc3[bin], expected, (bin < 2 ? 0.05 : 0.02) * expected) << bin;
        // Half of the modes are the conjugates of the others.
        const double scatter = std::sqrt(2 / static_cast<double>(random.n_modes[bin]));
        EXPECT_NEAR(random.power_mpc3[bin], fixed.power_mpc3[bin], 4 * scatter * expected) << bin;
        if (3 * scatter < 0.05) {
            EXPECT_NEAR(random.power_mpc3[bin], expected, 0.05 * expected) << bin;
            ++n_full_bins;
        }
    }
    EXPECT_GT(n_full_bins, 5);
}

TEST(GaussianField, is_a_function_of_its_keys_only) {
    const Mesh one = field(100, 3, ModeAmplitude::random, 32, 1);
    const Mesh three = field(100, 3, ModeAmplitude::random, 32, 3);
    const Mesh other = field(100, 4, ModeAmplitude::random, 32, 1);
    EXPECT_EQ(one.cells, three.cells);
    EXPECT_NE(one.cells, other.cells);
}

TEST(PowerMeasure, finds_a_single_wave) {
    // cos has half of its square in each of two modes.
    constexpr int n = 32;
    constexpr double box_mpc = 100;
    Mesh mesh;
    mesh.n = n;
    for (int i = 0; i < n; ++i) {
        for (int jk = 0; jk < n * n; ++jk) {
            mesh.cells.push_back(
                static_cast<float>(1 + 0.1 * std::cos(2 * std::numbers::pi * 5 * i / n)));
        }
    }
    const PowerSpectrum spectrum = measure_power(mesh, box_mpc, MeshWindow::none, 2);
    for (std::size_t bin = 0; bin < spectrum.power_mpc3.size(); ++bin) {
        const double total = spectrum.power_mpc3[bin] * static_cast<double>(spectrum.n_modes[bin]) /
                             std::pow(box_mpc, 3);
        EXPECT_NEAR(total, bin == 4 ? 0.1 * 0.1 / 2 : 0, 1e-8) << bin;
    }
}

}  // namespace
}  // namespace faintweb::sky
