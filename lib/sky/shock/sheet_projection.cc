// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/sheet_projection.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "lib/base/contract.h"
#include "lib/base/fast_math.h"
#include "lib/base/parallel.h"
#include "lib/sky/box/separable_filter.h"

namespace faintweb::sky {
namespace {

constexpr int n_levels = 6;
constexpr double spacing_factor = 1.2;
constexpr double widest_px = 1.5;  // a tracer goes to the level where it is no wider than this
constexpr double coarsest_sigma_px = 0.8;
constexpr double level_sigma_px = 0.7;
constexpr std::size_t image_budget_bytes = std::size_t{3} << 29;  // 1.5 GiB
// Brightness of a fold.
constexpr float softening = 0.02F;
constexpr float least_stretch = 0.3F;
constexpr float most_stretch = 20;
constexpr float stretch_power = 0.7F;
/// Tracers handled together; lattice cells of a block, which stays together in space, so that what
/// it reads and writes stays in the cache.
constexpr int width = 16;
constexpr int block_rows = 8;

using Float4 = float __attribute__((vector_size(16)));
using Double2 = double __attribute__((vector_size(16)));
using Int2 = std::int64_t __attribute__((vector_size(16)));

/// Nearest integer of numbers below 2^51: adding this constant leaves it in the low bits.
constexpr double rounding_constant = 0x1.8p52;

Int2 nearest(Double2 value) {
    const Double2 shifted = value + rounding_constant;
    return std::bit_cast<Int2>(shifted) - std::bit_cast<std::int64_t>(rounding_constant);
}

/// Units of fixed point per value: a pixel can hold all tracers at their largest, and the largest
/// has the 2^50 that nearest() can take, or 2^60 / n_tracers (2^33 for 512^3, ten decades).
double units_per(double largest, double n_tracers) {
    return largest > 0 ? std::min(0x1p50, 0x1p60 / n_tracers) / largest : 1;
}

/// Edges of the levels of a map, fine to coarse.
std::array<int, n_levels> level_edges_px(int map_px) {
    std::array<int, n_levels> edges{};
    for (int& edge : edges) {
        edge = map_px;
        map_px = (map_px + 1) / 2;
    }
    return edges;
}

/// Emissivity and density of a mesh side by side, each row with its first cell again at the end.
class PairedMesh {
  public:
    PairedMesh(const Mesh& emissivity, const Mesh& density, int n_threads)
        : n_(emissivity.n), row_(static_cast<std::size_t>(n_) + 1) {
        const auto n = static_cast<std::size_t>(n_);
        pairs_.resize(n * n * row_);
        base::parallel_for(n_threads, n, [&](std::size_t i) {
            for (std::size_t line = i * n; line < (i + 1) * n; ++line) {
                for (std::size_t k = 0; k <= n; ++k) {
                    const std::size_t from = line * n + (k == n ? 0 : k);
                    pairs_[line * row_ + k] = {emissivity.cells[from], density.cells[from]};
                }
            }
        });
    }

    /// Trilinear values at a position in 0 .. 1 box edges.
    std::pair<float, float> interpolate(float x, float y, float z) const {
        const auto [i0, i1, a] = place(x);
        const auto [j0, j1, b] = place(y);
        const auto [k0, k1, c] = place(z);
        const Float4 near = (1 - b) * load(i0, j0, k0) + b * load(i0, j1, k0);
        const Float4 far = (1 - b) * load(i1, j0, k0) + b * load(i1, j1, k0);
        const Float4 both = (1 - a) * near + a * far;
        return {(1 - c) * both[0] + c * both[2], (1 - c) * both[1] + c * both[3]};
    }

  private:
    struct Place {
        std::size_t low;
        std::size_t high;
        float share;
    };

    Place place(float x) const {
        const float cells = x * static_cast<float>(n_);
        const int low = std::min(static_cast<int>(cells), n_ - 1);
        const int high = low + 1 == n_ ? 0 : low + 1;
        return {static_cast<std::size_t>(low), static_cast<std::size_t>(high),
                cells - static_cast<float>(low)};
    }

