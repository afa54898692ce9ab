#include "lib/sky/particle_mesh.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"
#include "lib/sky/cic.h"
#include "lib/sky/gaussian_field.h"
#include "lib/sky/linear_power.h"

namespace faintweb::sky {
namespace {

/// Where steps turn from logarithmic to linear.
constexpr double a_linear = 0.25;
/// Least value of the deposit's window that is divided out: what is beyond is noise of the mesh.
constexpr float window_floor = 0.2F;

/// out(mode) = factor(i, j, k) * in(mode) for all modes, in or out of place.
template <typename Factor>
void multiply_modes(const FourierMesh& in, FourierMesh& out, int n_threads, Factor factor) {
    base::parallel_for(n_threads, static_cast<std::size_t>(in.n), [&](std::size_t plane) {
        const int i = static_cast<int>(plane);
        for (int j = 0; j < in.n; ++j) {
            const std::complex<float>* from = in.modes(i, j);
            std::complex<float>* to = out.modes(i, j);
            for (int k = 0; k <= in.n / 2; ++k) {
                to[k] = factor(i, j, k) * from[k];
            }
        }
    });
}

/// multiply_modes with i times the wave number along an axis, times scale: a gradient.
void gradient(const FourierMesh& in, FourierMesh& out, int axis, float scale, int n_threads) {
    base::parallel_for(n_threads, static_cast<std::size_t>(in.n), [&](std::size_t plane) {
        const int i = static_cast<int>(plane);
        const int n = in.n;
        for (int j = 0; j < n; ++j) {
            const float* from = in.row(i, j);
            float* to = out.row(i, j);
            const auto along = static_cast<float>(gradient_wave_number(axis == 0 ? i : j, n));
            for (int k = 0; k <= n / 2; ++k) {
                const float wave = axis == 2 ? static_cast<float>(2 * k == n ? 0 : k) : along;
                const float factor = scale * wave;
                to[2 * k] = -factor * from[2 * k + 1];
                to[2 * k + 1] = factor * from[2 * k];
            }
        }
    });
}

float inverse_wave2(int i, int j, int k, int n) {
    const int x = wave_number(i, n);
    const int y = wave_number(j, n);
    const int wave2 = x * x + y * y + k * k;
    return wave2 == 0 ? 0.F : 1.F / static_cast<float>(wave2);
}

/// Calls work(first, end) on the cells of each row of a mesh and the same range of particles.
template <typename Work>
void for_rows(int n, int n_threads, Work work) {
    base::parallel_for(n_threads, static_cast<std::size_t>(n), [&](std::size_t i) {
        for (int j = 0; j < n; ++j) {
            work(static_cast<int>(i), j);
        }
    });
}

/// Source of the second-order potential, sum over pairs of axes of
/// phi,aa phi,bb - phi,ab^2 with the Laplacian of phi equal to the density contrast.
FourierMesh second_order_source(const FourierMesh& contrast_modes,
                                const MeshFft& fft,
                                int n_threads) {
    const int n = contrast_modes.n;
    const auto n3 = static_cast<float>(n) * static_cast<float>(n) * static_cast<float>(n);
    const auto derivative = [&](int a, int b, FourierMesh& out) {
        multiply_modes(contrast_modes, out, n_threads, [&](int i, int j, int k) {
            const auto wave = [&](int axis) {
                const int index = axis == 0 ? i : (axis == 1 ? j : k);
                return static_cast<float>(a == b ? wave_number(index, n)
                                                 : gradient_wave_number(index, n));
            };
            return wave(a) * wave(b) * inverse_wave2(i, j, k, n) / n3;
        });
        fft.backward(out);
    };
    const auto combine =
        [&](FourierMesh& out, const FourierMesh& x, const FourierMesh& y, auto op) {
            for_rows(n, n_threads, [&](int i, int j) {
                for (int k = 0; k < n; ++k) {
                    out.row(i, j)[k] = op(out.row(i, j)[k], x.row(i, j)[k], y.row(i, j)[k]);
                }
            });
        };
    FourierMesh source = make_fourier_mesh(n);
    FourierMesh first = make_fourier_mesh(n);
    FourierMesh second = make_fourier_mesh(n);
    const auto add_product = [](float sum, float x, float y) { return sum + x * y; };
    derivative(0, 0, first);
    derivative(1, 1, second);
    combine(source, first, second, add_product);
    combine(first, first, second, [](float, float x, float y) { return x + y; });
    derivative(2, 2, second);
    combine(source, first, second, add_product);
    for (const auto& [a, b] : {std::pair{0, 1}, std::pair{0, 2}, std::pair{1, 2}}) {
        derivative(a, b, first);
        combine(source, first, first, [](float sum, float x, float y) { return sum - x * y; });
    }
    return source;
}

/// Integral over the scale factor of 1 / (a^power E), by Simpson's rule in ln a.
double step_integral(const Cosmology& cosmology, double from_a, double to_a, int power) {
    constexpr int n = 32;
    const double step = std::log(to_a / from_a) / n;
    double sum = 0;
    for (int i = 0; i <= n; ++i) {
        const double a = from_a * std::exp(i * step);
        const double weight = i == 0 || i == n ? 1 : (i % 2 == 1 ? 4 : 2);
        sum += weight * a / (std::pow(a, power) * expansion_rate(cosmology, 1 / a - 1));
    }
    return sum * step / 3;
}

}  // namespace

Particles lagrangian_start(const Cosmology& cosmology, const BoxRun& run, int n_threads) {
    const int n = run.n_particles;
    const MeshFft fft(n, n_threads);
    FourierMesh contrast =
        gaussian_modes(LinearPower(cosmology),
                       run.box_mpc,
                       run.seed,
                       run.box_key,
                       run.fixed_amplitude ? ModeAmplitude::fixed : ModeAmplitude::random,
                       n,
                       fft);
    FourierMesh source = second_order_source(contrast, fft, n_threads);
    fft.forward(source);
    const auto to_potential = [n](int i, int j, int k) { return inverse_wave2(i, j, k, n); };
    multiply_modes(contrast, contrast, n_threads, to_potential);
    multiply_modes(source, source, n_threads, to_potential);

    const Growth g = growth(cosmology, run.a_start);
    // Peculiar velocity a dx/dt = a H f D psi.
    const double a_hubble_km_s_mpc =
        run.a_start * cosmology.hubble_km_s_mpc() * expansion_rate(cosmology, 1 / run.a_start - 1);
    Particles particles;
    particles.n = n;
    particles.box_mpc = run.box_mpc;
    particles.z = 1 / run.a_start - 1;
    const auto n_all =
        static_cast<std::size_t>(n) * static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
    particles.displacement_mpc.resize(n_all);
    particles.velocity_km_s.resize(n_all);
    FourierMesh field = make_fourier_mesh(n);
    const double normalise =
        run.box_mpc / (2 * std::numbers::pi) / (static_cast<double>(n) * n * n);
    const auto add = [&](const FourierMesh& modes, int axis, double factor, double rate) {
        gradient(modes, field, axis, static_cast<float>(normalise), n_threads);
        fft.backward(field);
        const auto to_displacement = static_cast<float>(factor);
        const auto to_velocity = static_cast<float>(factor * rate * a_hubble_km_s_mpc);
        const auto component = static_cast<std::size_t>(axis);
        for_rows(n, n_threads, [&](int i, int j) {
            const std::size_t first = (static_cast<std::size_t>(i) * static_cast<std::size_t>(n) +
                                       static_cast<std::size_t>(j)) *
                                      static_cast<std::size_t>(n);
            const float* cells = field.row(i, j);
            for (std::size_t k = 0; k < static_cast<std::size_t>(n); ++k) {
                particles.displacement_mpc[first + k][component] += to_displacement * cells[k];
                particles.velocity_km_s[first + k][component] += to_velocity * cells[k];
            }
        });
    };
    for (int axis = 0; axis < 3; ++axis) {
        add(contrast, axis, g.first, g.first_rate);
        add(source, axis, -g.second, g.second_rate);
    }
    return particles;
}

ParticleMesh::ParticleMesh(const Cosmology& cosmology, const BoxRun& run, int n_threads)
    : ParticleMesh(cosmology, run, lagrangian_start(cosmology, run, n_threads), n_threads) {}

ParticleMesh::ParticleMesh(const Cosmology& cosmology,
                           const BoxRun& run,
                           Particles start,
                           int n_threads)
    : cosmology_(cosmology),
      run_(run),
      n_threads_(n_threads),
      a_(1 / (1 + start.z)),
      particles_(std::move(start)),
      fft_(run.n_mesh, n_threads) {
    FAINTWEB_EXPECTS(particles_.n == run.n_particles && particles_.box_mpc == run.box_mpc);
    const auto to_momentum = static_cast<float>(a_ / cosmology_.hubble_km_s_mpc());
    for (Vector3& vector : particles_.velocity_km_s) {
        for (float& component : vector) {
            component *= to_momentum;
        }
    }
}

void ParticleMesh::advance_to(double z) {
    const double a_end = 1 / (1 + z);
    // Equal up to rounding: nothing to do.
    if (std::fabs(a_end - a_) < 1e-12) {
        return;
    }
    FAINTWEB_EXPECTS(a_end > a_);
    std::vector<double> a{a_};
    if (last_step_ > 0) {
        const int n = std::max(1, static_cast<int>(std::ceil((a_end - a_) / last_step_ - 0.01)));
        for (int i = 1; i <= n; ++i) {
            a.push_back(a_ + (a_end - a_) * i / n);
        }
    } else {
        const double a_turn = std::clamp(a_linear, a_, a_end);
        const int n_log = a_turn == a_ ? 0 : (a_turn == a_end ? run_.n_steps : run_.n_steps / 3);
        for (int i = 1; i <= n_log; ++i) {
            a.push_back(a_ * std::pow(a_turn / a_, static_cast<double>(i) / n_log));
        }
        const double from = a.back();
        const int n_linear = run_.n_steps - n_log;
        for (int i = 1; i <= n_linear; ++i) {
            a.push_back(from + (a_end - from) * i / n_linear);
        }
    }
    a.back() = a_end;
    double kicked_to = a_;
    for (std::size_t i = 0; i + 1 < a.size(); ++i) {
        // The second half of one step's kick and the first of the next use the same forces.
        const double middle = (a[i] + a[i + 1]) / 2;
        kick(kicked_to, middle);
        kicked_to = middle;
        drift(a[i], a[i + 1]);
    }
    kick(kicked_to, a_end);
    last_step_ = a_end - a[a.size() - 2];
    a_ = a_end;
}

void ParticleMesh::drift(double from_a, double to_a) {
    const auto factor = static_cast<float>(step_integral(cosmology_, from_a, to_a, 3));
    const auto edge = static_cast<std::size_t>(particles_.n);
    base::parallel_for(n_threads_, edge, [&](std::size_t i) {
        for (std::size_t p = i * edge * edge; p < (i + 1) * edge * edge; ++p) {
            for (std::size_t axis = 0; axis < 3; ++axis) {
                particles_.displacement_mpc[p][axis] += factor * particles_.velocity_km_s[p][axis];
            }
        }
    });
}

void ParticleMesh::kick(double from_a, double to_a) {
    const int n = run_.n_mesh;
    FourierMesh modes = make_fourier_mesh(n);
    deposit_cic(particles_.displacement_mpc, particles_.n, particles_.box_mpc, modes, n_threads_);
    fft_.forward(modes);
    const std::vector<float> window = cic_window(n);
    multiply_modes(modes, modes, n_threads_, [&](int i, int j, int k) {
        const float damping = window[static_cast<std::size_t>(i)] *
                              window[static_cast<std::size_t>(j)] *
                              window[static_cast<std::size_t>(k)];
        return inverse_wave2(i, j, k, n) / std::max(damping, window_floor);
    });
    // Force -grad phi with lap phi = 3/2 Omega_m contrast, in units of H0 and Mpc.
    const double to_force = 1.5 * cosmology_.omega_matter * run_.box_mpc / (2 * std::numbers::pi) /
                            (static_cast<double>(n) * n * n);
    const double duration = step_integral(cosmology_, from_a, to_a, 2);
    FourierMesh force = make_fourier_mesh(n);
    for (int axis = 0; axis < 3; ++axis) {
        gradient(modes, force, axis, static_cast<float>(to_force), n_threads_);
        fft_.backward(force);
        gather_cic(force,
                   particles_.displacement_mpc,
                   particles_.n,
                   particles_.box_mpc,
                   duration,
                   axis,
                   particles_.velocity_km_s,
                   n_threads_);
    }
}

Particles ParticleMesh::state() const {
    Particles state = particles_;
    state.z = z();
    const auto to_velocity = static_cast<float>(cosmology_.hubble_km_s_mpc() / a_);
    for (Vector3& vector : state.velocity_km_s) {
        for (float& component : vector) {
            component *= to_velocity;
        }
    }
    return state;
}

}  // namespace faintweb::sky
