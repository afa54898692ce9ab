// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/particle_mesh.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/parallel.h"
#include "lib/sky/box/travel.h"
#include "lib/sky/cosmology/integrate.h"
#include "lib/sky/cosmology/linear_power.h"

namespace faintweb::sky {
namespace {

/// Where the window of the deposit has fallen to this, dividing by it would raise noise.
constexpr double smallest_window = 0.2;
/// From here on steps are even in the scale factor; before, in its logarithm.
constexpr double even_steps_from = 0.25;

constexpr int intervals_per_step = 64;  // of an integral over one step

/// Exact derivative: the waves of each mode index of an axis of n points. Nyquist's has none.
std::vector<float> exact_derivative(int n) {
    std::vector<float> waves;
    for (int i = 0; i < n; ++i) {
        waves.push_back(static_cast<float>(2 * i == n ? 0 : 2 * i < n ? i : i - n));
    }
    return waves;
}

/// Derivative by differences of the four nearest points, in waves as above.
///
/// It vanishes smoothly towards Nyquist's wavenumber. The exact one jumps there, and where the mesh
/// is finer than the lattice of the particles, the lattice's own waves then pull at every particle
/// that has moved by less than a cell: forces wrong by as much as they are large.
std::vector<float> difference_derivative(int n) {
    std::vector<float> waves;
    for (int i = 0; i < n; ++i) {
        const double x = 2 * std::numbers::pi * i / n;
        waves.push_back(static_cast<float>(n / (2 * std::numbers::pi) *
                                           (8 * std::sin(x) - std::sin(2 * x)) / 6));
    }
    return waves;
}

/// Multiplies the modes by factor / k^2, k in whole waves.
void divide_by_squared_waves(FourierMesh& mesh, double factor, int n_threads) {
    const int n = mesh.n();
    base::parallel_for(n_threads, static_cast<std::size_t>(n), [&](std::size_t plane) {
        const int i = static_cast<int>(plane);
        for (int j = mesh.own().first; j < mesh.own().end; ++j) {
            std::complex<float>* modes = mesh.modes(i, j);
            const int xy = mesh.waves(i) * mesh.waves(i) + mesh.waves(j) * mesh.waves(j);
            for (int k = 0; k <= n / 2; ++k) {
                const int squared = xy + k * k;
                modes[k] *= squared == 0 ? 0.0F : static_cast<float>(factor / squared);
            }
        }
    });
}

/// to = i k_axis * from, with the derivative's k of each mode index.
void set_gradient(const FourierMesh& from,
                  FourierMesh& to,
                  int axis,
                  const std::vector<float>& derivative,
                  int n_threads) {
    const int n = from.n();
    base::parallel_for(n_threads, static_cast<std::size_t>(n), [&](std::size_t plane) {
        const int i = static_cast<int>(plane);
        for (int j = from.own().first; j < from.own().end; ++j) {
            const std::complex<float>* source = from.modes(i, j);
            std::complex<float>* target = to.modes(i, j);
            const float across = derivative[static_cast<std::size_t>(axis == 0 ? i : j)];
            for (int k = 0; k <= n / 2; ++k) {
                const float g = axis < 2 ? across : derivative[static_cast<std::size_t>(k)];
                target[k] = {-source[k].imag() * g, source[k].real() * g};
            }
        }
    });
}

/// Second derivative of the potential of a density: its modes times k_a k_b / k^2, transformed.
FourierMesh tidal_field(
    const FourierMesh& density, const MeshFft& fft, int a, int b, int n_threads) {
    const int n = density.n();
    FourierMesh tide(n, density.own());
    const auto points = static_cast<float>(std::pow(static_cast<double>(n), 3));
    base::parallel_for(n_threads, static_cast<std::size_t>(n), [&](std::size_t plane) {
        const int i = static_cast<int>(plane);
        for (int j = density.own().first; j < density.own().end; ++j) {
            const std::complex<float>* source = density.modes(i, j);
            std::complex<float>* target = tide.modes(i, j);
            for (int k = 0; k <= n / 2; ++k) {
                const std::array<int, 3> waves{density.waves(i), density.waves(j), k};
                const int squared = waves[0] * waves[0] + waves[1] * waves[1] + k * k;
                const int product =
                    waves[static_cast<std::size_t>(a)] * waves[static_cast<std::size_t>(b)];
                const float factor = squared == 0 ? 0.0F
                                                  : static_cast<float>(product) /
                                                        (static_cast<float>(squared) * points);
                target[k] = source[k] * factor;
            }
        }
    });
    fft.backward(tide, n_threads);
    return tide;
}

/// to += sign * a * b, value by value.
void add_product(
    const FourierMesh& a, const FourierMesh& b, float sign, FourierMesh& to, int n_threads) {
    const int n = to.n();
    const Planes own = to.own();
    base::parallel_for(n_threads, static_cast<std::size_t>(own.size()), [&](std::size_t plane) {
        const int i = own.first + static_cast<int>(plane);
        for (int j = 0; j < n; ++j) {
            const float* x = a.row(i, j);
            const float* y = b.row(i, j);
            float* sum = to.row(i, j);
            for (int k = 0; k < n; ++k) {
                sum[k] += sign * x[k] * y[k];
            }
        }
    });
}

/// Source of the second-order potential: sum over a < b of phi,aa phi,bb - phi,ab^2.
FourierMesh second_order_source(const FourierMesh& density, const MeshFft& fft, int n_threads) {
    FourierMesh source(density.n(), density.own());
    {
        const FourierMesh xx = tidal_field(density, fft, 0, 0, n_threads);
        const FourierMesh yy = tidal_field(density, fft, 1, 1, n_threads);
        add_product(xx, yy, 1, source, n_threads);
        const FourierMesh zz = tidal_field(density, fft, 2, 2, n_threads);
        add_product(xx, zz, 1, source, n_threads);
        add_product(yy, zz, 1, source, n_threads);
    }
    for (const auto& [a, b] : {std::pair{0, 1}, std::pair{0, 2}, std::pair{1, 2}}) {
        const FourierMesh tide = tidal_field(density, fft, a, b, n_threads);
        add_product(tide, tide, -1, source, n_threads);
    }
    return source;
}

void check(const BoxRun& run, int n_members) {
    const auto refuse = [](const char* name, double value, const char* why) {
        throw base::UsageError(
            fmt::format("{} of a box is {:g} ({}), change it", name, value, why));
    };
    if (!(run.box_mpc > 0) || !std::isfinite(run.box_mpc)) {
        refuse("box_mpc", run.box_mpc, "it must be a positive length");
    }
    if (run.n_particles < 4 || run.n_particles % 2 != 0) {
        refuse("n_particles", run.n_particles, "it must be even and at least 4");
    }
    if (run.n_particles < n_members) {
        refuse(
            "n_particles", run.n_particles,
            fmt::format("each of the {} that share it needs a plane of them", n_members).c_str());
    }
    if (run.n_mesh < run.n_particles || run.n_mesh % 2 != 0) {
        refuse("n_mesh", run.n_mesh, "it must be even and no less than n_particles");
    }
    if (run.n_steps < 1) {
        refuse("n_steps", run.n_steps, "it must be at least 1");
    }
    if (!(run.a_start > 0 && run.a_start < 1)) {
        refuse("a_start", run.a_start, "it must lie between 0 and 1, today");
    }
}

}  // namespace

ParticleMesh::ParticleMesh(const Cosmology& cosmology, const BoxRun& run, int n_threads, Team team)
    : cosmology_(cosmology),
      run_((check(run, team.size), run)),
      n_threads_(n_threads),
      team_(std::move(team)),
      a_(run.a_start),
      fft_(run.n_mesh, team_),
      density_(run.n_mesh, team_.planes(run.n_mesh)),
      force_(run.n_mesh, team_.planes(run.n_mesh)) {
    FAINTWEB_EXPECTS(n_threads >= 1);
    const int n = run.n_particles;
    const auto edge = static_cast<std::size_t>(n);
    const Planes own = team_.planes(n);
    const MeshFft fft(n, team_);
    FourierMesh density = gaussian_field(LinearPower(cosmology), run.box_mpc, n, run.seed,
                                         run.box_key, run.amplitudes, n_threads, team_);
    FourierMesh second = second_order_source(density, fft, n_threads);
    fft.forward(second, n_threads);

    const Growth g = growth(cosmology, run.a_start);
    const double rate = expansion_rate(cosmology, 1 / run.a_start - 1);
    const double momentum = run.a_start * run.a_start * rate;
    const double points = std::pow(static_cast<double>(n), 3);
    const double fundamental = 2 * std::numbers::pi / run.box_mpc;
    // Displacements of both orders: i k / k^2 of the density, -i k / k^2 of the source.
    divide_by_squared_waves(density, 1 / (fundamental * points), n_threads);
    divide_by_squared_waves(second, -1 / (fundamental * points), n_threads);
    const std::vector<float> derivative = exact_derivative(n);
    const auto n_own = static_cast<std::size_t>(own.size());
    displacement_mpc_.assign(n_own * edge * edge, Vector3{});
    momentum_.assign(n_own * edge * edge, Vector3{});
    FourierMesh gradient(n, own);
    for (int axis = 0; axis < 3; ++axis) {
        for (const bool is_second : {false, true}) {
            set_gradient(is_second ? second : density, gradient, axis, derivative, n_threads);
            fft.backward(gradient, n_threads);
            const auto size = static_cast<float>(is_second ? g.second : g.first);
            const auto speed =
                static_cast<float>(momentum * (is_second ? g.second_rate : g.first_rate)) * size;
            base::parallel_for(n_threads, n_own, [&](std::size_t i) {
                for (std::size_t j = 0; j < edge; ++j) {
                    const float* row =
                        gradient.row(own.first + static_cast<int>(i), static_cast<int>(j));
                    for (std::size_t k = 0; k < edge; ++k) {
                        const std::size_t p = (i * edge + j) * edge + k;
                        displacement_mpc_[p][static_cast<std::size_t>(axis)] += size * row[k];
                        momentum_[p][static_cast<std::size_t>(axis)] += speed * row[k];
                    }
                }
            });
        }
    }
}

void ParticleMesh::advance_to(double z) {
    if (!(z >= 0)) {
        throw base::UsageError(fmt::format(
            "a box cannot go to redshift {:g} (that is not the past), give one >= 0", z));
    }
    const double target = 1 / (1 + z);
    if (!(target > a_)) {
        throw base::UsageError(
            fmt::format("a box cannot go to redshift {:g} (it is at {:g} already), give falling "
                        "redshifts below its start",
                        z, 1 / a_ - 1));
    }
    std::vector<double> steps{a_};
    if (!is_started_) {
        const int n_log = a_ >= even_steps_from      ? 0
                          : target > even_steps_from ? run_.n_steps / 3
                                                     : run_.n_steps;
        const double log_end = std::min(target, even_steps_from);
        for (int i = 1; i <= n_log; ++i) {
            steps.push_back(a_ * std::pow(log_end / a_, static_cast<double>(i) / n_log));
        }
        const int n_even = run_.n_steps - n_log;
        const double even_start = steps.back();
        for (int i = 1; i <= n_even; ++i) {
            steps.push_back(even_start + (target - even_start) * i / n_even);
        }
        last_step_ = steps.back() - steps[steps.size() - 2];
        is_started_ = true;
    } else {
        const int n_even = std::max(1, static_cast<int>(std::ceil((target - a_) / last_step_)));
        for (int i = 1; i <= n_even; ++i) {
            steps.push_back(a_ + (target - a_) * i / n_even);
        }
    }
    // Kicks of half a step on either side of a drift; neighbouring ones are taken as one.
    kick(steps[0], (steps[0] + steps[1]) / 2);
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
        drift(steps[i], steps[i + 1]);
        const bool is_last = i + 2 == steps.size();
        kick((steps[i] + steps[i + 1]) / 2,
             is_last ? steps[i + 1] : (steps[i + 1] + steps[i + 2]) / 2);
    }
    a_ = target;
}