    /// Both values of cells k and k + 1.
    Float4 load(std::size_t i, std::size_t j, std::size_t k) const {
        Float4 values;
        std::memcpy(&values, pairs_.data() + (i * static_cast<std::size_t>(n_) + j) * row_ + k,
                    sizeof values);
        return values;
    }

    int n_;
    std::size_t row_;
    std::vector<std::array<float, 2>> pairs_;
};

/// Fixed-point sums of emission and mass per pixel, of all levels along all axes.
class Pyramid {
  public:
    explicit Pyramid(int map_px) : edges_px_(level_edges_px(map_px)) {
        for (auto& axis : sums_) {
            for (std::size_t level = 0; level < n_levels; ++level) {
                const auto edge = static_cast<std::size_t>(edges_px_[level]);
                axis[level].assign(edge * edge, Int2{});
            }
        }
    }

    static std::size_t size_bytes(int map_px) {
        std::size_t n = 0;
        for (const int edge : level_edges_px(map_px)) {
            n += 3 * static_cast<std::size_t>(edge) * static_cast<std::size_t>(edge);
        }
        return n * sizeof(Int2);
    }

    /// Shares a tracer out among four pixels along each axis.
    /// @param position  0 .. 1 box edges.
    /// @param values    emission and mass, in units of fixed point.
    void add(std::size_t level, const std::array<float, 3>& position, Double2 values) {
        const int edge = edges_px_[level];
        std::array<std::size_t, 3> low;
        std::array<std::size_t, 3> high;
        std::array<double, 3> share;
        for (std::size_t a = 0; a < 3; ++a) {
            // One pixel up, so that truncation is the floor.
            const float pixel = position[a] * static_cast<float>(edge) + 0.5F;
            const int above = static_cast<int>(pixel);
            share[a] = static_cast<double>(pixel - static_cast<float>(above));
            low[a] = static_cast<std::size_t>(above == 0 ? edge - 1 : above - 1);
            high[a] = static_cast<std::size_t>(above >= edge ? 0 : above);
        }
        for (std::size_t axis = 0; axis < 3; ++axis) {
            const std::size_t column = axis == 2 ? 0 : axis + 1;
            const std::size_t row = axis == 0 ? 2 : axis - 1;
            Int2* const sums = sums_[axis][level].data();
            Int2* const lower = sums + low[row] * static_cast<std::size_t>(edge);
            Int2* const upper = sums + high[row] * static_cast<std::size_t>(edge);
            const Double2 to_upper = values * share[row];
            const Double2 to_lower = values - to_upper;
            lower[low[column]] += nearest(to_lower * (1 - share[column]));
            lower[high[column]] += nearest(to_lower * share[column]);
            upper[low[column]] += nearest(to_upper * (1 - share[column]));
            upper[high[column]] += nearest(to_upper * share[column]);
        }
    }

    /// Sums of one level of several pyramids, [edge, edge]; value = 0 for emission, 1 for mass.
    static image::Image picture(const std::vector<Pyramid>& pyramids,
                                std::size_t axis,
                                std::size_t level,
                                std::size_t value,
                                double scale,
                                int n_threads) {
        const auto edge = static_cast<std::size_t>(pyramids.front().edges_px_[level]);
        image::Image picture =
            image::make_image(static_cast<std::int64_t>(edge), static_cast<std::int64_t>(edge));
        base::parallel_for(n_threads, edge, [&](std::size_t row) {
            for (std::size_t i = row * edge; i < (row + 1) * edge; ++i) {
                std::int64_t sum = 0;
                for (const Pyramid& pyramid : pyramids) {
                    sum += pyramid.sums_[axis][level][i][value];
                }
                picture.pixels[i] = static_cast<float>(static_cast<double>(sum) * scale);
            }
        });
        return picture;
    }

