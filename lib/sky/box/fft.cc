// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/fft.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numbers>
#include <utility>

#include <fftw3.h>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"

namespace faintweb::sky {
namespace {

/// FFTW's planner is not thread-safe.
std::mutex& planner() {
    static std::mutex mutex;
    return mutex;
}

fftwf_complex* as_fftw(std::complex<float>* modes) {
    return reinterpret_cast<fftwf_complex*>(modes);
}

double sinc(double x) {
    return x == 0 ? 1 : std::sin(x) / x;
}

/// Transforms the lines along x through the mesh's own planes across y.
void transform_lines(fftwf_plan plan, FourierMesh& mesh, int n_threads) {
    const int n = mesh.n();
    const std::size_t n_lines = mesh.row_length() / 2;
    base::parallel_for(n_threads, static_cast<std::size_t>(mesh.own().size()), [&](std::size_t l) {
        const int j = mesh.own().first + static_cast<int>(l);
        // In memory of their own the lines lie alike for every slab, so that one plan fits all;
        // it is faster, too.
        std::vector<std::complex<float>> lines(static_cast<std::size_t>(n) * n_lines);
        for (int i = 0; i < n; ++i) {
            std::copy_n(mesh.modes(i, j), n_lines, &lines[static_cast<std::size_t>(i) * n_lines]);
        }
        fftwf_execute_dft(plan, as_fftw(lines.data()), as_fftw(lines.data()));
        for (int i = 0; i < n; ++i) {
            std::copy_n(&lines[static_cast<std::size_t>(i) * n_lines], n_lines, mesh.modes(i, j));
        }
    });
}

enum class Layout { rows, modes };

/// From whole planes across x to whole planes across y, or back.
///
/// What is for one member, or from it, lies together: that is the layout of modes already.
void redistribute(const Team& team, FourierMesh& mesh, Layout to, int n_threads) {
    if (team.size == 1) {
        return;
    }
    const int n = mesh.n();
    const Planes own = mesh.own();
    const auto n_own = static_cast<std::size_t>(own.size());
    std::vector<std::size_t> n_shared;  // floats that go to a member, and as many come back
    for (int m = 0; m < team.size; ++m) {
        n_shared.push_back(n_own * static_cast<std::size_t>(planes_of(n, team.size, m).size()) *
                           mesh.row_length());
    }
    std::vector<float> parts;  // for each member, [own, theirs, row_length]
    const auto for_each_part = [&](const auto& copy) {
        base::parallel_for(n_threads, n_own, [&](std::size_t i) {
            float* part = parts.data();
            for (int m = 0; m < team.size; ++m) {
                const std::size_t n_floats = n_shared[static_cast<std::size_t>(m)];
                copy(mesh.row(own.first + static_cast<int>(i), planes_of(n, team.size, m).first),
                     part + i * (n_floats / n_own), n_floats / n_own);
                part += n_floats;
            }
        });
    };
    if (to == Layout::modes) {
        parts.resize(mesh.memory().size());
        for_each_part([](const float* rows, float* part, std::size_t n_floats) {
            std::copy_n(rows, n_floats, part);
        });
        mesh.memory() = std::vector<float>();  // before as much comes
        mesh.memory() = exchange(team, std::move(parts), n_shared, n_shared);
    } else {
        parts = exchange(team, std::exchange(mesh.memory(), {}), n_shared, n_shared);
        mesh.memory().resize(parts.size());
        for_each_part([](float* rows, const float* part, std::size_t n_floats) {
            std::copy_n(part, n_floats, rows);
        });
    }
}

}  // namespace

FourierMesh::FourierMesh(int n, Planes own)
    : n_(n),
      own_(own),
      row_length_(2 * (static_cast<std::size_t>(n) / 2 + 1)),
      values_(static_cast<std::size_t>(own.size()) * static_cast<std::size_t>(n) * row_length_) {}

struct MeshFft::Plans {
    fftwf_plan plane_forward = nullptr;
    fftwf_plan plane_backward = nullptr;
    fftwf_plan lines_forward = nullptr;
    fftwf_plan lines_backward = nullptr;
};

MeshFft::MeshFft(int n, Team team)
    : n_(n), team_(std::move(team)), plans_(std::make_unique<Plans>()) {
    FAINTWEB_EXPECTS(n >= 4 && n % 2 == 0);
    // Estimated plans leave the memory untouched and are the same each time; unaligned ones fit
    // every plane.
    constexpr unsigned flags = FFTW_ESTIMATE | FFTW_UNALIGNED;
    FourierMesh plane(n, {0, 1});
    float* values = plane.row(0, 0);
    fftwf_complex* modes = as_fftw(plane.modes(0, 0));
    const std::lock_guard lock(planner());
    plans_->plane_forward = fftwf_plan_dft_r2c_2d(n, n, values, modes, flags);
    plans_->plane_backward = fftwf_plan_dft_c2r_2d(n, n, modes, values, flags);
    const int n_lines = n / 2 + 1;
    const auto lines = [&](int sign) {
        return fftwf_plan_many_dft(1, &n_, n_lines, modes, nullptr, n_lines, 1, modes, nullptr,
                                   n_lines, 1, sign, flags);
    };
    plans_->lines_forward = lines(FFTW_FORWARD);
    plans_->lines_backward = lines(FFTW_BACKWARD);
    FAINTWEB_EXPECTS(plans_->plane_forward != nullptr && plans_->plane_backward != nullptr &&
                     plans_->lines_forward != nullptr && plans_->lines_backward != nullptr);
}

MeshFft::~MeshFft() {
    const std::lock_guard lock(planner());
    for (fftwf_plan plan : {plans_->plane_forward, plans_->plane_backward, plans_->lines_forward,
                            plans_->lines_backward}) {
        fftwf_destroy_plan(plan);
    }
}

void MeshFft::forward(FourierMesh& mesh, int n_threads) const {
    const Planes own = team_.planes(n_);
    FAINTWEB_EXPECTS(mesh.n() == n_ && mesh.own() == own);
    base::parallel_for(n_threads, static_cast<std::size_t>(own.size()), [&](std::size_t i) {
        float* plane = mesh.row(own.first + static_cast<int>(i), 0);
        fftwf_execute_dft_r2c(plans_->plane_forward, plane,
                              reinterpret_cast<fftwf_complex*>(plane));
    });
    redistribute(team_, mesh, Layout::modes, n_threads);
    transform_lines(plans_->lines_forward, mesh, n_threads);
}

void MeshFft::backward(FourierMesh& mesh, int n_threads) const {
    const Planes own = team_.planes(n_);
    FAINTWEB_EXPECTS(mesh.n() == n_ && mesh.own() == own);
    transform_lines(plans_->lines_backward, mesh, n_threads);
    redistribute(team_, mesh, Layout::rows, n_threads);
    base::parallel_for(n_threads, static_cast<std::size_t>(own.size()), [&](std::size_t i) {
        float* plane = mesh.row(own.first + static_cast<int>(i), 0);
        fftwf_execute_dft_c2r(plans_->plane_backward, reinterpret_cast<fftwf_complex*>(plane),
                              plane);
    });
}

std::vector<PowerBin> measure_power(const Mesh& density,
                                    double box_mpc,
                                    bool is_deposited,
                                    int n_threads) {
    const int n = density.n;
    FourierMesh mesh(n);
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            std::copy_n(&density.cells[density.index(i, j, 0)], n, mesh.row(i, j));
        }
    }
    MeshFft(n).forward(mesh, n_threads);
    const double fundamental = 2 * std::numbers::pi / box_mpc;
    const double volume_per_modes2 = std::pow(box_mpc, 3) / std::pow(static_cast<double>(n), 6);
    std::vector<PowerBin> bins(static_cast<std::size_t>(n / 2));
    std::vector<double> window(static_cast<std::size_t>(n / 2 + 1), 1);
    if (is_deposited) {
        for (int m = 0; m <= n / 2; ++m) {
            window[static_cast<std::size_t>(m)] = std::pow(sinc(std::numbers::pi * m / n), 2);
        }
    }
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            const auto* modes = mesh.modes(i, j);
            const double x = mesh.waves(i);
            const double y = mesh.waves(j);
            for (int k = 0; k <= n / 2; ++k) {
                const double waves = std::sqrt(x * x + y * y + static_cast<double>(k) * k);
                const auto bin = static_cast<std::size_t>(waves + 0.5);
                if (bin == 0 || bin > bins.size()) {
                    continue;
                }
                // Modes with 0 < k < n/2 stand for their conjugates as well.
                const double weight = k == 0 || k == n / 2 ? 0.5 : 1;
                const double w = window[static_cast<std::size_t>(std::abs(mesh.waves(i)))] *
                                 window[static_cast<std::size_t>(std::abs(mesh.waves(j)))] *
                                 window[static_cast<std::size_t>(k)];
                PowerBin& b = bins[bin - 1];
                b.n_modes += weight;
                b.k_per_mpc += weight * waves * fundamental;
                b.power_mpc3 += weight * static_cast<double>(std::norm(modes[k])) / (w * w);
            }
        }
    }
    for (PowerBin& b : bins) {
        b.k_per_mpc /= b.n_modes;
        b.power_mpc3 *= volume_per_modes2 / b.n_modes;
    }
    return bins;
}

}  // namespace faintweb::sky