void ParticleMesh::drift(double from, double to) {
    const auto factor = static_cast<float>(
        integrate([&](double a) { return 1 / (a * a * a * expansion_rate(cosmology_, 1 / a - 1)); },
                  from, to, intervals_per_step));
    const auto n_planes = static_cast<std::size_t>(team_.planes(run_.n_particles).size());
    const std::size_t part = displacement_mpc_.size() / n_planes;
    base::parallel_for(n_threads_, n_planes, [&](std::size_t i) {
        for (std::size_t p = i * part; p < (i + 1) * part; ++p) {
            for (std::size_t c = 0; c < 3; ++c) {
                displacement_mpc_[p][c] += factor * momentum_[p][c];
            }
        }
    });
}

void ParticleMesh::take_density(const Travel& travel) {
    const auto cells = static_cast<std::size_t>(run_.n_mesh);
    const Planes own = team_.planes(run_.n_mesh);

    const std::vector<std::int64_t> quanta = deposit(team_, travel, run_.n_particles, run_.n_mesh);
    base::parallel_for(n_threads_, static_cast<std::size_t>(own.size()), [&](std::size_t i) {
        for (std::size_t j = 0; j < cells; ++j) {
            float* row = density_.row(own.first + static_cast<int>(i), static_cast<int>(j));
            const std::int64_t* sums = &quanta[(i * cells + j) * cells];
            for (std::size_t k = 0; k < cells; ++k) {
                row[k] = static_cast<float>(sums[k]) / quanta_per_cell;
            }
        }
    });
}