  private:
    std::array<int, n_levels> edges_px_;
    std::array<std::array<std::vector<Int2>, n_levels>, 3> sums_;
};

/// filter_separable across periodic edges.
image::Image filter_periodic(const image::Image& picture,
                             const std::vector<float>& taps,
                             int n_threads) {
    const auto reach = static_cast<std::int64_t>(taps.size()) - 1;
    const std::int64_t n = picture.rows;
    image::Image padded = image::make_image(n + 2 * reach, n + 2 * reach);
    const auto wrapped = [&](std::int64_t i) { return ((i - reach) % n + n) % n; };
    for (std::int64_t row = 0; row < padded.rows; ++row) {
        const auto from = picture.row(wrapped(row));
        const auto to = padded.row(row);
        std::copy(from.begin(), from.end(), to.begin() + reach);
        for (std::int64_t i = 0; i < reach; ++i) {
            to[static_cast<std::size_t>(i)] = from[static_cast<std::size_t>(wrapped(i))];
            to[static_cast<std::size_t>(reach + n + i)] =
                from[static_cast<std::size_t>(wrapped(reach + n + i))];
        }
    }
    const image::Image filtered = filter_separable(padded, taps, n_threads);
    image::Image out = image::make_image(n, n);
    for (std::int64_t row = 0; row < n; ++row) {
        const auto from = filtered.row(row + reach).subspan(static_cast<std::size_t>(reach));
        const auto to = out.row(row);
        std::copy(from.begin(), from.begin() + n, to.begin());
    }
    return out;
}

/// Adds a coarse level to the next finer one, shared out by the area that pixels have in common.
void add_coarse(const image::Image& coarse, image::Image& fine, int n_threads) {
    struct Overlap {
        std::int64_t first;
        std::int64_t second;
        float to_first;
        float to_second;
    };
    std::vector<Overlap> overlaps;
    for (std::int64_t i = 0; i < fine.rows; ++i) {
        // In units of 1 / fine.rows of a coarse pixel.
        const std::int64_t begin = i * coarse.rows;
        const std::int64_t end = begin + coarse.rows;
        const std::int64_t first = begin / fine.rows;
        const std::int64_t split = std::min(end, (first + 1) * fine.rows);
        const auto unit = static_cast<float>(fine.rows);
        overlaps.push_back({first, std::min(first + 1, coarse.rows - 1),
                            static_cast<float>(split - begin) / unit,
                            static_cast<float>(end - split) / unit});
    }
    base::parallel_for(n_threads, overlaps.size(), [&](std::size_t row) {
        const Overlap& o = overlaps[row];
        std::vector<float> line(static_cast<std::size_t>(coarse.cols));
        for (std::size_t i = 0; i < line.size(); ++i) {
            line[i] = o.to_first * coarse.row(o.first)[i] + o.to_second * coarse.row(o.second)[i];
        }
        const auto to = fine.row(static_cast<std::int64_t>(row));
        for (std::size_t i = 0; i < to.size(); ++i) {
            to[i] += overlaps[i].to_first * line[static_cast<std::size_t>(overlaps[i].first)] +
                     overlaps[i].to_second * line[static_cast<std::size_t>(overlaps[i].second)];
        }
    });
}

image::Image collapse(const std::vector<Pyramid>& pyramids,
                      std::size_t axis,
                      std::size_t value,
                      double scale,
                      int n_threads) {
    image::Image sum = Pyramid::picture(pyramids, axis, n_levels - 1, value, scale, n_threads);
    sum = filter_periodic(sum, gaussian_taps(coarsest_sigma_px), n_threads);
    const std::vector<float> taps = gaussian_taps(level_sigma_px);
    for (std::size_t level = n_levels - 1; level-- > 0;) {
        image::Image fine = Pyramid::picture(pyramids, axis, level, value, scale, n_threads);
        add_coarse(sum, fine, n_threads);
        sum = filter_periodic(fine, taps, n_threads);
    }
    return sum;
}

/// Runs work(job, pyramid) for all jobs, on as many pyramids as there are threads and memory for.
template <typename Work>
std::vector<Pyramid> fill_pyramids(int map_px,
                                   int n_threads,
                                   std::size_t n_jobs,
                                   const Work& work) {
    const std::size_t n_pyramids = std::clamp<std::size_t>(
        image_budget_bytes / Pyramid::size_bytes(map_px), 1, static_cast<std::size_t>(n_threads));
    std::vector<Pyramid> pyramids;
    pyramids.reserve(n_pyramids);
    while (pyramids.size() < n_pyramids) {
        pyramids.emplace_back(map_px);
    }
    std::atomic<std::size_t> next{0};
    base::parallel_for(static_cast<int>(n_pyramids), n_pyramids, [&](std::size_t number) {
        for (std::size_t job = next++; job < n_jobs; job = next++) {
            work(job, pyramids[number]);
        }
    });
    return pyramids;
}

/// @param emission_scale, mass_scale  value of a unit of fixed point.
Projection collapse_all(const std::vector<Pyramid>& pyramids,
                        double emission_scale,
                        double mass_scale,
                        int n_threads) {
    Projection projection;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        projection.emission[axis] = collapse(pyramids, axis, 0, emission_scale, n_threads);
        projection.column_density[axis] = collapse(pyramids, axis, 1, mass_scale, n_threads);
    }
    return projection;
}

/// Lowest densities for the levels: a tracer goes to the first level whose value it reaches, the
/// last level takes the rest.
std::array<float, n_levels - 1> level_densities(double spacing_px) {
    std::array<float, n_levels - 1> densities{};
    for (std::size_t level = 0; level < densities.size(); ++level) {
        const double ratio = spacing_px / (widest_px * std::ldexp(1.0, static_cast<int>(level)));
        densities[level] = static_cast<float>(ratio * ratio * ratio);
    }
    return densities;
}

/// Displacements along a line of the lattice, box edges: [component][particle].
using Line = float[3][width + 1];

/// The sheet between the particles.
class Sheet {
  public:
    Sheet(const Particles& particles, int n_sheet, const PairedMesh& mesh, double spacing_px)
        : particles_(particles),
          n_(particles.n),
          n_sheet_(n_sheet),
          mesh_(mesh),
          densities_(level_densities(spacing_px)) {}

