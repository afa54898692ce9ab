#include "lib/sky/cic.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"

namespace faintweb::sky {
namespace {

/// The two mesh points around a coordinate, and the share of the upper one.
struct Bracket {
    int low, high;
    float share;
};

Bracket bracket(float cells, int n) {
    int low = static_cast<int>(cells);
    low -= cells < static_cast<float>(low) ? 1 : 0;
    const float share = cells - static_cast<float>(low);
    while (low < 0) {
        low += n;
    }
    while (low >= n) {
        low -= n;
    }
    return {low, low + 1 == n ? 0 : low + 1, share};
}

/// From the lattice and displacements to mesh coordinates.
struct Lattice {
    int n;
    float spacing_cells;
    float cells_per_mpc;

    Lattice(int n_particles, double box_mpc, int n_mesh)
        : n(n_particles),
          spacing_cells(static_cast<float>(static_cast<double>(n_mesh) / n_particles)),
          cells_per_mpc(static_cast<float>(n_mesh / box_mpc)) {}

    float cells(int lattice_index, float displacement_mpc) const {
        return static_cast<float>(lattice_index) * spacing_cells + displacement_mpc * cells_per_mpc;
    }
};

/// Particle numbers ordered by the mesh plane below them, then by number.
struct PlaneOrder {
    std::vector<std::size_t> starts;     ///< [n_mesh + 1]
    std::vector<std::uint32_t> numbers;  ///< [n_particles^3]
};

PlaneOrder order_by_plane(const std::vector<Vector3>& displacement_mpc,
                          const Lattice& lattice,
                          int n_mesh,
                          int n_threads) {
    const auto edge = static_cast<std::size_t>(lattice.n);
    const std::size_t sheet = edge * edge;
    const auto n_planes = static_cast<std::size_t>(n_mesh);
    const auto plane_of = [&](std::size_t i, std::size_t in_sheet) {
        const float shift_mpc = displacement_mpc[i * sheet + in_sheet][0];
        return static_cast<std::size_t>(
            bracket(lattice.cells(static_cast<int>(i), shift_mpc), n_mesh).low);
    };
    // A counting sort whose pieces are the sheets of the lattice.
    std::vector<std::vector<std::size_t>> next(edge, std::vector<std::size_t>(n_planes));
    base::parallel_for(n_threads, edge, [&](std::size_t i) {
        for (std::size_t p = 0; p < sheet; ++p) {
            ++next[i][plane_of(i, p)];
        }
    });
    PlaneOrder order;
    order.starts.resize(n_planes + 1);
    std::size_t total = 0;
    for (std::size_t plane = 0; plane < n_planes; ++plane) {
        order.starts[plane] = total;
        for (std::size_t i = 0; i < edge; ++i) {
            const std::size_t count = next[i][plane];
            next[i][plane] = total;
            total += count;
        }
    }
    order.starts[n_planes] = total;
    order.numbers.resize(total);
    base::parallel_for(n_threads, edge, [&](std::size_t i) {
        for (std::size_t p = 0; p < sheet; ++p) {
            order.numbers[next[i][plane_of(i, p)]++] = static_cast<std::uint32_t>(i * sheet + p);
        }
    });
    return order;
}

}  // namespace

void deposit_cic(const std::vector<Vector3>& displacement_mpc,
                 int n_particles,
                 double box_mpc,
                 FourierMesh& density,
                 int n_threads) {
    const int n = density.n;
    FAINTWEB_EXPECTS(n % 2 == 0);
    const auto edge = static_cast<std::uint32_t>(n_particles);
    FAINTWEB_EXPECTS(displacement_mpc.size() == std::size_t{edge} * edge * edge);
    const Lattice lattice(n_particles, box_mpc, n);
    const PlaneOrder order = order_by_plane(displacement_mpc, lattice, n, n_threads);
    const auto mass = static_cast<float>(std::pow(static_cast<double>(n) / n_particles, 3));
    const auto row_size = density.row_size();
    base::parallel_for(n_threads, static_cast<std::size_t>(n), [&](std::size_t i) {
        std::fill_n(
            density.row(static_cast<int>(i), 0), row_size * static_cast<std::size_t>(n), 0.F);
    });
    // The particles of a plane touch it and the next one. So first the even planes are dealt with,
    // side by side, then the odd ones: no two threads meet, and every cell sums in one order.
    for (int parity = 0; parity < 2; ++parity) {
        base::parallel_for(n_threads, static_cast<std::size_t>(n / 2), [&](std::size_t pair) {
            const int plane = 2 * static_cast<int>(pair) + parity;
            float* const low_plane = density.row(plane, 0);
            float* const high_plane = density.row(plane + 1 == n ? 0 : plane + 1, 0);
            const auto first = order.starts[static_cast<std::size_t>(plane)];
            const auto last = order.starts[static_cast<std::size_t>(plane) + 1];
            for (std::size_t p = first; p < last; ++p) {
                const std::uint32_t number = order.numbers[p];
                const std::uint32_t row = number / edge;
                const auto k_lattice = static_cast<int>(number - row * edge);
                const auto i_lattice = static_cast<int>(row / edge);
                const auto j_lattice = static_cast<int>(row) - i_lattice * n_particles;
                const Vector3& shift = displacement_mpc[number];
                const Bracket x = bracket(lattice.cells(i_lattice, shift[0]), n);
                const Bracket y = bracket(lattice.cells(j_lattice, shift[1]), n);
                const Bracket z = bracket(lattice.cells(k_lattice, shift[2]), n);
                const auto j0 = static_cast<std::size_t>(y.low) * row_size;
                const auto j1 = static_cast<std::size_t>(y.high) * row_size;
                const auto add = [&](float* cells, float weight) {
                    const float upper = weight * z.share;
                    cells[z.low] += weight - upper;
                    cells[z.high] += upper;
                };
                const float high = mass * x.share;
                const float low = mass - high;
                add(low_plane + j0, low * (1 - y.share));
                add(low_plane + j1, low * y.share);
                add(high_plane + j0, high * (1 - y.share));
                add(high_plane + j1, high * y.share);
            }
        });
    }
}

Mesh deposit_cic(const Particles& particles, int n_mesh, int n_threads) {
    FourierMesh density = make_fourier_mesh(n_mesh);
    deposit_cic(particles.displacement_mpc, particles.n, particles.box_mpc, density, n_threads);
    return to_mesh(density);
}

void gather_cic(const FourierMesh& mesh,
                const std::vector<Vector3>& displacement_mpc,
                int n_particles,
                double box_mpc,
                double scale,
                int axis,
                std::vector<Vector3>& vectors,
                int n_threads) {
    FAINTWEB_EXPECTS(axis >= 0 && axis < 3 && vectors.size() == displacement_mpc.size());
    const int n = mesh.n;
    const Lattice lattice(n_particles, box_mpc, n);
    const auto factor = static_cast<float>(scale);
    const auto component = static_cast<std::size_t>(axis);
    const auto edge = static_cast<std::size_t>(n_particles);
    base::parallel_for(n_threads, edge, [&](std::size_t i_lattice) {
        for (std::size_t j_lattice = 0; j_lattice < edge; ++j_lattice) {
            const std::size_t row = (i_lattice * edge + j_lattice) * edge;
            for (std::size_t k_lattice = 0; k_lattice < edge; ++k_lattice) {
                const Vector3& shift = displacement_mpc[row + k_lattice];
                const Bracket x = bracket(lattice.cells(static_cast<int>(i_lattice), shift[0]), n);
                const Bracket y = bracket(lattice.cells(static_cast<int>(j_lattice), shift[1]), n);
                const Bracket z = bracket(lattice.cells(static_cast<int>(k_lattice), shift[2]), n);
                const auto along_row = [&](int i, int j) {
                    const float* cells = mesh.row(i, j);
                    return cells[z.low] + z.share * (cells[z.high] - cells[z.low]);
                };
                const auto along_plane = [&](int i) {
                    const float low = along_row(i, y.low);
                    return low + y.share * (along_row(i, y.high) - low);
                };
                const float low = along_plane(x.low);
                const float value = low + x.share * (along_plane(x.high) - low);
                vectors[row + k_lattice][component] += factor * value;
            }
        }
    });
}

std::vector<float> cic_window(int n) {
    std::vector<float> window(static_cast<std::size_t>(n), 1.F);
    for (int i = 1; i < n; ++i) {
        const double phase = std::numbers::pi * wave_number(i, n) / n;
        window[static_cast<std::size_t>(i)] =
            static_cast<float>(std::pow(std::sin(phase) / phase, 2));
    }
    return window;
}

}  // namespace faintweb::sky
