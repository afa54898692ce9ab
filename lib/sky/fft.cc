#include "lib/sky/fft.h"

#include <algorithm>
#include <mutex>

#include <fftw3.h>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"

namespace faintweb::sky {
namespace {

/// Neighbouring lines that are transformed together: whole cache lines of each plane are moved, and
/// what is moved stays in the level-2 cache.
constexpr int most_lines = 32;

struct PlanDeleter {
    void operator()(fftwf_plan plan) const { fftwf_destroy_plan(plan); }
};
using Plan = std::unique_ptr<fftwf_plan_s, PlanDeleter>;

/// FFTW's planner keeps global state.
std::mutex& planner_mutex() {
    static std::mutex mutex;
    return mutex;
}

fftwf_complex* to_fftw(std::complex<float>* values) {
    return reinterpret_cast<fftwf_complex*>(values);
}

}  // namespace

struct MeshFft::Plans {
    int n_lines = 0;  ///< of a group
    Plan plane_forward, plane_backward, lines_forward, lines_backward;
};

FourierMesh make_fourier_mesh(int n) {
    FourierMesh mesh;
    mesh.n = n;
    mesh.values.resize(mesh.row_start(n, 0));
    return mesh;
}

FourierMesh to_fourier_mesh(const Mesh& mesh) {
    FourierMesh padded = make_fourier_mesh(mesh.n);
    for (int i = 0; i < mesh.n; ++i) {
        for (int j = 0; j < mesh.n; ++j) {
            std::copy_n(mesh.cells.data() + mesh.index(i, j, 0), mesh.n, padded.row(i, j));
        }
    }
    return padded;
}

Mesh to_mesh(const FourierMesh& padded) {
    Mesh mesh;
    mesh.n = padded.n;
    const auto n = static_cast<std::size_t>(padded.n);
    mesh.cells.resize(n * n * n);
    for (int i = 0; i < mesh.n; ++i) {
        for (int j = 0; j < mesh.n; ++j) {
            std::copy_n(padded.row(i, j), mesh.n, mesh.cells.data() + mesh.index(i, j, 0));
        }
    }
    return mesh;
}

MeshFft::MeshFft(int n, int n_threads)
    : n_(n), n_threads_(n_threads), plans_(std::make_unique<Plans>()) {
    FAINTWEB_EXPECTS(n >= 2 && n % 2 == 0);
    const int n_modes = n / 2 + 1;
    const int n_groups = (n_modes + most_lines - 1) / most_lines;
    plans_->n_lines = (n_modes + n_groups - 1) / n_groups;
    // Estimated plans are a pure function of the shape: measured ones would change from run to run.
    const std::scoped_lock lock(planner_mutex());
    std::vector<float> plane(static_cast<std::size_t>(2 * n * n_modes));
    auto* plane_modes = reinterpret_cast<fftwf_complex*>(plane.data());
    plans_->plane_forward.reset(
        fftwf_plan_dft_r2c_2d(n, n, plane.data(), plane_modes, FFTW_ESTIMATE));
    plans_->plane_backward.reset(
        fftwf_plan_dft_c2r_2d(n, n, plane_modes, plane.data(), FFTW_ESTIMATE));
    std::vector<std::complex<float>> lines(static_cast<std::size_t>(n * plans_->n_lines));
    const auto plan_lines = [&](int sign) {
        return fftwf_plan_many_dft(1,
                                   &n,
                                   plans_->n_lines,
                                   to_fftw(lines.data()),
                                   nullptr,
                                   plans_->n_lines,
                                   1,
                                   to_fftw(lines.data()),
                                   nullptr,
                                   plans_->n_lines,
                                   1,
                                   sign,
                                   FFTW_ESTIMATE);
    };
    plans_->lines_forward.reset(plan_lines(FFTW_FORWARD));
    plans_->lines_backward.reset(plan_lines(FFTW_BACKWARD));
}

MeshFft::~MeshFft() {
    if (plans_) {
        const std::scoped_lock lock(planner_mutex());
        plans_.reset();
    }
}
MeshFft::MeshFft(MeshFft&&) noexcept = default;
MeshFft& MeshFft::operator=(MeshFft&&) noexcept = default;

void MeshFft::forward(FourierMesh& mesh) const {
    FAINTWEB_EXPECTS(mesh.n == n_);
    FAINTWEB_EXPECTS(fftwf_alignment_of(mesh.values.data()) == 0);
    base::parallel_for(n_threads_, static_cast<std::size_t>(n_), [&](std::size_t i) {
        float* plane = mesh.row(static_cast<int>(i), 0);
        fftwf_execute_dft_r2c(
            plans_->plane_forward.get(), plane, reinterpret_cast<fftwf_complex*>(plane));
    });
    transform_lines(mesh, true);
}

void MeshFft::backward(FourierMesh& mesh) const {
    FAINTWEB_EXPECTS(mesh.n == n_);
    FAINTWEB_EXPECTS(fftwf_alignment_of(mesh.values.data()) == 0);
    transform_lines(mesh, false);
    base::parallel_for(n_threads_, static_cast<std::size_t>(n_), [&](std::size_t i) {
        float* plane = mesh.row(static_cast<int>(i), 0);
        fftwf_execute_dft_c2r(
            plans_->plane_backward.get(), reinterpret_cast<fftwf_complex*>(plane), plane);
    });
}

void MeshFft::transform_lines(FourierMesh& mesh, bool forward) const {
    const int n_modes = n_ / 2 + 1;
    const int width = plans_->n_lines;
    const fftwf_plan plan = (forward ? plans_->lines_forward : plans_->lines_backward).get();
    base::parallel_for(n_threads_, static_cast<std::size_t>(n_), [&](std::size_t row) {
        const int j = static_cast<int>(row);
        std::vector<std::complex<float>> lines(static_cast<std::size_t>(n_ * width));
        for (int k = 0; k < n_modes; k += width) {
            const int n_used = std::min(width, n_modes - k);
            for (int i = 0; i < n_; ++i) {
                std::copy_n(mesh.modes(i, j) + k, n_used, lines.data() + i * width);
            }
            fftwf_execute_dft(plan, to_fftw(lines.data()), to_fftw(lines.data()));
            for (int i = 0; i < n_; ++i) {
                std::copy_n(lines.data() + i * width, n_used, mesh.modes(i, j) + k);
            }
        }
    });
}

}  // namespace faintweb::sky
