// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/gas.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "lib/base/contract.h"
#include "lib/base/fast_math.h"
#include "lib/base/parallel.h"
#include "lib/base/vector_clones.h"
#include "lib/sky/cosmology/cosmology.h"

namespace faintweb::sky {
namespace {

constexpr int block_planes = 8;          // of the mesh, that one thread fills
constexpr int segment_cells = 32;        // of a lattice row, that are interpolated together
constexpr int n_components = 6;          // displacement and velocity
constexpr float lowest_density = 1e-6F;  // keeps velocities of empty cells finite
constexpr double smoothing_cells = 0.8;
constexpr double boltzmann_erg_k = 1.380649e-16;

using Float4 = float __attribute__((vector_size(16)));

/// Part of a row of lattice cells, and the planes of the mesh that its tracers touch.
struct Segment {
    int first_plane = 0;  ///< in [0, n_mesh)
    int n_planes = 0;
};

/// What both halves of the work know about the lattice and the mesh.
class Sheet {
  public:
    Sheet(const Particles& particles, int n_mesh, int n_sheet)
        : particles_(particles),
          n_(particles.n),
          n_mesh_(n_mesh),
          n_sheet_(n_sheet),
          segments_per_row_((n_ + segment_cells - 1) / segment_cells),
          cells_per_mpc_(static_cast<float>(n_mesh / particles.box_mpc)),
          cells_per_lattice_(static_cast<float>(n_mesh) / static_cast<float>(n_)) {}

    const Particles& particles() const { return particles_; }
    int n() const { return n_; }
    int n_mesh() const { return n_mesh_; }
    int n_sheet() const { return n_sheet_; }
    int segments_per_row() const { return segments_per_row_; }
    float cells_per_mpc() const { return cells_per_mpc_; }
    float cells_per_lattice() const { return cells_per_lattice_; }

    /// Segments in lattice order: number ((i n) + j) segments_per_row + s.
    std::vector<Segment> segments(int n_threads) const;

