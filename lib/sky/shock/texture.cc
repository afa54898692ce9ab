// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/texture.h"

#include <cmath>
#include <complex>
#include <memory>

#include <fftw3.h>

#include "lib/base/random.h"

namespace faintweb::sky {
namespace {

constexpr std::size_t n_cells = std::size_t{Texture::edge} * Texture::edge * Texture::edge;
constexpr std::uint64_t texture_seed = 5;
constexpr double slope = -4.7;
/// Below this wavenumber (waves per cube) a surface would not see its own mean change.
constexpr double smallest_wavenumber = 2.5;
constexpr double cut_off_wavenumber = 0.35 * Texture::edge;
/// Values are kept to 2^-10: what differs between FFT libraries or processors is then rounded away.
constexpr float values_per_unit = 1024;

double amplitude(int i, int j, int k) {
    const auto wave = [](int n) { return n < Texture::edge / 2 ? n : n - Texture::edge; };
    const double k2 = wave(i) * wave(i) + wave(j) * wave(j) + wave(k) * wave(k);
    if (k2 < smallest_wavenumber * smallest_wavenumber) {
        return 0;
    }
    return std::pow(k2, slope / 4) * std::exp(-k2 / (cut_off_wavenumber * cut_off_wavenumber));
}

std::vector<float> rescaled(const std::vector<std::complex<float>>& cube, bool imaginary) {
    std::vector<float> values;
    values.reserve(cube.size());
    double sum_squares = 0;
    for (const auto& cell : cube) {
        values.push_back(imaginary ? cell.imag() : cell.real());
        sum_squares += std::pow(static_cast<double>(values.back()), 2);
    }
    const auto scale =
        static_cast<float>(1 / std::sqrt(sum_squares / static_cast<double>(cube.size())));
    for (float& value : values) {
        value = std::round(value * scale * values_per_unit) / values_per_unit;
    }
    return values;
}

}  // namespace

Texture::Texture() {
    // A real filter leaves the real and the imaginary part of complex white noise two independent
    // real cubes: two transforms give four, of which three are kept.
    std::vector<std::complex<float>> cube(n_cells);
    auto* data = reinterpret_cast<fftwf_complex*>(cube.data());
    const auto plan = [&](int sign) {
        return std::unique_ptr<fftwf_plan_s, decltype(&fftwf_destroy_plan)>(
            fftwf_plan_dft_3d(edge, edge, edge, data, data, sign, FFTW_ESTIMATE),
            fftwf_destroy_plan);
    };
    const auto forward = plan(FFTW_FORWARD);
    const auto backward = plan(FFTW_BACKWARD);
    std::vector<float> filter(n_cells);
    for (int i = 0; i < edge; ++i) {
        for (int j = 0; j < edge; ++j) {
            for (int k = 0; k < edge; ++k) {
                filter[(static_cast<std::size_t>(i) * edge + static_cast<std::size_t>(j)) * edge +
                       static_cast<std::size_t>(k)] = static_cast<float>(amplitude(i, j, k));
            }
        }
    }
    for (std::uint64_t pair = 0; pair < 2; ++pair) {
        base::fill_normal(texture_seed, base::Purpose::texture, pair, 0, 2 * n_cells,
                          reinterpret_cast<float*>(cube.data()));
        fftwf_execute(forward.get());
        for (std::size_t i = 0; i < n_cells; ++i) {
            cube[i] *= filter[i];
        }
        fftwf_execute(backward.get());
        cells_[2 * pair] = rescaled(cube, false);
        if (pair == 0) {
            cells_[1] = rescaled(cube, true);
        }
    }
}

const Texture& Texture::cubes() {
    static const Texture texture;
    return texture;
}

}  // namespace faintweb::sky
