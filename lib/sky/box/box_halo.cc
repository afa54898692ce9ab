// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/box_halo.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"

namespace faintweb::sky {
namespace {

constexpr float lowest_peak_density = 12;
constexpr int bins_per_cell = 16;  // of the profile around a peak
constexpr double r100_per_r200 = 1.33;

struct Peak {
    int i = 0;
    int j = 0;
    int k = 0;
    float density = 0;
    double radius_cells = 0;  ///< of its sphere; 0 = none
};

int wrapped(int i, int n) {
    return ((i % n) + n) % n;
}

/// The cell is denser than its 26 neighbours; of equal ones the first counts as the denser.
bool is_peak(const Mesh& mesh, int i, int j, int k) {
    const float centre = mesh.at(i, j, k);
    const std::size_t own = mesh.index(i, j, k);
    for (int a = i - 1; a <= i + 1; ++a) {
        for (int b = j - 1; b <= j + 1; ++b) {
            for (int c = k - 1; c <= k + 1; ++c) {
                const std::size_t other =
                    mesh.index(wrapped(a, mesh.n), wrapped(b, mesh.n), wrapped(c, mesh.n));
                const float value = mesh.cells[other];
                if (value > centre || (value == centre && other < own)) {
                    return false;
                }
            }
        }
    }
    return true;
}

/// All peaks, densest first.
std::vector<Peak> find_peaks(const Mesh& mesh, int n_threads) {
    const auto n = static_cast<std::size_t>(mesh.n);
    std::vector<std::vector<Peak>> of_plane(n);
    base::parallel_for(n_threads, n, [&](std::size_t plane) {
        const int i = static_cast<int>(plane);
        for (int j = 0; j < mesh.n; ++j) {
            const float* const row = &mesh.cells[mesh.index(i, j, 0)];
            for (int k = 0; k < mesh.n; ++k) {
                if (row[k] > lowest_peak_density && is_peak(mesh, i, j, k)) {
                    of_plane[plane].push_back({i, j, k, row[k]});
                }
            }
        }
    });
    std::vector<Peak> peaks;
    for (const std::vector<Peak>& part : of_plane) {
        peaks.insert(peaks.end(), part.begin(), part.end());
    }
    std::stable_sort(peaks.begin(), peaks.end(),
                     [](const Peak& a, const Peak& b) { return a.density > b.density; });
    return peaks;
}

/// Where the density has its maximum between the cells along one axis, in cells from the middle
/// one: that of a parabola through three logarithms.
double peak_offset(float before, float middle, float after) {
    const double low = std::log(std::max<double>(before, 1e-3));
    const double top = std::log(static_cast<double>(middle));
    const double high = std::log(std::max<double>(after, 1e-3));
    const double curvature = low - 2 * top + high;
    return curvature < 0 ? std::clamp(0.5 * (low - high) / curvature, -0.5, 0.5) : 0;
}

std::array<double, 3> peak_centre(const Mesh& mesh, const Peak& peak) {
    const int n = mesh.n;
    const auto [i, j, k, density, radius] = peak;
    return {i + peak_offset(mesh.at(wrapped(i - 1, n), j, k), density,
                            mesh.at(wrapped(i + 1, n), j, k)),
            j + peak_offset(mesh.at(i, wrapped(j - 1, n), k), density,
                            mesh.at(i, wrapped(j + 1, n), k)),
            k + peak_offset(mesh.at(i, j, wrapped(k - 1, n)), density,
                            mesh.at(i, j, wrapped(k + 1, n)))};
}

/// What a sphere holds, in cells: mass in those of the mean density.
struct Contents {
    double mass = 0;
    double volume = 0;
};

/// Cells around a point by the distance of their middle.
class Profile {
  public:
    explicit Profile(int reach)
        : up_to_(static_cast<std::size_t>((reach + 1) * bins_per_cell) + 1) {}