void ParticleMesh::make_potential(double factor) {
    const int n = run_.n_mesh;
    const Planes own = team_.planes(n);
    // 1 / k^2 times 3/2 Omega_m of the density without the window of its cloud-in-cell
    // deposit, so that its gradient is the change of momentum.
    const double scale = 1.5 * cosmology_.omega_matter * factor * run_.box_mpc /
                         (2 * std::numbers::pi * std::pow(static_cast<double>(n), 3));
    std::vector<double> window;
    for (int i = 0; i < n; ++i) {
        const double x = std::numbers::pi * density_.waves(i) / n;
        window.push_back(i == 0 ? 1 : std::pow(std::sin(x) / x, 2));
    }
    base::parallel_for(n_threads_, static_cast<std::size_t>(n), [&](std::size_t plane) {
        const int i = static_cast<int>(plane);
        for (int j = own.first; j < own.end; ++j) {
            std::complex<float>* modes = density_.modes(i, j);
            const double xy =
                window[static_cast<std::size_t>(i)] * window[static_cast<std::size_t>(j)];
            for (int k = 0; k <= n / 2; ++k) {
                const double w =
                    std::max(xy * window[static_cast<std::size_t>(k)], smallest_window);
                modes[k] *= static_cast<float>(scale / w);
            }
        }
    });
    divide_by_squared_waves(density_, 1, n_threads_);
}

