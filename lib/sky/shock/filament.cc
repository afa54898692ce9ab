// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/filament.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <numeric>

namespace faintweb::sky {
namespace {

constexpr int n_directions = 300;
constexpr double filament_contrast = 1.8;
constexpr float largest_cosine = 0.6F;  // between two filaments
constexpr std::size_t most_filaments = 3;
constexpr float turn_cosine = 0.8F;  // a ridge turns by less than 37 deg per step
constexpr int most_steps = 20;
constexpr double pull_power = 4;  // of density: the densest direction ahead counts most
constexpr double void_density = 2.5;
constexpr double least_mean = 0.1;

/// Directions spread evenly over the sphere.
const std::vector<Vector3>& directions() {
    static const std::vector<Vector3> all = [] {
        std::vector<Vector3> list;
        for (int i = 0; i < n_directions; ++i) {
            const double z = 1 - (2 * i + 1.0) / n_directions;
            const double sine = std::sqrt(1 - z * z);
            const double angle = 2 * std::numbers::pi * i / std::numbers::phi;
            list.push_back({static_cast<float>(sine * std::cos(angle)),
                            static_cast<float>(sine * std::sin(angle)), static_cast<float>(z)});
        }
        return list;
    }();
    return all;
}

float dot(const Vector3& a, const Vector3& b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

Vector3 scaled(const Vector3& a, double factor) {
    const auto f = static_cast<float>(factor);
    return {f * a[0], f * a[1], f * a[2]};
}

Vector3 sum(const Vector3& a, const Vector3& b) {
    return {a[0] + b[0], a[1] + b[1], a[2] + b[2]};
}

Vector3 unit(const Vector3& a) {
    return scaled(a, 1 / std::sqrt(static_cast<double>(dot(a, a))));
}

}  // namespace

double Surroundings::density_at(const Vector3& place_mpc) const {
    return static_cast<double>(
        density->interpolate(centre_cells[0] + place_mpc[0] * cells_per_mpc,
                             centre_cells[1] + place_mpc[1] * cells_per_mpc,
                             centre_cells[2] + place_mpc[2] * cells_per_mpc));
}

double Surroundings::mean_at(double x) const {
    const double bin = std::clamp(x * bins_per_r200, 0.0, n_bins - 1.001);
    const auto low = static_cast<std::size_t>(bin);
    const double share = bin - static_cast<double>(low);
    return static_cast<double>(radial_mean[low]) * (1 - share) +
           static_cast<double>(radial_mean[low + 1]) * share;
}

Surroundings survey_surroundings(const BoxHalo& halo,
                                 const Mesh& density,
                                 double box_mpc,
                                 double z) {
    constexpr std::size_t every = 4;  // direction: 75 suffice for a mean
    Surroundings around;
    around.density = &density;
    for (std::size_t c = 0; c < 3; ++c) {
        around.centre_cells[c] = static_cast<float>(halo.position_mpc[c] * density.n / box_mpc);
    }
    around.cells_per_mpc = static_cast<float>((1 + z) * density.n / box_mpc);
    around.r200_mpc = static_cast<float>(halo.r200_mpc);
    for (int bin = 0; bin < Surroundings::n_bins; ++bin) {
        const double r_mpc = halo.r200_mpc * bin / Surroundings::bins_per_r200;
        double total = 0;
        int n = 0;
        for (std::size_t i = 0; i < directions().size(); i += every) {
            total += around.density_at(scaled(directions()[i], r_mpc));
            ++n;
        }
        around.radial_mean[static_cast<std::size_t>(bin)] =
            static_cast<float>(std::max(total / n, least_mean));
    }
    return around;
}

std::vector<Vector3> filament_directions(const Surroundings& around) {
    // On coarse meshes the halo itself fills the sphere of 1.8 R200.
    const double r_mpc = std::max(1.8 * static_cast<double>(around.r200_mpc),
                                  2.5 / static_cast<double>(around.cells_per_mpc));
    const std::vector<Vector3>& all = directions();
    std::vector<double> densities;
    for (const Vector3& direction : all) {
        densities.push_back(around.density_at(scaled(direction, r_mpc)));
    }
    const double mean =
        std::accumulate(densities.begin(), densities.end(), 0.0) / static_cast<double>(all.size());
    std::vector<std::size_t> order(all.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return densities[a] > densities[b]; });
    std::vector<Vector3> filaments;
    for (const std::size_t i : order) {
        const bool is_weak = densities[i] < filament_contrast * mean;
        if (!filaments.empty() && (is_weak || filaments.size() == most_filaments)) {
            break;
        }
        if (std::all_of(filaments.begin(), filaments.end(),
                        [&](const Vector3& f) { return dot(all[i], f) < largest_cosine; })) {
            filaments.push_back(all[i]);
        }
    }
    return filaments;
}

Ridge follow_ridge(const Surroundings& around, const Vector3& direction) {
    Ridge ridge;
    ridge.step_mpc = std::max(0.4 * static_cast<double>(around.r200_mpc),
                              0.7 / static_cast<double>(around.cells_per_mpc));
    Vector3 place = scaled(direction, static_cast<double>(around.r200_mpc));
    Vector3 way = direction;
    const auto add = [&] {
        ridge.places_mpc.push_back(place);
        ridge.density.push_back(static_cast<float>(around.density_at(place)));
    };
    add();
    for (int step = 0; step < most_steps; ++step) {
        // The mean of the directions ahead, by the density that they lead to.
        Vector3 pull{};
        for (const Vector3& ahead : directions()) {
            const float cosine = dot(ahead, way);
            if (cosine > turn_cosine) {
                const double density =
                    around.density_at(sum(place, scaled(ahead, 1.5 * ridge.step_mpc)));
                const double weight =
                    std::pow(density * static_cast<double>(cosine * cosine), pull_power);
                pull = sum(pull, scaled(ahead, weight + 1e-12));
            }
        }
        way = unit(sum(way, scaled(unit(pull), 2)));
        place = sum(place, scaled(way, ridge.step_mpc));
        add();
        if (static_cast<double>(ridge.density.back()) < void_density) {
            break;
        }
    }
    return ridge;
}

}  // namespace faintweb::sky
