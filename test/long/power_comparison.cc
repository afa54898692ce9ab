// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// Compares the evolved power spectrum of a fixed-amplitude box at z = 0 with those of four codes of
// the Euclid comparison (Schneider et al. 2016, JCAP 04, 047), each over its linear one.
// power_comparison [name=value ...]; exit status 1 if a limit is missed.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>
#include <map>
#include <numbers>
#include <string>
#include <vector>

#include "lib/sky/box/particle_mesh.h"
#include "lib/sky/cosmology/linear_power.h"
#include "test/lib/sky/cosmology/reference_table.h"

namespace faintweb::sky {
namespace {

constexpr const char* tables[] = {
    "euclidcc-4096-gadget3-pk-z0.txt", "euclidcc-4096-pkdgrav3-pk-z0.txt",
    "euclidcc-4096-ramses-pk-z0.txt", "euclidcc-6144-mpgadget-pk-z0.txt"};
/// The universe and the box of the tables.
constexpr Cosmology euclid_comparison{.omega_matter = 0.3071,
                                      .omega_baryon = 0.0483,
                                      .h = 0.6777,
                                      .sigma8 = 0.8288,
                                      .spectral_index = 0.9611};
constexpr double table_box_mpc = 500 / euclid_comparison.h;

/// Limits of the ratio to the tables, up to a quarter of the mesh's Nyquist wavenumber and from
/// there to half the particles'.
constexpr double near_limit = 0.10;
constexpr double far_limit = 0.25;
/// A bin is judged where the tables' own modes are so many that their scatter is below 4 %.
constexpr double enough_modes = 600;
constexpr double bins_per_decade = 20;

/// Power over the linear one, averaged over the modes of a bin.
struct Bin {
    double n_modes = 0;
    double k_per_mpc = 0;
    double ratio = 0;
};

int bin_of(double k_per_mpc) {
    return static_cast<int>(std::floor(bins_per_decade * std::log10(k_per_mpc)));
}

void add(std::map<int, Bin>& bins, double k_per_mpc, double ratio, double n_modes) {
    Bin& bin = bins[bin_of(k_per_mpc)];
    bin.ratio = (bin.ratio * bin.n_modes + ratio * n_modes) / (bin.n_modes + n_modes);
    bin.k_per_mpc = (bin.k_per_mpc * bin.n_modes + k_per_mpc * n_modes) / (bin.n_modes + n_modes);
    bin.n_modes += n_modes;
}

/// A table's P / P_linear: wavenumbers in h/Mpc, one fundamental wave of its box apart.
std::map<int, Bin> read_bins(const std::string& name, const LinearPower& linear) {
    const double h = euclid_comparison.h;
    const double fundamental = 2 * std::numbers::pi / table_box_mpc;
    std::map<int, Bin> bins;
    for (const auto& row : testing::read_reference_table(name)) {
        // The last table counts its modes, conjugates included.
        const double k_per_mpc = row[0] * h;
        const double n_modes = row.size() > 2
                                   ? row[2] / 2
                                   : 2 * std::numbers::pi * std::pow(k_per_mpc / fundamental, 2);
        add(bins, k_per_mpc, row[1] / (h * h * h) / linear.power_mpc3(k_per_mpc), n_modes);
    }
    return bins;
}

int compare(const BoxRun& run, int n_threads) {
    const LinearPower linear(euclid_comparison);
    std::vector<std::map<int, Bin>> references;
    for (const char* name : tables) {
        references.push_back(read_bins(name, linear));
        if (references.back().empty()) {
            std::fprintf(stderr, "%s is not there (set FAINTWEB_SHARED_DATA)\n",
                         (testing::reference_folder() / name).c_str());
            return 2;
        }
    }

    const auto start = std::chrono::steady_clock::now();
    ParticleMesh box(euclid_comparison, run, n_threads);
    box.advance_to(0);
    const Mesh density = particle_density(box.state(), run.n_mesh, n_threads);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    std::map<int, Bin> ours;
    for (const PowerBin& bin : measure_power(density, run.box_mpc, true, n_threads)) {
        add(ours, bin.k_per_mpc, bin.power_mpc3 / linear.power_mpc3(bin.k_per_mpc), bin.n_modes);
    }

    const double near_k = std::numbers::pi * run.n_mesh / run.box_mpc / 4;
    const double far_k = std::numbers::pi * run.n_particles / run.box_mpc / 2;
    std::printf(
        "%.1f Mpc, %d^3 particles, %d^3 mesh, %d steps from a = %g: %.0f s on %d threads\n"
        "a quarter of the mesh's Nyquist: k = %.3f/Mpc; half the particles': %.3f/Mpc\n"
        "P/P_linear at z = 0\n"
        "k/Mpc        ours gadget3 pkdgrav3 ramses mpgadget   ours/mean   modes   limit\n",
        run.box_mpc, run.n_particles, run.n_mesh, run.n_steps, run.a_start, wall.count(), n_threads,
        near_k, far_k);
    double worst_near = 0;
    double worst_far = 0;
    for (const auto& [number, bin] : ours) {
        const double low = std::pow(10, number / bins_per_decade);
        const double high = std::pow(10, (number + 1) / bins_per_decade);
        double mean = 0;
        bool is_known = true;
        double n_modes = std::numeric_limits<double>::max();
        for (const auto& reference : references) {
            is_known = is_known && reference.contains(number);
            if (is_known) {
                mean += reference.at(number).ratio / static_cast<double>(references.size());
                n_modes = std::min(n_modes, reference.at(number).n_modes);
            }
        }
        if (!is_known || bin.k_per_mpc > far_k) {
            continue;
        }
        std::printf("%.3f-%.3f %6.3f", low, high, bin.ratio);
        for (const auto& reference : references) {
            std::printf(" %7.3f", reference.at(number).ratio);
        }
        const double error = bin.ratio / mean - 1;
        std::printf(" %11.3f %9.0f", bin.ratio / mean, bin.n_modes);
        if (n_modes < enough_modes) {
            std::printf("   none: too few modes in the tables\n");
        } else {
            const bool is_near = bin.k_per_mpc <= near_k;
            double& worst = is_near ? worst_near : worst_far;
            worst = std::abs(error) > std::abs(worst) ? error : worst;
            const double limit = is_near ? near_limit : far_limit;
            std::printf("   %.2f%s\n", limit, std::abs(error) > limit ? " MISSED" : "");
        }
    }
    const bool is_met = std::abs(worst_near) <= near_limit && std::abs(worst_far) <= far_limit;
    std::printf("worst: %+.3f (limit %.2f), beyond %+.3f (limit %.2f): %s\n", worst_near,
                near_limit, worst_far, far_limit, is_met ? "met" : "MISSED");
    return is_met ? 0 : 1;
}

}  // namespace
}  // namespace faintweb::sky

