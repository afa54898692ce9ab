#include "lib/sky/fft.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numbers>

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

}  // namespace

FourierMesh::FourierMesh(int n)
    : n_(n),
      row_length_(2 * (static_cast<std::size_t>(n) / 2 + 1)),
      values_(static_cast<std::size_t>(n) * static_cast<std::size_t>(n) * row_length_) {}

struct MeshFft::Plans {
    fftwf_plan plane_forward = nullptr;
    fftwf_plan plane_backward = nullptr;
    fftwf_plan lines_forward = nullptr;
    fftwf_plan lines_backward = nullptr;
};

MeshFft::MeshFft(int n) : n_(n), plans_(std::make_unique<Plans>()) {
    FAINTWEB_EXPECTS(n >= 4 && n % 2 == 0);
    // Estimated plans leave the memory untouched and are the same each time; unaligned ones fit
    // every plane.
    constexpr unsigned flags = FFTW_ESTIMATE | FFTW_UNALIGNED;
    FourierMesh mesh(n);
    const std::lock_guard lock(planner());
    plans_->plane_forward =
        fftwf_plan_dft_r2c_2d(n, n, mesh.row(0, 0), as_fftw(mesh.modes(0, 0)), flags);
    plans_->plane_backward =
        fftwf_plan_dft_c2r_2d(n, n, as_fftw(mesh.modes(0, 0)), mesh.row(0, 0), flags);
    const int n_lines = n / 2 + 1;
    const auto lines = [&](int sign) {
        return fftwf_plan_many_dft(1,
                                   &n_,
                                   n_lines,
                                   as_fftw(mesh.modes(0, 0)),
                                   nullptr,
                                   n * n_lines,
                                   1,
                                   as_fftw(mesh.modes(0, 0)),
                                   nullptr,
                                   n * n_lines,
                                   1,
                                   sign,
                                   flags);
    };
    plans_->lines_forward = lines(FFTW_FORWARD);
    plans_->lines_backward = lines(FFTW_BACKWARD);
    FAINTWEB_EXPECTS(plans_->plane_forward != nullptr && plans_->plane_backward != nullptr &&
                     plans_->lines_forward != nullptr && plans_->lines_backward != nullptr);
}

MeshFft::~MeshFft() {
    const std::lock_guard lock(planner());
    for (fftwf_plan plan : {plans_->plane_forward,
                            plans_->plane_backward,
                            plans_->lines_forward,
                            plans_->lines_backward}) {
        fftwf_destroy_plan(plan);
    }
}

void MeshFft::forward(FourierMesh& mesh, int n_threads) const {
    FAINTWEB_EXPECTS(mesh.n() == n_);
    const auto edge = static_cast<std::size_t>(n_);
    base::parallel_for(n_threads, edge, [&](std::size_t i) {
        const int plane = static_cast<int>(i);
        fftwf_execute_dft_r2c(
            plans_->plane_forward, mesh.row(plane, 0), as_fftw(mesh.modes(plane, 0)));
    });
    base::parallel_for(n_threads, edge, [&](std::size_t j) {
        fftwf_complex* line = as_fftw(mesh.modes(0, static_cast<int>(j)));
        fftwf_execute_dft(plans_->lines_forward, line, line);
    });
}

void MeshFft::backward(FourierMesh& mesh, int n_threads) const {
    FAINTWEB_EXPECTS(mesh.n() == n_);
    const auto edge = static_cast<std::size_t>(n_);
    base::parallel_for(n_threads, edge, [&](std::size_t j) {
        fftwf_complex* line = as_fftw(mesh.modes(0, static_cast<int>(j)));
        fftwf_execute_dft(plans_->lines_backward, line, line);
    });
    base::parallel_for(n_threads, edge, [&](std::size_t i) {
        const int plane = static_cast<int>(i);
        fftwf_execute_dft_c2r(
            plans_->plane_backward, as_fftw(mesh.modes(plane, 0)), mesh.row(plane, 0));
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