  private:
    const Particles& particles_;
    int n_;
    int n_mesh_;
    int n_sheet_;
    int segments_per_row_;
    float cells_per_mpc_;
    float cells_per_lattice_;
};

std::size_t lattice_index(int n, int i, int j, int k) {
    const auto edge = static_cast<std::size_t>(n);
    return (static_cast<std::size_t>(i % n) * edge + static_cast<std::size_t>(j % n)) * edge +
           static_cast<std::size_t>(k % n);
}

int modulo(int a, int n) {
    return ((a % n) + n) % n;
}

std::vector<Segment> Sheet::segments(int n_threads) const {
    const auto edge = static_cast<std::size_t>(n_);
    const auto per_row = static_cast<std::size_t>(segments_per_row_);
    std::vector<Segment> segments(edge * edge * per_row);
    base::parallel_for(n_threads, edge, [&](std::size_t plane) {
        const int i = static_cast<int>(plane);
        for (int j = 0; j < n_; ++j) {
            for (int s = 0; s < segments_per_row_; ++s) {
                const int first = s * segment_cells;
                const int last = std::min(n_, first + segment_cells);  // a point, not a cell
                float low = particles_.displacement_mpc[lattice_index(n_, i, j, first)][0];
                float high = low;
                for (int corner = 0; corner < 4; ++corner) {
                    for (int k = first; k <= last; ++k) {
                        const float x = particles_.displacement_mpc[lattice_index(
                            n_, i + corner / 2, j + corner % 2, k)][0];
                        low = std::min(low, x);
                        high = std::max(high, x);
                    }
                }
                // The margin covers the rounding of interpolated positions.
                constexpr float margin = 0.01F;
                const float from =
                    static_cast<float>(i) * cells_per_lattice_ + low * cells_per_mpc_ - margin;
                const float to =
                    static_cast<float>(i + 1) * cells_per_lattice_ + high * cells_per_mpc_ + margin;
                const int first_plane = static_cast<int>(std::floor(from));
                const int last_plane = static_cast<int>(std::floor(to)) + 1;
                segments[(plane * edge + static_cast<std::size_t>(j)) * per_row +
                         static_cast<std::size_t>(s)] = {modulo(first_plane, n_mesh_),
                                                         last_plane - first_plane + 1};
            }
        }
    });
    return segments;
}

/// The tracers of a part of a lattice row that share their place in the cell.
struct Tracers {
    int cell[3][segment_cells];     // mesh cell below, in [0, n_mesh)
    float share[3][segment_cells];  // of the next one
    float velocity[3][segment_cells];
    float speed2[segment_cells];
};

/// Displacements and velocities along one line of the sheet, [component][point].
using Line = float[n_components][segment_cells + 1];

/// Line between the lattice rows of four corners, at shares (x, y) of the cell.
FAINTWEB_VECTOR_CLONES void interpolate_line(const Line (&corners)[4],
                                             float share_x,
                                             float share_y,
                                             Line& line) {
    const float w00 = (1 - share_x) * (1 - share_y);
    const float w01 = (1 - share_x) * share_y;
    const float w10 = share_x * (1 - share_y);
    const float w11 = share_x * share_y;
    for (int c = 0; c < n_components; ++c) {
        for (int p = 0; p <= segment_cells; ++p) {
            line[c][p] = w00 * corners[0][c][p] + w01 * corners[1][c][p] + w10 * corners[2][c][p] +
                         w11 * corners[3][c][p];
        }
    }
}

/// Tracers at share_z of each cell of a line; start[a] + p * step[a] is the undisplaced place of
/// cell p, in mesh cells.
FAINTWEB_VECTOR_CLONES void place_tracers(const Line& line,
                                          float share_z,
                                          const float (&start)[3],
                                          const float (&step)[3],
                                          float cells_per_mpc,
                                          int n_mesh,
                                          Tracers& tracers) {
    const auto n = static_cast<float>(n_mesh);
    const float per_n = 1 / n;
    for (int a = 0; a < 3; ++a) {
        for (int p = 0; p < segment_cells; ++p) {
            const float displacement = line[a][p] * (1 - share_z) + line[a][p + 1] * share_z;
            float x = start[a] + static_cast<float>(p) * step[a] + displacement * cells_per_mpc;
            const float turns = x * per_n;
            float whole = static_cast<float>(static_cast<int>(turns));
            whole -= whole > turns ? 1.0F : 0.0F;
            x -= whole * n;
            // Rounding may leave x at either end: such a tracer stays in the outermost cell, with
            // all its weight on the near side.
            x = x < 0 ? 0 : x;
            int cell = static_cast<int>(x);
            cell = cell > n_mesh - 1 ? n_mesh - 1 : cell;
            tracers.cell[a][p] = cell;
            tracers.share[a][p] = x - static_cast<float>(cell);
        }
    }
    for (int p = 0; p < segment_cells; ++p) {
        tracers.speed2[p] = 0;
    }
    for (int a = 0; a < 3; ++a) {
        for (int p = 0; p < segment_cells; ++p) {
            const float v = line[3 + a][p] * (1 - share_z) + line[3 + a][p + 1] * share_z;
            tracers.velocity[a][p] = v;
            tracers.speed2[p] += v * v;
        }
    }
}

/// Sums of tracers in some planes of the mesh, with a plane, row and column more than those, so
/// that the eight corners of a tracer need no wrapping.
///
/// Plane 0 lies before the first own plane, and the last one takes what belongs to the next block.
class Block {
  public:
    Block(int n_mesh, int first_plane, int n_planes)
        : n_mesh_(n_mesh),
          first_plane_(first_plane),
          n_planes_(n_planes),
          row_(static_cast<std::size_t>(n_mesh) + 1),
          plane_(row_ * row_),
          mass_momentum_(plane_ * static_cast<std::size_t>(n_planes + 2), Float4{}),
          energy_(mass_momentum_.size(), 0) {}

    /// Adds the first n_tracers of a set; those of other blocks are passed over.
    void add(const Tracers& tracers, int n_tracers) {
        for (int p = 0; p < n_tracers; ++p) {
            int plane = tracers.cell[0][p] - first_plane_ + 1;
            plane += plane < 0 ? n_mesh_ : 0;
            plane -= plane >= n_mesh_ ? n_mesh_ : 0;
            if (plane > n_planes_) {
                continue;
            }
            const std::size_t cell = static_cast<std::size_t>(plane) * plane_ +
                                     static_cast<std::size_t>(tracers.cell[1][p]) * row_ +
                                     static_cast<std::size_t>(tracers.cell[2][p]);
            const Float4 values{1, tracers.velocity[0][p], tracers.velocity[1][p],
                                tracers.velocity[2][p]};
            const float energy = tracers.speed2[p];
            const float x = tracers.share[0][p];
            const float y = tracers.share[1][p];
            const float z = tracers.share[2][p];
            add_pair(cell, (1 - x) * (1 - y), z, values, energy);
            add_pair(cell + row_, (1 - x) * y, z, values, energy);
            add_pair(cell + plane_, x * (1 - y), z, values, energy);
            add_pair(cell + plane_ + row_, x * y, z, values, energy);
        }
    }