void ParticleMesh::pull(const Travel& travel, int axis) {
    const int n = run_.n_mesh;
    const auto cells = static_cast<std::size_t>(n);
    const Planes own = team_.planes(n);
    const std::size_t row_length = force_.row_length();
    set_gradient(density_, force_, axis, difference_derivative(n), n_threads_);
    fft_.backward(force_, n_threads_);
    const float* first = force_.row(own.first, 0);
    const std::vector<float> beyond =
        own.size() == n ? std::vector<float>()
                        : pass_on(team_, std::vector<float>(first, first + cells * row_length), -1);
    std::vector<float> forces(travel.visitors().size());
    travel.for_each_visitor([&](std::size_t v) {
        const Place& place = travel.visitors()[v];
        const Between x = between(place[0], n);
        const Between y = between(place[1], n);
        const Between z = between(place[2], n);
        const auto along_z = [&](int ix, int iy) {
            const float* row = own.contains(ix)
                                   ? force_.row(ix, iy)
                                   : &beyond[static_cast<std::size_t>(iy) * row_length];
            return row[z.low] + z.share * (row[z.high] - row[z.low]);
        };
        const float low =
            along_z(x.low, y.low) + y.share * (along_z(x.low, y.high) - along_z(x.low, y.low));
        const float high =
            along_z(x.high, y.low) + y.share * (along_z(x.high, y.high) - along_z(x.high, y.low));
        forces[v] = low + x.share * (high - low);
    });
    travel.bring_home(std::move(forces), [&](std::size_t particle, float force) {
        momentum_[particle][static_cast<std::size_t>(axis)] += force;
    });
}

void ParticleMesh::kick(double from, double to) {
    const double factor =
        integrate([&](double a) { return 1 / (a * a * expansion_rate(cosmology_, 1 / a - 1)); },
                  from, to, intervals_per_step);
    const Travel travel(team_, displacement_mpc_, run_.box_mpc, run_.n_particles, run_.n_mesh,
                        n_threads_);
    take_density(travel);
    fft_.forward(density_, n_threads_);
    make_potential(factor);
    for (int axis = 0; axis < 3; ++axis) {
        pull(travel, axis);
    }
}

Particles ParticleMesh::state(int member) const {
    std::vector<std::size_t> n_sent(static_cast<std::size_t>(team_.size), 0);
    n_sent[static_cast<std::size_t>(member)] = displacement_mpc_.size();
    std::vector<std::size_t> n_received(n_sent.size(), 0);
    if (team_.member == member) {
        for (int m = 0; m < team_.size; ++m) {
            n_received[static_cast<std::size_t>(m)] =
                static_cast<std::size_t>(planes_of(run_.n_particles, team_.size, m).size()) *
                static_cast<std::size_t>(run_.n_particles) *
                static_cast<std::size_t>(run_.n_particles);
        }
    }
    Particles particles;
    particles.displacement_mpc = exchange(team_, displacement_mpc_, n_sent, n_received);
    particles.velocity_km_s = exchange(team_, momentum_, n_sent, n_received);
    if (team_.member != member) {
        return particles;
    }
    particles.n = run_.n_particles;
    particles.box_mpc = run_.box_mpc;
    particles.z = 1 / a_ - 1;
    const auto factor = static_cast<float>(cosmology_.hubble_km_s_mpc() / a_);
    for (Vector3& velocity : particles.velocity_km_s) {
        for (float& component : velocity) {
            component *= factor;
        }
    }
    return particles;
}

Mesh particle_density(const Particles& particles, int n_mesh, int n_threads) {
    const Team alone;
    const Travel travel(alone, particles.displacement_mpc, particles.box_mpc, particles.n, n_mesh,
                        n_threads);
    const std::vector<std::int64_t> quanta = deposit(alone, travel, particles.n, n_mesh);
    Mesh density;
    density.n = n_mesh;
    density.cells.reserve(quanta.size());
    for (const std::int64_t sum : quanta) {
        density.cells.push_back(static_cast<float>(sum) / quanta_per_cell);
    }
    return density;
}

}  // namespace faintweb::sky