    void add_cell(double distance, double density) {
        Contents& bin = up_to_[static_cast<std::size_t>(distance * bins_per_cell) + 1];
        bin.mass += density;
        bin.volume += 1;
    }
    /// To be called once, when all cells are there.
    void sum_up() {
        for (std::size_t bin = 1; bin < up_to_.size(); ++bin) {
            up_to_[bin].mass += up_to_[bin - 1].mass;
            up_to_[bin].volume += up_to_[bin - 1].volume;
        }
    }
    /// Contents of the sphere of radius bin / bins_per_cell.
    ///
    /// A cell enters it little by little, from half a cell before its middle is reached to half a
    /// cell behind it: without that, small spheres would grow in steps.
    Contents inside(int bin) const {
        constexpr int half = bins_per_cell / 2;
        Contents sum;
        for (int edge = std::max(0, bin - half); edge <= bin + half; ++edge) {
            sum.mass += up_to_[static_cast<std::size_t>(edge)].mass / (2 * half + 1);
            sum.volume += up_to_[static_cast<std::size_t>(edge)].volume / (2 * half + 1);
        }
        return sum;
    }

  private:
    std::vector<Contents> up_to_;  // [bin]: of all cells nearer than bin / bins_per_cell
};

/// Profile to `reach` cells around a peak, and half a cell further.
Profile measure_profile(const Mesh& mesh, const Peak& peak, int reach) {
    const std::array<double, 3> centre = peak_centre(mesh, peak);
    Profile profile(reach);
    const double farthest = reach + 0.5;
    for (int a = -reach - 1; a <= reach + 1; ++a) {
        const double x = peak.i + a - centre[0];
        for (int b = -reach - 1; b <= reach + 1; ++b) {
            const double y = peak.j + b - centre[1];
            const double across = x * x + y * y;
            if (across >= farthest * farthest) {
                continue;
            }
            const float* const row = &mesh.cells[mesh.index(wrapped(peak.i + a, mesh.n),
                                                            wrapped(peak.j + b, mesh.n), 0)];
            const int half_row = static_cast<int>(std::sqrt(farthest * farthest - across)) + 1;
            for (int c = -half_row; c <= half_row; ++c) {
                const double z = peak.k + c - centre[2];
                const double distance = std::sqrt(across + z * z);
                if (distance < farthest) {
                    profile.add_cell(distance, row[wrapped(peak.k + c, mesh.n)]);
                }
            }
        }
    }
    profile.sum_up();
    return profile;
}

/// Volume around a peak whose mean density has fallen to sphere_density, in cells; 0 if not even
/// the peak is that dense. It looks no further than half the mesh.
double sphere_volume(const Mesh& mesh, const Peak& peak, double sphere_density) {
    if (peak.density <= sphere_density) {
        return 0;
    }
    const int farthest = mesh.n / 2 - 1;
    for (int reach = std::min(5, farthest);; reach = std::min(2 * reach, farthest)) {
        const Profile profile = measure_profile(mesh, peak, reach);
        double volume = 0;
        double density = peak.density;
        for (int bin = 0; bin <= reach * bins_per_cell; ++bin) {
            const Contents inside = profile.inside(bin);
            if (inside.volume == 0) {
                continue;
            }
            const double mean = inside.mass / inside.volume;
            if (mean <= sphere_density) {
                const double share = (density - sphere_density) / (density - mean);
                return volume + share * (inside.volume - volume);
            }
            volume = inside.volume;
            density = mean;
        }
        if (reach == farthest) {
            return volume;
        }
    }
}

/// Marks the cells whose middle lies within radius of a point.
void mark_sphere(const Mesh& mesh,
                 const std::array<double, 3>& centre,
                 double radius,
                 std::vector<bool>& taken) {
    const int reach = static_cast<int>(radius) + 1;
    const std::array<int, 3> middle = {static_cast<int>(std::lround(centre[0])),
                                       static_cast<int>(std::lround(centre[1])),
                                       static_cast<int>(std::lround(centre[2]))};
    for (int i = middle[0] - reach; i <= middle[0] + reach; ++i) {
        for (int j = middle[1] - reach; j <= middle[1] + reach; ++j) {
            for (int k = middle[2] - reach; k <= middle[2] + reach; ++k) {
                const double x = i - centre[0];
                const double y = j - centre[1];
                const double z = k - centre[2];
                if (x * x + y * y + z * z <= radius * radius) {
                    taken[mesh.index(wrapped(i, mesh.n), wrapped(j, mesh.n), wrapped(k, mesh.n))] =
                        true;
                }
            }
        }
    }
}

/// Gives haloes of known mass_msun their radii.
void set_radii(const Cosmology& cosmology, double z, std::vector<BoxHalo>& haloes) {
    const double density_200 = 200 * critical_density_msun_mpc3(cosmology, z);
    for (BoxHalo& halo : haloes) {
        halo.r200_mpc = std::cbrt(3 * critical_per_mean_mass * halo.mass_msun /
                                  (4 * std::numbers::pi * density_200));
        halo.r100_mpc = r100_per_r200 * halo.r200_mpc;
    }
}

}  // namespace

std::vector<BoxHalo> find_haloes(const Cosmology& cosmology,
                                 const Mesh& density,
                                 double box_mpc,
                                 int n_threads,
                                 double sphere_density) {
    FAINTWEB_EXPECTS(density.n >= 8 && box_mpc > 0 && sphere_density > 0);
    std::vector<Peak> peaks = find_peaks(density, n_threads);
    // Also of peaks that will be dropped, so that this, the costly part, can be shared out.
    base::parallel_for(n_threads, peaks.size(), [&](std::size_t p) {
        const double volume = sphere_volume(density, peaks[p], sphere_density);
        peaks[p].radius_cells = std::cbrt(3 * volume / (4 * std::numbers::pi));
    });
    const double cell_mpc = box_mpc / density.n;
    std::vector<bool> taken(density.cells.size(), false);
    std::vector<BoxHalo> haloes;
    for (const Peak& peak : peaks) {
        if (peak.radius_cells == 0 || taken[density.index(peak.i, peak.j, peak.k)]) {
            continue;
        }
        const std::array<double, 3> centre = peak_centre(density, peak);
        mark_sphere(density, centre, peak.radius_cells, taken);
        BoxHalo halo;
        for (std::size_t a = 0; a < 3; ++a) {
            const double position = centre[a] * cell_mpc;
            halo.position_mpc[a] = position < 0 ? position + box_mpc : position;
        }
        const double radius_mpc = peak.radius_cells * cell_mpc;
        halo.mesh_mass_msun = 4 * std::numbers::pi / 3 * sphere_density *
                              cosmology.matter_density_msun_mpc3() * std::pow(radius_mpc, 3);
        haloes.push_back(halo);
    }
    std::stable_sort(haloes.begin(), haloes.end(), [](const BoxHalo& a, const BoxHalo& b) {
        return a.mesh_mass_msun > b.mesh_mass_msun;
    });
    for (std::size_t h = 0; h < haloes.size(); ++h) {
        haloes[h].id = static_cast<std::uint32_t>(h);
    }
    return haloes;
}

void match_abundance(const Cosmology& cosmology,
                     const MassFunction& mass_function,
                     double box_mpc,
                     double z,
                     std::vector<BoxHalo>& haloes) {
    const double volume_mpc3 = std::pow(box_mpc, 3);
    std::vector<double> n_per_mpc3;
    n_per_mpc3.reserve(haloes.size());
    for (std::size_t rank = 0; rank < haloes.size(); ++rank) {
        n_per_mpc3.push_back((static_cast<double>(rank) + 0.5) / volume_mpc3);
    }
    const std::vector<double> masses = mass_function.masses_at_n_greater(n_per_mpc3, z);
    for (std::size_t rank = 0; rank < haloes.size(); ++rank) {
        haloes[rank].mass_msun = masses[rank];
    }
    set_radii(cosmology, z, haloes);
}

void keep_mesh_masses(const Cosmology& cosmology, double z, std::vector<BoxHalo>& haloes) {
    for (BoxHalo& halo : haloes) {
        halo.mass_msun = halo.mesh_mass_msun;
    }
    set_radii(cosmology, z, haloes);
}

}  // namespace faintweb::sky