    /// Writes the own planes, times scale, to meshes of mass, momentum (3) and energy.
    void write(float scale, const std::array<float*, 5>& cells) {
        const auto n = static_cast<std::size_t>(n_mesh_);
        for (std::size_t plane = 0; plane < static_cast<std::size_t>(n_planes_); ++plane) {
            const std::size_t from = (plane + 1) * plane_;
            // The row and the column beyond the edge belong to the first ones.
            for (std::size_t k = 0; k <= n; ++k) {
                mass_momentum_[from + k] += mass_momentum_[from + n * row_ + k];
                energy_[from + k] += energy_[from + n * row_ + k];
            }
            for (std::size_t j = 0; j < n; ++j) {
                const std::size_t row = from + j * row_;
                mass_momentum_[row] += mass_momentum_[row + n];
                energy_[row] += energy_[row + n];
                const std::size_t to =
                    ((static_cast<std::size_t>(first_plane_) + plane) * n + j) * n;
                for (std::size_t k = 0; k < n; ++k) {
                    for (std::size_t c = 0; c < 4; ++c) {
                        cells[c][to + k] = scale * mass_momentum_[row + k][c];
                    }
                    cells[4][to + k] = scale * energy_[row + k];
                }
            }
        }
    }

  private:
    void add_pair(
        std::size_t cell, float weight, float share_z, const Float4& values, float energy) {
        const float near = weight * (1 - share_z);
        const float far = weight * share_z;
        mass_momentum_[cell] += near * values;
        mass_momentum_[cell + 1] += far * values;
        energy_[cell] += near * energy;
        energy_[cell + 1] += far * energy;
    }