int main(int argc, char** argv) {
    std::map<std::string, double> numbers{{"box_mpc", faintweb::sky::table_box_mpc},
                                          {"particles", 256},
                                          {"mesh", 384},
                                          {"steps", 16},
                                          {"a_start", 0.08},
                                          {"seed", 1},
                                          {"threads", 2}};
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const std::string name = word.substr(0, word.find('='));
        if (name == word || !numbers.contains(name)) {
            std::fprintf(stderr, "usage: power_comparison [name=value ...], names and defaults:");
            for (const auto& [known, value] : numbers) {
                std::fprintf(stderr, " %s=%g", known.c_str(), value);
            }
            std::fprintf(stderr, "\n");
            return 2;
        }
        numbers[name] = std::atof(word.c_str() + name.size() + 1);
    }
    faintweb::sky::BoxRun run;
    run.box_mpc = numbers["box_mpc"];
    run.n_particles = static_cast<int>(numbers["particles"]);
    run.n_mesh = static_cast<int>(numbers["mesh"]);
    run.n_steps = static_cast<int>(numbers["steps"]);
    run.a_start = numbers["a_start"];
    run.seed = static_cast<std::uint64_t>(numbers["seed"]);
    run.amplitudes = faintweb::sky::Amplitudes::fixed;
    try {
        return faintweb::sky::compare(run, static_cast<int>(numbers["threads"]));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    }
}