    std::size_t n_blocks() const { return blocks(block_rows) * blocks(block_rows) * blocks(width); }

    void add_block(std::size_t block,
                   double emission_units,
                   double mass_units,
                   Pyramid& pyramid) const {
        const std::size_t per_row = blocks(width);
        const auto first_k = static_cast<int>(block % per_row) * width;
        const auto first_j = static_cast<int>(block / per_row % blocks(block_rows)) * block_rows;
        const auto first_i = static_cast<int>(block / per_row / blocks(block_rows)) * block_rows;
        for (int i = first_i; i < std::min(first_i + block_rows, n_); ++i) {
            for (int j = first_j; j < std::min(first_j + block_rows, n_); ++j) {
                add_row(i, j, first_k, emission_units, mass_units, pyramid);
            }
        }
    }

  private:
    std::size_t blocks(int edge) const { return static_cast<std::size_t>((n_ + edge - 1) / edge); }

    void add_row(int i,
                 int j,
                 int first_k,
                 double emission_units,
                 double mass_units,
                 Pyramid& pyramid) const {
        const int n_cells = std::min(width, n_ - first_k);
        Line corners[4];  // (i, j), (i, j + 1), (i + 1, j), (i + 1, j + 1)
        load(i, j, first_k, corners);
        float stretch[width];
        measure_stretch(corners, stretch);
        for (int a = 0; a < n_sheet_; ++a) {
            for (int b = 0; b < n_sheet_; ++b) {
                Line line;
                interpolate_line(corners, share(a), share(b), line);
                for (int c = 0; c < n_sheet_; ++c) {
                    float positions[3][width];
                    place(line, {place_of(i, a), place_of(j, b), place_of(first_k, c)}, share(c),
                          positions);
                    for (int p = 0; p < n_cells; ++p) {
                        const std::array<float, 3> x{positions[0][p], positions[1][p],
                                                     positions[2][p]};
                        const auto [emissivity, density] = mesh_.interpolate(x[0], x[1], x[2]);
                        std::size_t level = 0;
                        for (const float lowest : densities_) {
                            level += density < lowest ? 1 : 0;
                        }
                        const double emission = static_cast<double>(emissivity * stretch[p]);
                        pyramid.add(level, x, Double2{emission * emission_units, mass_units});
                    }
                }
            }
        }
    }

