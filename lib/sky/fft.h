#pragma once

#include <complex>
#include <cstddef>
#include <memory>
#include <vector>

#include "lib/sky/mesh.h"

namespace faintweb::sky {

/// A mesh that can be transformed in place: rows along k are padded to hold n / 2 + 1 complex
/// modes.
struct FourierMesh {
    int n = 0;
    std::vector<float> values;  ///< [n, n, 2 (n / 2 + 1)]

    std::size_t row_size() const { return 2 * (static_cast<std::size_t>(n) / 2 + 1); }
    std::size_t row_start(int i, int j) const {
        return (static_cast<std::size_t>(i) * static_cast<std::size_t>(n) +
                static_cast<std::size_t>(j)) *
               row_size();
    }
    /// n cells, then padding.
    float* row(int i, int j) { return values.data() + row_start(i, j); }
    const float* row(int i, int j) const { return values.data() + row_start(i, j); }
    /// n / 2 + 1 modes.
    std::complex<float>* modes(int i, int j) {
        return reinterpret_cast<std::complex<float>*>(row(i, j));
    }
    const std::complex<float>* modes(int i, int j) const {
        return reinterpret_cast<const std::complex<float>*>(row(i, j));
    }
};

FourierMesh make_fourier_mesh(int n);
FourierMesh to_fourier_mesh(const Mesh& mesh);
Mesh to_mesh(const FourierMesh& mesh);

/// Wavenumber of mode index i in waves per box: -n / 2 + 1 .. n / 2.
inline int wave_number(int i, int n) {
    return i <= n / 2 ? i : i - n;
}
/// The same for odd derivatives, which leave nothing of a real wave at the Nyquist frequency.
inline int gradient_wave_number(int i, int n) {
    return 2 * i == n ? 0 : wave_number(i, n);
}

/// Periodic transforms of cubic meshes, in place.
///
/// Planes of constant i are transformed on their own, then lines along i in fixed groups: bits do
/// not depend on the number of threads, nor would they on how planes are dealt to processes.
class MeshFft {
  public:
    /// @param n  edge of the meshes, even, >= 2.
    MeshFft(int n, int n_threads);
    ~MeshFft();
    MeshFft(MeshFft&&) noexcept;
    MeshFft& operator=(MeshFft&&) noexcept;

    /// Cells to modes, sum of cell * exp(-i k x): nothing is normalised.
    void forward(FourierMesh& mesh) const;
    /// Modes to cells; backward(forward(mesh)) = n^3 mesh.
    void backward(FourierMesh& mesh) const;
    int n_threads() const { return n_threads_; }

  private:
    struct Plans;
    void transform_lines(FourierMesh& mesh, bool forward) const;

    int n_;
    int n_threads_;
    std::unique_ptr<Plans> plans_;
};

}  // namespace faintweb::sky
