// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/shock_finder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"
#include "lib/base/vector_clones.h"
#include "lib/sky/shock/emission.h"

namespace faintweb::sky {
namespace {

constexpr std::int32_t no_axis = -1;
constexpr double kev_per_kelvin = 8.617333e-8;

/// Both neighbours of the cells of a row, along one axis.
struct Neighbours {
    const float* velocity_before;
    const float* velocity_after;
    const float* temperature_before;
    const float* temperature_after;
};

/// Mach number squared, less 1, of a velocity jump in units of the upstream speed of sound, > 0.
inline float strength(float jump) {
    const float mach = (4 * jump + std::sqrt(16 * jump * jump + 36)) / 6;
    return 4.0F / 3 * jump * mach;
}

/// Strength (M^2 - 1) of all jumps of each cell of a row together, 0 where gas does not converge,
/// and the axis of the largest one.
FAINTWEB_VECTOR_CLONES void measure_row(const Neighbours (&along)[3],
                                        int n,
                                        float per_square_sound_speed,
                                        float* __restrict total,
                                        std::int32_t* __restrict axis) {
    for (int k = 0; k < n; ++k) {
        float divergence = 0;
        float sum = 0;
        float largest = 0;
        std::int32_t at = no_axis;
        for (int a = 0; a < 3; ++a) {
            const float rise = along[a].velocity_after[k] - along[a].velocity_before[k];
            const float before = along[a].temperature_before[k];
            const float after = along[a].temperature_after[k];
            const float upstream = before < after ? before : after;
            const float fall = rise < 0 ? -rise : 0;
            const float jump = std::sqrt(fall * fall * (per_square_sound_speed / upstream));
            const float s = strength(jump);
            divergence += rise;
            sum += s;
            at = s > largest ? a : at;
            largest = s > largest ? s : largest;
        }
        total[k] = divergence < 0 ? sum : 0;
        axis[k] = at;
    }
}

class Finder {
  public:
    Finder(const GasMesh& gas, int n_threads)
        : gas_(gas),
          n_(gas.density.n),
          n_threads_(n_threads),
          strength_(make_mesh(n_)),
          axis_(strength_.cells.size(), no_axis) {}

    ShockMesh find() {
        base::parallel_for(n_threads_, static_cast<std::size_t>(n_),
                           [&](std::size_t i) { measure_plane(static_cast<int>(i)); });
        ShockMesh shocks{make_mesh(n_), make_mesh(n_), make_mesh(n_)};
        base::parallel_for(n_threads_, static_cast<std::size_t>(n_),
                           [&](std::size_t i) { thin_plane(static_cast<int>(i), shocks); });
        return shocks;
    }

  private:
    int next(int i) const { return i + 1 == n_ ? 0 : i + 1; }
    int previous(int i) const { return i == 0 ? n_ - 1 : i - 1; }

    void measure_plane(int i) {
        const double sound_at_1_kev = sound_speed_km_s(1);
        const auto per_square_sound_speed =
            static_cast<float>(1 / (kev_per_kelvin * sound_at_1_kev * sound_at_1_kev));
        const auto n = static_cast<std::size_t>(n_);
        const Mesh& t = gas_.temperature_k;
        const auto& v = gas_.velocity_km_s;
        // A row with its periodic neighbours, for the axis along the row.
        std::vector<float> velocity(n + 2);
        std::vector<float> temperature(n + 2);
        std::vector<std::int32_t> axes(n);
        const auto wrap_row = [&](const float* row, std::vector<float>& wrapped) {
            wrapped[0] = row[n - 1];
            std::copy(row, row + n, wrapped.begin() + 1);
            wrapped[n + 1] = row[0];
        };
        for (int j = 0; j < n_; ++j) {
            const auto row = [&](const Mesh& mesh, int at_i, int at_j) {
                return mesh.cells.data() + mesh.index(at_i, at_j, 0);
            };
            wrap_row(row(v[2], i, j), velocity);
            wrap_row(row(t, i, j), temperature);
            const Neighbours along[3] = {
                {row(v[0], previous(i), j), row(v[0], next(i), j), row(t, previous(i), j),
                 row(t, next(i), j)},
                {row(v[1], i, previous(j)), row(v[1], i, next(j)), row(t, i, previous(j)),
                 row(t, i, next(j))},
                {velocity.data(), velocity.data() + 2, temperature.data(), temperature.data() + 2}};
            const std::size_t first = strength_.index(i, j, 0);
            measure_row(along, n_, per_square_sound_speed, strength_.cells.data() + first,
                        axes.data());
            for (std::size_t k = 0; k < n; ++k) {
                axis_[first + k] = static_cast<std::int8_t>(axes[k]);
            }
        }
    }

    /// Whether a shocked cell outdoes its neighbour; equals are ranked by temperature, then place.
    bool outdoes(std::size_t cell, std::size_t neighbour) const {
        if (strength_.cells[cell] != strength_.cells[neighbour]) {
            return strength_.cells[cell] > strength_.cells[neighbour];
        }
        const float here = gas_.temperature_k.cells[cell];
        const float there = gas_.temperature_k.cells[neighbour];
        return here != there ? here > there : cell < neighbour;
    }

    void thin_plane(int i, ShockMesh& shocks) const {
        constexpr float lowest = lowest_mach * lowest_mach - 1;
        for (int j = 0; j < n_; ++j) {
            for (int k = 0; k < n_; ++k) {
                const std::size_t cell = strength_.index(i, j, k);
                if (strength_.cells[cell] < lowest) {
                    continue;
                }
                std::array<int, 3> before{i, j, k};
                std::array<int, 3> after{i, j, k};
                const auto a = static_cast<std::size_t>(axis_[cell]);
                before[a] = previous(before[a]);
                after[a] = next(after[a]);
                const std::size_t low = strength_.index(before[0], before[1], before[2]);
                const std::size_t high = strength_.index(after[0], after[1], after[2]);
                if (!outdoes(cell, low) || !outdoes(cell, high)) {
                    continue;
                }
                const auto& temperature = gas_.temperature_k.cells;
                const std::size_t upstream = temperature[low] < temperature[high] ? low : high;
                shocks.mach.cells[cell] = std::sqrt(1 + strength_.cells[cell]);
                shocks.upstream_density.cells[cell] = gas_.density.cells[upstream];
                shocks.upstream_temperature_k.cells[cell] = temperature[upstream];
            }
        }
    }

    const GasMesh& gas_;
    int n_;
    int n_threads_;
    Mesh strength_;
    std::vector<std::int8_t> axis_;  // of the largest jump
};

}  // namespace

ShockMesh find_shocks(const GasMesh& gas, int n_threads) {
    FAINTWEB_EXPECTS(gas.density.n >= 4 && gas.temperature_k.n == gas.density.n);
    FAINTWEB_EXPECTS(gas.velocity_km_s[0].n == gas.density.n &&
                     gas.velocity_km_s[1].n == gas.density.n &&
                     gas.velocity_km_s[2].n == gas.density.n);
    return Finder(gas, n_threads).find();
}

}  // namespace faintweb::sky