    float share(int tracer) const {
        return (static_cast<float>(tracer) + 0.5F) / static_cast<float>(n_sheet_);
    }

    /// Undisplaced place of a tracer along an axis, box edges.
    float place_of(int cell, int tracer) const {
        return (static_cast<float>(cell) + share(tracer)) / static_cast<float>(n_);
    }

    void load(int i, int j, int first_k, Line (&corners)[4]) const {
        const auto per_box = static_cast<float>(1 / particles_.box_mpc);
        const auto n = static_cast<std::size_t>(n_);
        for (std::size_t corner = 0; corner < 4; ++corner) {
            const std::size_t row = (static_cast<std::size_t>(i) + corner / 2) % n * n +
                                    (static_cast<std::size_t>(j) + corner % 2) % n;
            for (std::size_t p = 0; p <= width; ++p) {
                const std::size_t k = (static_cast<std::size_t>(first_k) + p) % n;
                for (std::size_t t = 0; t < 3; ++t) {
                    corners[corner][t][p] = particles_.displacement_mpc[row * n + k][t] * per_box;
                }
            }
        }
    }

    /// J of each cell of a row, from its corner and the three next to it.
    void measure_stretch(const Line (&corners)[4], float (&stretch)[width]) const {
        const auto per_cell = static_cast<float>(n_);
        for (int p = 0; p < width; ++p) {
            float d[3][3];  // dx_t / dq_a
            for (int t = 0; t < 3; ++t) {
                const float here = corners[0][t][p];
                d[t][0] = (corners[2][t][p] - here) * per_cell;
                d[t][1] = (corners[1][t][p] - here) * per_cell;
                d[t][2] = (corners[0][t][p + 1] - here) * per_cell;
                d[t][t] += 1;
            }
            const float determinant = d[0][0] * (d[1][1] * d[2][2] - d[1][2] * d[2][1]) -
                                      d[0][1] * (d[1][0] * d[2][2] - d[1][2] * d[2][0]) +
                                      d[0][2] * (d[1][0] * d[2][1] - d[1][1] * d[2][0]);
            const float size = determinant < 0 ? -determinant : determinant;
            float density = 1 / (size + softening);
            density = density < least_stretch ? least_stretch : density;
            density = density > most_stretch ? most_stretch : density;
            stretch[p] = 0.5F * base::fast_exp2(stretch_power * base::fast_log2(density));
        }
    }

    static void interpolate_line(const Line (&corners)[4], float x, float y, Line& line) {
        for (int t = 0; t < 3; ++t) {
            for (int p = 0; p <= width; ++p) {
                const float near = (1 - y) * corners[0][t][p] + y * corners[1][t][p];
                const float far = (1 - y) * corners[2][t][p] + y * corners[3][t][p];
                line[t][p] = (1 - x) * near + x * far;
            }
        }
    }

    /// Positions in 0 .. 1 box edges of the tracers at one share of each cell of a line.
    void place(const Line& line,
               const std::array<float, 3>& start,
               float share_z,
               float (&positions)[3][width]) const {
        const float step[3] = {0, 0, 1 / static_cast<float>(n_)};
        for (int t = 0; t < 3; ++t) {
            for (int p = 0; p < width; ++p) {
                float x = start[static_cast<std::size_t>(t)] + static_cast<float>(p) * step[t] +
                          (1 - share_z) * line[t][p] + share_z * line[t][p + 1];
                float whole = static_cast<float>(static_cast<int>(x));
                whole -= whole > x ? 1.0F : 0.0F;
                x -= whole;
                // A position just below 0 rounds to 1.
                positions[t][p] = x < 1 ? x : 0;
            }
        }
    }

