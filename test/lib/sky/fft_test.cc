#include "lib/sky/fft.h"

#include <cmath>
#include <cstring>
#include <numbers>

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace faintweb::sky {
namespace {

Mesh noise(int n) {
    Mesh mesh;
    mesh.n = n;
    mesh.cells.resize(static_cast<std::size_t>(n) * static_cast<std::size_t>(n) *
                      static_cast<std::size_t>(n));
    base::fill_normal(1, base::Purpose::test, 0, 0, mesh.cells.size(), mesh.cells.data());
    return mesh;
}

TEST(MeshFft, agrees_with_the_sum_that_defines_it) {
    constexpr int n = 6;
    const Mesh mesh = noise(n);
    FourierMesh modes = to_fourier_mesh(mesh);
    MeshFft(n, 2).forward(modes);
    for (int a = 0; a < n; ++a) {
        for (int b = 0; b < n; ++b) {
            for (int c = 0; c <= n / 2; ++c) {
                std::complex<double> sum = 0;
                for (int i = 0; i < n; ++i) {
                    for (int j = 0; j < n; ++j) {
                        for (int k = 0; k < n; ++k) {
                            sum += static_cast<double>(mesh.at(i, j, k)) *
                                   std::polar(1.0,
                                              -2 * std::numbers::pi * (a * i + b * j + c * k) / n);
                        }
                    }
                }
                EXPECT_NEAR(modes.modes(a, b)[c].real(), sum.real(), 2e-5);
                EXPECT_NEAR(modes.modes(a, b)[c].imag(), sum.imag(), 2e-5);
            }
        }
    }
}

TEST(MeshFft, comes_back_for_awkward_sizes) {
    for (const int n : {2, 10, 48, 66, 96}) {
        const Mesh mesh = noise(n);
        FourierMesh there = to_fourier_mesh(mesh);
        const MeshFft fft(n, 2);
        fft.forward(there);
        fft.backward(there);
        const Mesh back = to_mesh(there);
        double largest = 0;
        for (std::size_t c = 0; c < mesh.cells.size(); ++c) {
            largest = std::max(
                largest,
                std::fabs(static_cast<double>(back.cells[c]) / (static_cast<double>(n) * n * n) -
                          static_cast<double>(mesh.cells[c])));
        }
        EXPECT_LT(largest, 5e-6) << n;
    }
}

TEST(MeshFft, threads_change_no_bit) {
    constexpr int n = 48;
    FourierMesh one = to_fourier_mesh(noise(n));
    FourierMesh three = one;
    MeshFft(n, 1).forward(one);
    MeshFft(n, 3).forward(three);
    EXPECT_EQ(
        std::memcmp(one.values.data(), three.values.data(), one.values.size() * sizeof(float)), 0);
}

}  // namespace
}  // namespace faintweb::sky