    int n_mesh_;
    int first_plane_;
    int n_planes_;
    std::size_t row_;
    std::size_t plane_;
    std::vector<Float4> mass_momentum_;
    std::vector<float> energy_;
};

/// Adds all tracers of a segment to a block.
void add_segment(const Sheet& sheet, int i, int j, int s, Block& block) {
    const int first = s * segment_cells;
    const int n_cells = std::min(segment_cells, sheet.n() - first);
    Line corners[4];
    for (int corner = 0; corner < 4; ++corner) {
        for (int p = 0; p <= segment_cells; ++p) {
            const std::size_t particle = lattice_index(sheet.n(), i + corner / 2, j + corner % 2,
                                                       first + std::min(p, n_cells));
            for (std::size_t a = 0; a < 3; ++a) {
                corners[corner][a][p] = sheet.particles().displacement_mpc[particle][a];
                corners[corner][3 + a][p] = sheet.particles().velocity_km_s[particle][a];
            }
        }
    }
    const auto share_of = [&](int tracer) {
        return (static_cast<float>(tracer) + 0.5F) / static_cast<float>(sheet.n_sheet());
    };
    const float spacing = sheet.cells_per_lattice();
    Line line;
    Tracers tracers;
    for (int a = 0; a < sheet.n_sheet(); ++a) {
        for (int b = 0; b < sheet.n_sheet(); ++b) {
            interpolate_line(corners, share_of(a), share_of(b), line);
            for (int c = 0; c < sheet.n_sheet(); ++c) {
                const float start[3] = {(static_cast<float>(i) + share_of(a)) * spacing,
                                        (static_cast<float>(j) + share_of(b)) * spacing,
                                        (static_cast<float>(first) + share_of(c)) * spacing};
                const float step[3] = {0, 0, spacing};
                place_tracers(line, share_of(c), start, step, sheet.cells_per_mpc(), sheet.n_mesh(),
                              tracers);
                block.add(tracers, n_cells);
            }
        }
    }
}

/// Sums mass, momentum and energy of the tracers, per mean mass of a cell, into five meshes.
///
/// Each thread fills its own planes from all segments that reach them, always in lattice order, so
/// that no sum depends on the threads; a segment is interpolated again for every block it reaches.
void deposit(const Sheet& sheet, int n_threads, const std::array<float*, 5>& cells) {
    const std::vector<Segment> segments = sheet.segments(n_threads);
    const int n = sheet.n();
    const int n_mesh = sheet.n_mesh();
    // At most half the mesh: the plane before a block must not be one of its own.
    const int planes = std::min(block_planes, n_mesh / 2);
    const int n_blocks = (n_mesh + planes - 1) / planes;
    const double tracers_per_cell =
        std::pow(static_cast<double>(n) * static_cast<double>(sheet.n_sheet()) / n_mesh, 3);
    base::parallel_for(n_threads, static_cast<std::size_t>(n_blocks), [&](std::size_t number) {
        const int first_plane = static_cast<int>(number) * planes;
        const int n_planes = std::min(planes, n_mesh - first_plane);
        Block block(n_mesh, first_plane, n_planes);
        std::size_t next = 0;
        for (int i = 0; i < n; ++i) {
            for (int j = 0; j < n; ++j) {
                for (int s = 0; s < sheet.segments_per_row(); ++s, ++next) {
                    const Segment& segment = segments[next];
                    if (modulo(segment.first_plane - first_plane, n_mesh) < n_planes ||
                        modulo(first_plane - segment.first_plane, n_mesh) < segment.n_planes) {
                        add_segment(sheet, i, j, s, block);
                    }
                }
            }
        }
        block.write(static_cast<float>(1 / tracers_per_cell), cells);
    });
}

/// Turns smoothed mass, momentum and energy into density, velocity and temperature, in place.
FAINTWEB_VECTOR_CLONES void finish(std::size_t n,
                                   float* density,
                                   float* velocity_x,
                                   float* velocity_y,
                                   float* velocity_z,
                                   float* energy_to_temperature) {
    // Kelvin per (km/s)^2 of dispersion along one axis.
    constexpr auto kelvin =
        static_cast<float>(mass_per_particle * proton_mass_gram * 1e10 / boltzmann_erg_k);
    for (std::size_t i = 0; i < n; ++i) {
        const float rho = density[i] < lowest_density ? lowest_density : density[i];
        const float vx = velocity_x[i] / rho;
        const float vy = velocity_y[i] / rho;
        const float vz = velocity_z[i] / rho;
        const float spread = energy_to_temperature[i] / rho - (vx * vx + vy * vy + vz * vz);
        const float dispersion = (spread > 0 ? spread : 0) / 3;
        // The relation of gas that was heated by the ultraviolet background alone.
        const float adiabat =
            1e4F * base::fast_exp2(0.6F * base::fast_log2(rho < 0.1F ? 0.1F : rho));
        density[i] = rho;
        velocity_x[i] = vx;
        velocity_y[i] = vy;
        velocity_z[i] = vz;
        energy_to_temperature[i] = kelvin * dispersion + adiabat;
    }
}

}  // namespace

GasMesh sheet_gas(const Particles& particles, int n_mesh, int n_sheet, int n_threads) {
    FAINTWEB_EXPECTS(particles.n > 0 && particles.box_mpc > 0);
    FAINTWEB_EXPECTS(n_mesh >= 2 && n_sheet >= 1);
    const auto n_particles =
        lattice_index(particles.n, particles.n - 1, particles.n - 1, particles.n - 1) + 1;
    FAINTWEB_EXPECTS(particles.displacement_mpc.size() == n_particles);
    FAINTWEB_EXPECTS(particles.velocity_km_s.size() == n_particles);
    GasMesh gas;
    gas.box_mpc = particles.box_mpc;
    gas.z = particles.z;
    const std::array<Mesh*, 5> meshes = {&gas.density, &gas.velocity_km_s[0], &gas.velocity_km_s[1],
                                         &gas.velocity_km_s[2], &gas.temperature_k};
    std::array<float*, 5> cells;
    base::parallel_for(n_threads, meshes.size(), [&](std::size_t m) {
        *meshes[m] = make_mesh(n_mesh);
        cells[m] = meshes[m]->cells.data();
    });
    deposit(Sheet(particles, n_mesh, n_sheet), n_threads, cells);
    for (Mesh* const mesh : meshes) {
        smooth_periodic(*mesh, smoothing_cells, n_threads);
    }
    const auto plane = static_cast<std::size_t>(n_mesh) * static_cast<std::size_t>(n_mesh);
    base::parallel_for(n_threads, static_cast<std::size_t>(n_mesh), [&](std::size_t i) {
        const std::size_t from = i * plane;
        finish(plane, cells[0] + from, cells[1] + from, cells[2] + from, cells[3] + from,
               cells[4] + from);
    });
    return gas;
}

}  // namespace faintweb::sky