    const Particles& particles_;
    int n_;
    int n_sheet_;
    const PairedMesh& mesh_;
    std::array<float, n_levels - 1> densities_;
};

double cube(double x) {
    return x * x * x;
}

void expect_valid(const Mesh& specific_emissivity, const Mesh& density, int map_px) {
    FAINTWEB_EXPECTS(specific_emissivity.n >= 1 && density.n == specific_emissivity.n);
    FAINTWEB_EXPECTS(map_px >= 2);
}

}  // namespace

Projection project_sheet(const Particles& particles,
                         const Mesh& specific_emissivity,
                         const Mesh& density,
                         int map_px,
                         int n_sheet,
                         int n_threads) {
    expect_valid(specific_emissivity, density, map_px);
    FAINTWEB_EXPECTS(particles.n >= 1 && particles.box_mpc > 0 && n_sheet >= 1);
    const double n_along = static_cast<double>(particles.n) * n_sheet;
    const double n_tracers = cube(n_along);
    const PairedMesh mesh(specific_emissivity, density, n_threads);
    const auto& values = specific_emissivity.cells;
    const double largest = static_cast<double>(*std::max_element(values.begin(), values.end())) *
                           0.5 * std::pow(most_stretch, stretch_power) * 1.001;
    const double emission_units = units_per(largest, n_tracers);
    const double mass_units = units_per(1, n_tracers);
    const Sheet sheet(particles, n_sheet, mesh, spacing_factor * map_px / n_along);
    const std::vector<Pyramid> pyramids = fill_pyramids(
        map_px, n_threads, sheet.n_blocks(), [&](std::size_t block, Pyramid& pyramid) {
            sheet.add_block(block, emission_units, mass_units, pyramid);
        });
    return collapse_all(pyramids, cube(specific_emissivity.n / n_along) / emission_units,
                        1.0 * map_px * map_px / n_tracers / mass_units, n_threads);
}

Projection project_cells(const Mesh& specific_emissivity,
                         const Mesh& density,
                         int map_px,
                         int n_threads) {
    expect_valid(specific_emissivity, density, map_px);
    const int n = density.n;
    const double n_cells = cube(n);
    double largest_mass = 0;
    double largest_emission = 0;
    double mass = 0;
    for (std::size_t i = 0; i < density.cells.size(); ++i) {
        const auto cell = static_cast<double>(density.cells[i]);
        mass += cell;
        largest_mass = std::max(largest_mass, cell);
        largest_emission =
            std::max(largest_emission, cell * static_cast<double>(specific_emissivity.cells[i]));
    }
    const double emission_units = units_per(largest_emission, n_cells);
    const double mass_units = units_per(largest_mass, n_cells);
    // All cells go to one level, that of the mean density.
    const auto densities = level_densities(spacing_factor * map_px / n);
    const auto level = static_cast<std::size_t>(
        std::count_if(densities.begin(), densities.end(), [](float d) { return d > 1; }));
    const std::vector<Pyramid> pyramids = fill_pyramids(
        map_px, n_threads, static_cast<std::size_t>(n), [&](std::size_t i, Pyramid& pyramid) {
            const auto place = [&](int cell) {
                return static_cast<float>(cell) / static_cast<float>(n);
            };
            for (int j = 0; j < n; ++j) {
                for (int k = 0; k < n; ++k) {
                    const std::size_t cell = density.index(static_cast<int>(i), j, k);
                    const auto weight = static_cast<double>(density.cells[cell]);
                    const auto emissivity = static_cast<double>(specific_emissivity.cells[cell]);
                    pyramid.add(level, {place(static_cast<int>(i)), place(j), place(k)},
                                Double2{weight * emissivity * emission_units, weight * mass_units});
                }
            }
        });
    return collapse_all(pyramids, 1 / emission_units,
                        mass > 0 ? 1.0 * map_px * map_px / mass / mass_units : 0, n_threads);
}

}  // namespace faintweb::sky
